/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable, SchedulerLike } from 'rxjs';
import type { CreateId } from '../core/ids.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import type { Probes } from '../process/watch.ts';
import type { Batched } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { ChannelWorkers, WorkerOptions } from './channel-workers.ts';

/** How a channel is made. */
export interface ChannelOptions<Item> {
  /** Names it in errors and stats, and its workers that have no name. @defaultValue 'channel' */
  readonly name?: string;
  /**
   * Items that may wait beyond those that slots of workers hold; ≥ 0, or Infinity. With 0, each is handed over from hand to hand.
   * @defaultValue 1024
   */
  readonly capacity?: number;
  /** Where dead items of workers go, and those that a drain abandons. @defaultValue a queue of its own */
  readonly deadLetters?: DeadLetterQueue<Item>;
  /** Watches the workers. @defaultValue none */
  readonly probe?: Probes;
  /** The clock, and the timers of every delay. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** For the ids of dead letters. @defaultValue randomId */
  readonly createId?: CreateId;
}

/**
 * A bounded queue between producers that can wait and consumers that take. Every item that it accepts is handed to one consumer, once: to a
 * worker of `process`, a loop that iterates, or a subscriber of `events()`, whoever asks first. Items come out in the order in which they came in.
 */
export interface Channel<Item> extends AsyncIterable<Item>, Disposable, AsyncDisposable {
  /** Its name. */
  readonly name: string;
  /** Whether it takes nothing more. */
  readonly isClosed: boolean;
  /** Dead items of its workers, and those that a drain abandoned. */
  readonly deadLetters: DeadLetterQueue<Item>;
  /** Errors of its workers that have no other home; handler failures are never among them. */
  readonly errors: Observable<ReportedError>;
  /**
   * Waits for room and hands an item over. Senders that wait are first in, first out.
   *
   * A worker that sends into its own full channel, and awaits it, waits for itself: use `trySend` there, or more capacity. (This is not detected.)
   *
   * @returns when it was accepted
   * @throws ClosedError when it is closed, also while waiting; the signal's reason when aborted before it was accepted
   */
  send(item: Item, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Hands an item over if there is room and nobody waits for it; `false` when full or closed. */
  trySend(item: Item): boolean;
  /**
   * Starts workers that take items and handle them, with all that every handler gets. Several calls are several pools, each of which gets
   * some of the items; `key` keeps the order within a pool.
   *
   * @throws InvalidOptionError for a handler or an option that cannot work, or a name that is taken; ClosedError when nothing can come any more
   */
  process(handler: Handler<Item>, options?: WorkerOptions<Item>): ChannelWorkers;
  /** The same in batches: the handler is given arrays of items. */
  process(handler: Handler<readonly Item[]>, options: Batched<WorkerOptions<Item>>): ChannelWorkers;
  /**
   * The items as an Observable. Each subscriber takes items as fast as they come, as one consumer among the others, and completes when the
   * channel is closed and empty. What it does with them has no bound here: `process` has.
   */
  events(): Observable<Item>;
  /** Iterates over items as they come, until it is closed and empty. Several loops at once each get some of the items; a loop owns what it took. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Item>;
  /** Takes nothing more, and rejects senders that wait. What it accepted is still handed out. */
  close(): void;
  /**
   * Closes it, and waits until consumers have taken all and workers have finished; at the deadline, workers are closed, and what is left becomes
   * dead letters (`abandoned`), with the channel's name where no workers had taken it. Without a consumer and without a deadline it waits for one.
   * Never rejects.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** What it has done and has to do, now. */
  stats(): ChannelStats;
}

/** What a channel has done and has to do. At every moment `accepted = handedOut + waiting + abandoned`. */
export interface ChannelStats {
  /** Its name. */
  readonly name: string;
  /** `closed` takes nothing more; what waits is still handed out. */
  readonly state: 'closed' | 'open';
  /** Items taken from producers. */
  readonly accepted: number;
  /** Items given to consumers. */
  readonly handedOut: number;
  /** Items that wait for a consumer. */
  readonly waiting: number;
  /** Items that no consumer had taken at a drain's deadline; each has a dead letter. */
  readonly abandoned: number;
  /** Items not taken: `trySend` into a full or closed channel, or senders that were refused. */
  readonly rejected: number;
  /** Producers that wait for room. */
  readonly suspended: number;
  /** As the option says. */
  readonly capacity: number;
  /** Its pools of workers, those that were closed not included. */
  readonly workers: readonly ProcessorStats[];
}
