import type { DeadLetterReason } from './dead-letter.ts';

/** Which policy dropped an event: an overflow, or a strategy (`switch` supersedes, `exhaust` finds the lane busy). */
export type DropReason = 'busy' | 'drop-newest' | 'drop-oldest' | 'superseded';

/** How one handler's copy of an event ended. `rejected` copies were not taken at all. */
export type Outcome = 'dead' | 'dropped' | 'handled' | 'rejected';

/** The end of one handler's copy of an event. */
export interface Settlement {
  /** How it ended. */
  readonly outcome: Outcome;
  /** How many attempts were made. */
  readonly attempts: number;
  /** Why it is dead or was dropped. */
  readonly reason?: DeadLetterReason | DropReason;
  /** The last error of a dead copy, or why it was rejected. */
  readonly error?: unknown;
  /** The letter of a dead copy. */
  readonly deadLetterId?: string;
}

/** What became of a published event, handler by handler. */
export interface DeliveryReport {
  /** `settled`: every handler has ended. */
  readonly stage: 'settled';
  /** Whether every handler handled it. */
  readonly ok: boolean;
  /** Whether there was no handler at all; then `ok` is true. */
  readonly unhandled: boolean;
  /** In the order of registration. */
  readonly handlers: readonly HandlerReport[];
}

/** One handler's part of a {@link DeliveryReport}. */
export interface HandlerReport extends Settlement {
  /** The handler's name. */
  readonly name: string;
}
