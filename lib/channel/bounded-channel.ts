/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { InvalidOptionError, MillraceError } from '../core/errors.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { expectCount, expectDelay, expectFunction, expectName, expectOptions } from '../core/options.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { addCounts, Drainage, type DrainCounts } from '../process/drainage.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import type { Batched } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { Channel, ChannelOptions, ChannelStats } from './channel.ts';
import { channelEvents } from './channel-events.ts';
import { ChannelIterator } from './channel-iterator.ts';
import type { ChannelWorkers, WorkerOptions } from './channel-workers.ts';
import { Stock } from './stock.ts';
import { WorkerPool } from './worker-pool.ts';

/** The face of a {@link Stock}, and the life of its workers. */
export class BoundedChannel<Item> implements Channel<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly #options: ChannelOptions<Item>;
  readonly #stock: Stock<Item>;
  readonly #scheduler: SchedulerLike;
  readonly #createId: CreateId;
  readonly #reports = new ErrorReports();
  readonly #forwarding: Subscription;
  readonly #pools = new Set<WorkerPool<Item>>();
  /** Counts of workers that have ended. */
  readonly #retired = { handled: 0, dead: 0, dropped: 0 };
  #drainage: Drainage | undefined;
  /** What the deadline of a drain gave up. */
  #abandoned = 0;
  #isAbandoning = false;

  constructor(options: ChannelOptions<Item>) {
    const { name = 'channel', capacity = 1024, scheduler = asyncScheduler, createId = randomId } = options;
    expectFunction('random', options.random);
    this.#options = options;
    this.name = expectName('name', name);
    this.deadLetters = options.deadLetters ?? createDeadLetterQueue<Item>({ scheduler });
    this.#scheduler = scheduler;
    this.#createId = expectFunction('createId', createId);
    this.#stock = new Stock(name, expectCount('capacity', capacity, 0, true), () => this.#endIfIdle());
    this.#forwarding = this.deadLetters.errors.subscribe(({ kind, error, handler }) =>
      this.#reports.report(kind, error, handler),
    );
  }

  get isClosed(): boolean {
    return this.#stock.isClosed;
  }

  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  send(item: Item, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#stock.send(item, signal);
  }

  trySend(item: Item): boolean {
    return this.#stock.trySend(item);
  }

  process(
    handler: Handler<Item> | Handler<readonly Item[]>,
    options: Batched<WorkerOptions<Item>> | WorkerOptions<Item> = {},
  ): ChannelWorkers {
    if (this.#stock.isSpent) throw this.#stock.refusal();
    const { probe, random } = this.#options;
    const { name = this.name, ...workerOptions } = expectOptions('options', options);
    if (options.name !== undefined) this.#expectUnused(options.name);
    const pool: WorkerPool<Item> = new WorkerPool(
      this.#stock,
      // With batches, the engine hands over arrays.
      handler as Handler<Item>,
      {
        ...(workerOptions as WorkerOptions<Item>),
        ...(options.name !== undefined && { name: options.name }),
        scheduler: this.#scheduler,
        createId: this.#createId,
        ...(random !== undefined && { random }),
      },
      {
        name,
        deadLetters: this.deadLetters,
        errors: this.#reports,
        probe,
        onIdle: () => this.#endIfIdle(),
        onClosed: () => {
          addCounts(this.#retired, pool.engine.ended);
          this.#pools.delete(pool);
          this.#endIfIdle();
        },
      },
    );
    this.#pools.add(pool);
    pool.start();
    return pool;
  }

  events(): Observable<Item> {
    return channelEvents(this.#stock);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Item> {
    return new ChannelIterator(this.#stock);
  }

  close(): void {
    this.#stock.close();
  }

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    const drainage = (this.#drainage ??= new Drainage(this.#ended, this.#scheduler));
    this.close();
    if (deadlineMs !== undefined) drainage.addDeadline(deadlineMs, () => this.#abandon());
    for (const pool of this.#pools) void pool.drain();
    this.#endIfIdle();
    const report = await drainage.report;
    // Letters are what is left of items: the deadline is given once more to stores that take their time.
    await this.deadLetters.flush(deadlineMs);
    return report;
  }

  stats(): ChannelStats {
    const { accepted, handedOut, abandoned, rejected, size, suspended, capacity, isClosed } = this.#stock;
    return {
      name: this.name,
      state: isClosed ? 'closed' : 'open',
      accepted,
      handedOut,
      waiting: size,
      abandoned,
      rejected,
      suspended,
      capacity,
      workers: Array.from(this.#pools, (pool) => pool.stats()),
    };
  }

  [Symbol.dispose](): void {
    this.close();
    this.#abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** How the items of all workers have ended. */
  get #ended(): DrainCounts {
    const sum = { ...this.#retired };
    for (const { engine } of this.#pools) addCounts(sum, engine.ended);
    return sum;
  }

  #expectUnused(name: string): void {
    if (![...this.#pools].some((pool) => pool.name === name)) return;
    throw new InvalidOptionError(
      `Expected the name of each pool of workers of a channel to be unique, got a second '${name}'. Letters are redriven by name: choose another.`,
      'DUPLICATE_HANDLER',
    );
  }

  /** Gives up what no consumer has taken, and what workers have not finished. */
  #abandon(): void {
    const time = this.#scheduler.now();
    const error = new MillraceError(
      'ABANDONED',
      `Expected a consumer of channel '${this.name}' to take its items, but it was closed first. Send the item again, or drain() with a later deadline.`,
    );
    // The sum is told when it is complete.
    this.#isAbandoning = true;
    for (const event of this.#stock.abandon()) {
      this.#abandoned++;
      const id = this.#createId(time);
      this.deadLetters.next({ id, event, reason: 'abandoned', error, attempts: [], time, redriven: 0 });
    }
    for (const { engine } of this.#pools) this.#abandoned += engine.close();
    this.#isAbandoning = false;
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#isAbandoning || !this.#stock.isSpent || [...this.#pools].some(({ engine }) => !engine.isIdle)) return;
    this.#forwarding.unsubscribe();
    this.#drainage?.end(this.#ended, this.#abandoned, this.#abandoned === 0);
  }
}
