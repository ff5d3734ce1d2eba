import type { EventMessage, MessageHeaders } from './message.ts';

/**
 * Why an event is dead.
 *
 * - `exhausted`: every attempt failed; `timeout`: so did every attempt, and the last one by its time limit
 * - `rejected`: `retryIf` refused a further attempt
 * - `overflow`: no room, with `overflow: 'suspend'` and a producer that cannot wait
 * - `abandoned`: the handler was unsubscribed, or a drain reached its deadline
 * - `invalid`: the data does not fit the schema; `invalid-key`: the `key` function threw
 */
export type DeadLetterReason =
  | 'abandoned'
  | 'exhausted'
  | 'invalid'
  | 'invalid-key'
  | 'overflow'
  | 'rejected'
  | 'timeout';

/** One failed attempt to handle an event. */
export interface AttemptRecord {
  /** From 1. */
  readonly attempt: number;
  /**
   * Epoch milliseconds of the scheduler; of a handler that ran within `emit`, the time of the emit. Attempts that start in one turn of
   * the event loop may share it, unless `timeoutMs` is set.
   */
  readonly startedAt: number;
  /** Epoch milliseconds of the scheduler. */
  readonly endedAt: number;
  /** What the handler threw, rejected or errored with, or a timeout. */
  readonly error: unknown;
}

/** An event that a handler could not handle, with all that is known about it. */
export interface DeadLetter<Item = EventMessage> {
  /** The letter's own id. */
  readonly id: string;
  /** The original event. Of an `invalid` one, a message whose `data` is the raw data. */
  readonly event: Item;
  /** The handler's name; of an item that no consumer of a channel has taken, the channel's. None where no handler was reached. */
  readonly handler?: string;
  /** Why it is dead. */
  readonly reason: DeadLetterReason;
  /** The last error; a `SchemaError` with every issue for `invalid`. */
  readonly error: unknown;
  /** Every attempt's error and times, the oldest first; empty if there was no attempt. Behind a broker, those of its last delivery. */
  readonly attempts: readonly AttemptRecord[];
  /** When it died: epoch milliseconds of the scheduler. */
  readonly time: number;
  /** How often this event has been redriven before. */
  readonly redriven: number;
  /** What probes have noted, such as the trace of the handling that failed. */
  readonly headers?: MessageHeaders;
}
