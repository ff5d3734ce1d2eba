import type { Observable } from 'rxjs';
import type { Settlement } from '../core/outcome.ts';

/** How one item of a supervised stream ended: handled, with its result, or not. */
export type Supervised<Item, Result = unknown> = SupervisedFailure<Item> | SupervisedSuccess<Item, Result>;

/** An item that was handled. */
export interface SupervisedSuccess<Item, Result = unknown> {
  /** Handled. */
  readonly outcome: 'handled';
  /** The item. */
  readonly event: Item;
  /** What its handler returned; of a promise its value, of an Observable its last one. */
  readonly result: Result;
  /** How many attempts were made. */
  readonly attempts: number;
}

/** An item that was not handled: dead, dropped by a policy, or rejected with `overflow: 'fail'`. */
export interface SupervisedFailure<Item> extends Settlement {
  /** How it ended. */
  readonly outcome: 'dead' | 'dropped' | 'rejected';
  /** The item. */
  readonly event: Item;
}

/** What comes of a handler's return value. An Observable may end without a value. */
export type ResultOf<Returned> = Returned extends Observable<infer Value> ? Value | undefined : Awaited<Returned>;
