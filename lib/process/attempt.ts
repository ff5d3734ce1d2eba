import type { Subscription } from 'rxjs';
import type { Linked } from '../core/chain.ts';
import type { Delivery } from './delivery.ts';
import type { HandlerContext } from './handler.ts';

/** One call of a handler for one event; it is also the context that the handler is given. */
export class Attempt<Item> implements HandlerContext, Linked<Attempt<Item>> {
  previous: Attempt<Item> | undefined = undefined;
  next: Attempt<Item> | undefined = undefined;
  event: Item;
  startedAt: number;
  readonly attempt: number;
  /** The processor that makes the attempt. */
  readonly owner: object;
  /** None while the handler's first call runs within `offer`: most handlers end there and need no delivery. */
  delivery: Delivery<Item> | undefined = undefined;
  /** Of a handler that returned an Observable. */
  subscription: Subscription | undefined = undefined;
  /** Ended, or stopped: whatever still comes of it is late. */
  isOver = false;
  #reason: Error | undefined = undefined;
  #controller: AbortController | undefined = undefined;

  constructor(owner: object, event: Item, attempt: number, startedAt: number) {
    this.owner = owner;
    this.event = event;
    this.attempt = attempt;
    this.startedAt = startedAt;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why it was stopped; none while it runs and when it ended by itself. */
  get stopReason(): Error | undefined {
    return this.#reason;
  }

  /** Gives up on the work: it is unsubscribed and its signal is aborted. */
  stop(reason: Error): void {
    this.isOver = true;
    this.#reason = reason;
    this.subscription?.unsubscribe();
    this.#controller?.abort(reason);
  }
}

/** Makes the context of each attempt. */
export type CreateAttempt<Item> = (owner: object, event: Item, attempt: number, startedAt: number) => Attempt<Item>;
