import type { HandlerContext } from './handler.ts';

/** One attempt at an event, as its handler sees it: the context that it is given. */
export class Attempt<Item> implements HandlerContext {
  readonly event: Item;
  readonly attempt: number;
  /** The processor that makes it. */
  readonly owner: object;
  /** The attempt whose handler awaits the end of this event, if one does. */
  readonly awaitedBy: Attempt<unknown> | undefined;
  /** Ended, or stopped: whatever still comes of it is late. */
  isOver = false;
  private reason: Error | undefined = undefined;
  private controller: AbortController | undefined = undefined;

  constructor(owner: object, event: Item, attempt: number, awaitedBy: Attempt<unknown> | undefined) {
    this.owner = owner;
    this.event = event;
    this.attempt = attempt;
    this.awaitedBy = awaitedBy;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Aborts its signal. */
  abort(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
  }
}

/** Makes the context of each attempt. */
export type CreateAttempt<Item> = (
  event: Item,
  attempt: number,
  awaitedBy: Attempt<unknown> | undefined,
) => Attempt<Item>;

/** Makes attempts whose context is what every handler is told. */
export function createPlainAttempt<Item>(
  owner: object,
  event: Item,
  attempt: number,
  awaitedBy: Attempt<unknown> | undefined,
): Attempt<Item> {
  return new Attempt(owner, event, attempt, awaitedBy);
}
