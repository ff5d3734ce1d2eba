import type { DeadLetterReason } from './dead-letter.ts';

/**
 * Why a handler let go of an event: by an overflow, by a strategy (`switch` supersedes, `exhaust` finds the lane busy), or because it went back to its broker,
 * which delivers it again (`handed-back`).
 */
export type DropReason = 'busy' | 'drop-newest' | 'drop-oldest' | 'handed-back' | 'superseded';

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

/** What is known when a broker has a published event: its handlers, wherever they are, will be given it. */
export interface ConfirmedReport {
  /** `confirmed`: the broker has it, as safely as its capabilities say. */
  readonly stage: 'confirmed';
  /** Always: what was not confirmed rejects. */
  readonly ok: true;
  /** Whether the broker knows that nobody is there to be given it; `false` where it cannot know. */
  readonly unhandled: boolean;
  /** The event's id. */
  readonly id: string;
  /** Whether the broker had an event of this id already, and has not kept a second one. */
  readonly isDuplicate: boolean;
  /** Its place in the broker's log, where it says it. */
  readonly sequence?: number;
}

/** What a published event came to: in process a {@link DeliveryReport}, across a broker a {@link ConfirmedReport}. */
export type PublishReport = ConfirmedReport | DeliveryReport;

/** One handler's part of a {@link DeliveryReport}. */
export interface HandlerReport extends Settlement {
  /** The handler's name. */
  readonly name: string;
}
