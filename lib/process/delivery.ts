import type { Subscriber, Subscription } from 'rxjs';
import type { AttemptRecord, DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import type { Settlement } from '../core/outcome.ts';
import type { Attempt } from './attempt.ts';
import type { Handling } from './probe.ts';

/** Told how one accepted copy of an event ended. */
export type SettlementListener = (settlement: Settlement) => void;

/** One copy of an event that a processor accepted, on its way to its one end. */
export class Delivery<Item> implements Handling<Item> {
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
  isSettled = false;

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
}
