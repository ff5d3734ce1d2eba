import type { SchedulerLike } from 'rxjs';
import type { CreateId } from '../core/ids.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { Probes } from '../process/watch.ts';

/** Options of a bus, and of a subject that stands alone. */
export interface HubOptions {
  /** The clock, and the timers of every delay; a `TestScheduler` makes all of it virtual. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** Makes ids of messages and dead letters. @defaultValue randomId */
  readonly createId?: CreateId;
  /** Whether data is checked at every emit and publish, not only by `ingest`. @defaultValue false */
  readonly validate?: boolean;
  /** Watches what happens. @defaultValue none */
  readonly probe?: Probes;
  /** Where dead events go. @defaultValue a queue of its own */
  readonly deadLetters?: DeadLetterQueue;
  /** Names it to its probes. @defaultValue its `source`, or 'bus' */
  readonly name?: string;
  /** The `source` of every message. @defaultValue none */
  readonly source?: string;
  /** Events in one turn after which a re-entrant emit throws `EMIT_LOOP`; ≥ 1, or Infinity. @defaultValue 10_000 */
  readonly maxEventsPerTurn?: number;
}
