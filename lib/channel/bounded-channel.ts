/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { InvalidOptionError, MillraceError } from '../core/errors.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { expectCount, expectDelay, expectFunction, expectName, expectOptions } from '../core/options.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { addCounts, Drainage, type DrainCounts } from '../process/drainage.ts';
import { ErrorReports, type ReportedError } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import { letterId } from '../process/letter-id.ts';
import type { Batched, HandlerOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { Part } from '../process/probe.ts';
import { Watch } from '../process/watch.ts';
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
  readonly #watch: Watch;
  /** As probes see it. */
  readonly #part: Part;
  readonly #leaveWatch: () => void;
  readonly #forwarding: Subscription;
  readonly #pools = new Set<WorkerPool<Item>>();
  /** Counts of workers that have closed, and what they gave up. */
  readonly #retired = { handled: 0, dead: 0, dropped: 0, abandoned: 0 };
  #drainage: Drainage | undefined;
  /** What had been given up when the drain began. */
  #abandonedBefore = 0;

  constructor(options: ChannelOptions<Item>) {
    const { name = 'channel', capacity = 1024, scheduler = asyncScheduler, createId = randomId } = options;
    expectFunction('random', options.random);
    this.#options = options;
    this.name = expectName('name', name);
    this.#part = { kind: 'channel', name, stats: () => this.stats() };
    this.#watch = new Watch(this.#reports, options.probe);
    this.deadLetters = options.deadLetters ?? createDeadLetterQueue<Item>({ scheduler });
    this.#scheduler = scheduler;
    this.#createId = expectFunction('createId', createId);
    this.#stock = new Stock(name, expectCount('capacity', capacity, 0, true), () => this.#endIfDone());
    this.#forwarding = this.deadLetters.errors.subscribe(({ kind, error, handler }) =>
      this.#reports.report(kind, error, handler),
    );
    this.#leaveWatch = this.#watch.show(this.#part);
  }

  get isClosed(): boolean {
    return this.#stock.isClosed;
  }

  get errors(): Observable<ReportedError> {
    return this.#reports.stream;
  }

  send(item: Item, options?: { readonly signal?: AbortSignal }): Promise<void> {
    return this.#stock.send(item, options?.signal);
  }

  trySend(item: Item): boolean {
    return this.#stock.trySend(item);
  }

  process(
    handler: Handler<Item> | Handler<readonly Item[]>,
    options: Batched<WorkerOptions<Item>> | WorkerOptions<Item> = {},
  ): ChannelWorkers {
    if (this.#stock.isSpent) throw this.#stock.refusal();
    expectWorkerOptions(options);
    if (options.name !== undefined) this.#expectUnused(options.name);
    const pool = this.#createPool(handler, options);
    this.#pools.add(pool);
    if (options.batch !== undefined) this.#stock.recordTimes(() => this.#scheduler.now());
    pool.start();
    if (this.#drainage !== undefined) void pool.drain();
    return pool;
  }

  events(): Observable<Item> {
    return channelEvents(this.#stock);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Item> {
    return new ChannelIterator(this.#stock);
  }

  close(): void {
    if (this.isClosed) return;
    this.#stock.close();
    // Workers that are draining finish the rest, too, now.
    for (const { engine } of this.#pools) engine.wake();
  }

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    const drainage = this.#drainage ?? this.#startDrainage();
    if (deadlineMs !== undefined && !this.#isDone) drainage.addDeadline(deadlineMs, () => this.#abandon());
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

  /** How items have ended, as far as it is known here: those of workers, and those that nobody took. */
  get #ended(): DrainCounts {
    const { handled, dead, dropped } = this.#retired;
    const sum = { handled, dead, dropped };
    for (const { engine } of this.#pools) addCounts(sum, engine.ended);
    sum.dead += this.#stock.abandoned;
    return sum;
  }

  get #abandoned(): number {
    let sum = this.#retired.abandoned + this.#stock.abandoned;
    for (const { engine } of this.#pools) sum += engine.abandoned;
    return sum;
  }

  /** Whether all has been taken, and all workers have closed. */
  get #isDone(): boolean {
    return this.#stock.isSpent && this.#pools.size === 0;
  }

  #createPool(
    handler: Handler<Item> | Handler<readonly Item[]>,
    options: Batched<WorkerOptions<Item>> | WorkerOptions<Item>,
  ): WorkerPool<Item> {
    const { random } = this.#options;
    const pool: WorkerPool<Item> = new WorkerPool(
      this.#stock,
      // With batches, the engine hands over arrays.
      handler as Handler<Item>,
      {
        ...(options as WorkerOptions<Item>),
        scheduler: this.#scheduler,
        createId: this.#createId,
        ...(random !== undefined && { random }),
      },
      {
        name: options.name ?? this.name,
        deadLetters: this.deadLetters,
        errors: this.#reports,
        watch: this.#watch,
        owner: this.#part,
        onClosed: () => {
          addCounts(this.#retired, pool.engine.ended);
          this.#retired.abandoned += pool.engine.abandoned;
          this.#pools.delete(pool);
          this.#endIfDone();
        },
      },
    );
    return pool;
  }

  #expectUnused(name: string): void {
    if (![...this.#pools].some((pool) => pool.name === name)) return;
    throw new InvalidOptionError(
      `Expected the name of each pool of workers of a channel to be unique, got a second '${name}'. Letters are redriven by name: choose another.`,
      'DUPLICATE_HANDLER',
    );
  }

  #startDrainage(): Drainage {
    const drainage = new Drainage(this.#ended, this.#scheduler);
    this.#drainage = drainage;
    this.#abandonedBefore = this.#abandoned;
    this.close();
    for (const pool of this.#pools) void pool.drain();
    this.#endIfDone();
    return drainage;
  }

  /** Gives up what no consumer has taken, and what workers have not finished. */
  #abandon(): void {
    const { name: handler, deadLetters } = this;
    const time = this.#scheduler.now();
    const error = new MillraceError(
      'ABANDONED',
      `Expected a consumer of channel '${this.name}' to take its items, but it was closed first. Send the item again, or drain() with a later deadline.`,
    );
    this.#stock.abandon((event) => {
      const id = letterId(this.#createId, time, this.#reports);
      const letter: DeadLetter<Item> = {
        id,
        event,
        handler,
        reason: 'abandoned',
        error,
        attempts: [],
        time,
        redriven: 0,
      };
      deadLetters.next(letter);
      this.#watch.refused(letter, this.#part);
    });
    for (const pool of this.#pools) pool.close();
  }

  #endIfDone(): void {
    if (!this.#isDone) return;
    this.#leaveWatch();
    // What is on its way to the store may still fail.
    void this.deadLetters.flush().then(() => this.#forwarding.unsubscribe());
    const abandoned = this.#abandoned - this.#abandonedBefore;
    this.#drainage?.end(this.#ended, abandoned, abandoned === 0);
  }
}

/** Whoever writes no TypeScript is told, too. */
function expectWorkerOptions(options: { readonly [Name in keyof HandlerOptions<never>]?: unknown }): void {
  expectOptions('options', options);
  for (const name of ['capacity', 'overflow', 'strategy'] as const) {
    if (options[name] === undefined) continue;
    const remedy =
      name === 'strategy'
        ? 'Items of a channel wait for their turn: other strategies are for bus.on() and createProcessor().'
        : 'Their channel has the bound: give capacity to createChannel().';
    throw new InvalidOptionError(`Expected no ${name} in the options of workers, got one. ${remedy}`);
  }
}
