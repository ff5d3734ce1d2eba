import type { Subscriber, Subscription } from 'rxjs';
import type { Linked } from '../core/chain.ts';
import type { AttemptRecord, DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import type { DropReason, Outcome, Settlement } from '../core/outcome.ts';
import type { Lane } from '../flow/lanes.ts';
import type { Attempt } from './attempt.ts';
import type { Followed } from './part-watch.ts';
import type { HandlerPart } from './probe.ts';

/** An event that a processor took. */
export interface AcceptedEvent {
  /** How it ended, when it has. Never rejects. */
  readonly settled: Promise<Settlement>;
}

/**
 * Told how one accepted copy of an event ended; and, if it was handled, what its handler returned: of a promise its value, of an Observable
 * its last one.
 */
export type SettlementListener = (settlement: Settlement, result?: unknown) => void;

/**
 * One copy of an event that a processor accepted, on its way to its one end. Only copies that somebody asks about, or that do not end with
 * their first attempt, need one: the others are in the counters and in a {@link Call}.
 */
export class Delivery<Item> implements AcceptedEvent, Followed {
  readonly part: HandlerPart;
  readonly event: Item;
  /** Its lane, as the `key` option says. */
  key: unknown = undefined;
  readonly onSettled: SettlementListener | undefined;
  /** The attempt whose handler awaits this delivery, if one does. */
  readonly awaitedBy: Attempt<unknown> | undefined;
  /** Which of the probes that follow a few events follow this one. */
  readonly followedBy: number;
  /** The dead letter that it was redriven from. */
  readonly origin: DeadLetter<Item> | undefined;
  /** Attempts made so far. */
  attempts = 0;
  /** The call in progress. */
  current: Call<Item> | undefined = undefined;
  /** The failed attempts. */
  records: AttemptRecord[] | undefined = undefined;
  /** The failure path, from the first failed attempt on. */
  recovery: Subscription | undefined = undefined;
  /** Where the failure path waits for the end of the attempt in progress. */
  retrying: Subscriber<never> | undefined = undefined;
  /** Why the failure path ends without success. */
  deadReason: DeadLetterReason = 'exhausted';
  letter: DeadLetter<Item> | undefined = undefined;
  /** The lane that it holds, from its first start to its end: nothing else of its key may start. */
  lane: Lane<Entry<Item>> | undefined = undefined;
  /** Of a batch: those that are handled together. The batch itself is counted nowhere. */
  members: readonly Delivery<Item>[] | undefined = undefined;
  /** With batches: when it was let in. */
  enteredAt = 0;
  /** What its handler returned. */
  result: unknown = undefined;
  /** Counted as taken. */
  isTaken = false;
  /** Counted as handled, dead or dropped. */
  isEnded = false;
  /** Gone back to where it came from, instead of into the dead letters. */
  isHandedBack = false;
  outcome: Exclude<Outcome, 'rejected'> = 'handled';
  dropReason: DropReason | undefined = undefined;
  /** Whoever asked was told. */
  isTold = false;
  private promise: Promise<Settlement> | undefined = undefined;
  private resolve: ((settlement: Settlement) => void) | undefined = undefined;

  constructor(
    part: HandlerPart,
    event: Item,
    followedBy = 0,
    onSettled?: SettlementListener,
    awaitedBy?: Attempt<unknown>,
    origin?: DeadLetter<Item>,
  ) {
    this.part = part;
    this.event = event;
    this.followedBy = followedBy;
    this.onSettled = onSettled;
    this.awaitedBy = awaitedBy;
    this.origin = origin;
  }

  get handler(): string {
    return this.part.name;
  }

  /** How often the event was redriven, this time included. */
  get redriven(): number {
    return this.origin === undefined ? 0 : this.origin.redriven + 1;
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

/** One call of a handler, in flight. It is used again for another event when it has ended. */
export class Call<Item> implements Linked<Call<Item>> {
  previous: Call<Item> | undefined = undefined;
  next: Call<Item> | undefined = undefined;
  event!: Item;
  /** None, as long as nobody asks about the event and it has not failed. */
  delivery: Delivery<Item> | undefined = undefined;
  /** The lane that its event holds. */
  lane: Lane<Entry<Item>> | undefined = undefined;
  /** What the handler is told. */
  context!: Attempt<Item>;
  startedAt = 0;
  /** With a breaker: what its circuit let it start with. */
  circuitPass: number | undefined = undefined;
  /** Of a handler that returned an Observable. */
  subscription: Subscription | undefined = undefined;
  /** Ended, or given up: whatever still comes of it is late. */
  isOver = true;
  /** Why it was given up. */
  stopReason: Error | undefined = undefined;
  /** For its promise. They are made once per call object, not once per event. */
  readonly fulfilled: (result: unknown) => void;
  readonly rejected: (error: unknown) => void;

  constructor(
    onFulfilled: (call: Call<Item>, result: unknown) => void,
    onRejected: (call: Call<Item>, error: unknown) => void,
  ) {
    this.fulfilled = (result) => onFulfilled(this, result);
    this.rejected = (error) => onRejected(this, error);
  }

  /** Takes over what the waiting room gives it. */
  take(entry: Entry<Item>, lane: Lane<Entry<Item>> | undefined): void {
    this.lane = lane;
    if (isDelivery(entry)) {
      entry.lane = lane;
      this.takeAgain(entry);
    } else {
      this.event = entry;
      this.delivery = undefined;
    }
  }

  /** Takes over a delivery that holds its lane already. */
  takeAgain(delivery: Delivery<Item>): void {
    this.event = delivery.event;
    this.delivery = delivery;
    delivery.current = this;
  }

  /** From its first failure on, an event has a delivery. */
  deliveryOf(part: HandlerPart): Delivery<Item> {
    if (this.delivery !== undefined) return this.delivery;
    const delivery = newlyTaken(this.event, part);
    delivery.attempts = 1;
    delivery.current = this;
    delivery.lane = this.lane;
    return (this.delivery = delivery);
  }

  /** Keeps nothing of its event. */
  clear(): void {
    this.event = undefined as Item;
    this.context = undefined as unknown as Attempt<Item>;
    this.delivery = undefined;
    this.lane = undefined;
  }

  /** Gives up on the work: its signal is aborted, and it is unsubscribed. */
  abort(reason: Error): void {
    this.stopReason = reason;
    this.context.abort(reason);
    this.subscription?.unsubscribe();
  }
}

/** What waits: an event as it is, if nobody asks about it, or its delivery. */
export type Entry<Item> = Delivery<Item> | Item;

/** What was let in as it is gets a delivery as soon as there is something to say of it. */
export function asDelivery<Item>(entry: Entry<Item>, part: HandlerPart): Delivery<Item> {
  return isDelivery(entry) ? entry : newlyTaken(entry, part);
}

function newlyTaken<Item>(event: Item, part: HandlerPart): Delivery<Item> {
  const delivery = new Delivery(part, event);
  delivery.isTaken = true;
  return delivery;
}

export function isDelivery<Item>(entry: Entry<Item>): entry is Delivery<Item> {
  return entry instanceof Delivery;
}
