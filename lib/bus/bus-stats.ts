import type { DeadLetterStats } from '../process/dead-letter-queue.ts';
import type { ProcessorStats } from '../process/stats.ts';

/** What a bus has done and has to do. */
export interface BusStats {
  /** `draining` refuses events from outside. */
  readonly state: 'closed' | 'draining' | 'open';
  /** Events that were sent. */
  readonly emitted: number;
  /** Data that `ingest` refused. */
  readonly invalid: number;
  /** Of the queue, which buses may share. */
  readonly deadLetters: DeadLetterStats;
  /** The handlers that listen or still work, in the order of registration; of a closed bus, those that did when it closed. */
  readonly handlers: readonly ProcessorStats[];
}
