/// <reference lib="esnext.disposable" preserve="true" />
import type { HandlerOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';

/** Options of a channel's workers: those of every handler, but for what the channel decides. Without a `name`, they have the channel's. */
export type WorkerOptions<Item> = Omit<HandlerOptions<Item>, 'capacity' | 'overflow' | 'strategy'>;

/** A pool of workers that take items from a channel. */
export interface ChannelWorkers extends Disposable, AsyncDisposable {
  /** The name of their handler. */
  readonly name: string;
  /** Whether they have ended. */
  readonly closed: boolean;
  /** Take and start nothing more for now; what has begun goes on. */
  pause(): void;
  /** Go on after `pause`. */
  resume(): void;
  /** What they have done and have to do, now. */
  stats(): ProcessorStats;
  /**
   * Finishes what they took, and ends them; of a closed channel, all that is still in it is theirs to finish, too. At the deadline, what they took
   * becomes dead letters (`abandoned`), and the rest stays in the channel. Never rejects.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Ends them at once: signals are aborted, and what they took becomes dead letters. The rest stays in the channel. */
  close(): void;
}
