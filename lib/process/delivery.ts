import type { Subscriber, Subscription } from 'rxjs';
import type { Linked } from '../core/chain.ts';
import type { AttemptRecord, DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import type { DropReason, Outcome, Settlement } from '../core/outcome.ts';
import type { HandlerContext } from './handler.ts';
import type { Handling } from './probe.ts';

/** An event that a processor took. */
export interface AcceptedEvent {
  /** How it ended, when it has. Never rejects. */
  readonly settled: Promise<Settlement>;
}

/** Told how one accepted copy of an event ended. */
export type SettlementListener = (settlement: Settlement) => void;

/** One copy of an event that a processor accepted, on its way to its one end. */
export class Delivery<Item> implements AcceptedEvent, Handling<Item> {
  readonly handler: string;
  readonly event: Item;
  /** Its lane, as the `key` option says. */
  key: unknown = undefined;
  readonly onSettled: SettlementListener | undefined;
  /** The attempt whose handler awaits this delivery, if one does. */
  readonly awaitedBy: Attempt<unknown> | undefined;
  /** How often the event was redriven, this time included. */
  readonly redriven: number;
  /** Attempts made so far. */
  attempts = 0;
  /** The attempt in progress. */
  current: Attempt<Item> | undefined = undefined;
  /** The failed attempts. */
  records: AttemptRecord[] | undefined = undefined;
  /** The failure path, from the first failed attempt on. */
  recovery: Subscription | undefined = undefined;
  /** Where the failure path waits for the end of the attempt in progress. */
  retrying: Subscriber<never> | undefined = undefined;
  /** Why the failure path ends without success. */
  deadReason: DeadLetterReason = 'exhausted';
  letter: DeadLetter<Item> | undefined = undefined;
  /** It left the waiting room and was not settled: nothing else of its key may start. */
  holdsLane = false;
  /** Counted as taken. */
  isTaken = false;
  /** Counted as handled, dead or dropped. */
  isEnded = false;
  outcome: Exclude<Outcome, 'rejected'> = 'handled';
  dropReason: DropReason | undefined = undefined;
  /** Whoever asked was told. */
  isTold = false;
  private promise: Promise<Settlement> | undefined = undefined;
  private resolve: ((settlement: Settlement) => void) | undefined = undefined;

  constructor(
    handler: string,
    event: Item,
    onSettled?: SettlementListener,
    awaitedBy?: Attempt<unknown>,
    redriven = 0,
  ) {
    this.handler = handler;
    this.event = event;
    this.onSettled = onSettled;
    this.awaitedBy = awaitedBy;
    this.redriven = redriven;
  }

  /** What is told of its end. */
  get settlement(): Settlement {
    const { outcome, attempts, dropReason, letter } = this;
    return {
      outcome,
      attempts,
      ...(dropReason !== undefined && { reason: dropReason }),
      ...(letter !== undefined && { reason: letter.reason, error: letter.error, deadLetterId: letter.id }),
    };
  }

  /** Made when it is asked for. */
  get settled(): Promise<Settlement> {
    if (this.isTold) return Promise.resolve(this.settlement);
    return (this.promise ??= new Promise((resolve) => (this.resolve = resolve)));
  }

  /** Whether somebody waits for `settled`. */
  get isAwaited(): boolean {
    return this.resolve !== undefined;
  }

  /** Tells whoever waits for `settled`. */
  tell(): void {
    this.resolve?.(this.settlement);
  }
}

/** One call of a handler for one event; it is also the context that the handler is given. */
export class Attempt<Item> implements HandlerContext, Linked<Attempt<Item>> {
  previous: Attempt<Item> | undefined = undefined;
  next: Attempt<Item> | undefined = undefined;
  event: Item;
  startedAt: number;
  readonly attempt: number;
  /** The processor that makes it. */
  readonly owner: object;
  /** None while the handler's first call runs within `offer`: most handlers end there and need no delivery. */
  delivery: Delivery<Item> | undefined = undefined;
  /** With a breaker: what its circuit let it start with. */
  circuitPass: number | undefined = undefined;
  /** Of a handler that returned an Observable. */
  subscription: Subscription | undefined = undefined;
  /** Ended, or stopped: whatever still comes of it is late. */
  isOver = false;
  private reason: Error | undefined = undefined;
  private controller: AbortController | undefined = undefined;

  constructor(owner: object, event: Item, attempt: number, startedAt: number) {
    this.owner = owner;
    this.event = event;
    this.attempt = attempt;
    this.startedAt = startedAt;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Why it was stopped; none while it runs and when it ended by itself. */
  get stopReason(): Error | undefined {
    return this.reason;
  }

  /** Gives up on the work: its signal is aborted, and it is unsubscribed. */
  abort(reason: Error): void {
    this.reason = reason;
    this.controller?.abort(reason);
    this.subscription?.unsubscribe();
  }
}

/** Makes the context of each attempt. */
export type CreateAttempt<Item> = (event: Item, attempt: number, startedAt: number) => Attempt<Item>;

/** Makes attempts whose context is what every handler is told. */
export function createPlainAttempt<Item>(
  owner: object,
  event: Item,
  attempt: number,
  startedAt: number,
): Attempt<Item> {
  return new Attempt(owner, event, attempt, startedAt);
}
