/// <reference lib="esnext.disposable" preserve="true" />
import { Engine } from '../process/engine.ts';
import type { EngineSurroundings, Supply } from '../process/engine-surroundings.ts';
import type { Handler } from '../process/handler.ts';
import type { Batched, ProcessorOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { ChannelWorkers } from './channel-workers.ts';
import type { Stock } from './stock.ts';
import type { Taker } from './taker.ts';

/** An engine that takes items from a channel whenever it has a slot for them. */
export class WorkerPool<Item> implements ChannelWorkers, Taker<Item>, Supply {
  previous: Taker<Item> | undefined = undefined;
  next: Taker<Item> | undefined = undefined;
  isEnlisted = false;
  readonly engine: Engine<Item>;
  private readonly stock: Stock<Item>;
  private isFlushed = false;
  /** Counts what the engine may have to look at. */
  private news = 0;

  constructor(
    stock: Stock<Item>,
    handler: Handler<Item>,
    options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item>,
    surroundings: EngineSurroundings<Item>,
  ) {
    this.stock = stock;
    this.engine = new Engine(
      handler,
      // Whether more may wait, the channel decides.
      { ...options, capacity: 0 },
      {
        ...surroundings,
        supply: this,
        onClosed: () => {
          stock.delist(this);
          stock.removeHolder(this);
          surroundings.onClosed?.();
        },
      },
    );
    stock.addHolder(this);
  }

  /** Begins to take. */
  start(): void {
    this.engine.wake();
  }

  get name(): string {
    return this.engine.name;
  }

  get closed(): boolean {
    return this.engine.isClosed;
  }

  get isIdle(): boolean {
    return this.keepsMore && this.engine.spareSlots > 0;
  }

  /** Of an open channel, it finishes only what it took before it was to end. */
  get keepsMore(): boolean {
    return this.engine.wantsMore && (!this.engine.isDraining || this.stock.isClosed);
  }

  /** Items beyond those that its slots hold. */
  get backlog(): number {
    const { spareSlots } = this.engine;
    return spareSlots < 0 ? -spareSlots : 0;
  }

  /** For items that come another way: letters that are redriven. */
  get hasRoom(): boolean {
    return this.stock.hasRoom;
  }

  give(item: Item, since: number | undefined): void {
    this.news++;
    this.engine.takeSupplied(item, since);
  }

  goOn(): void {
    this.letIn();
  }

  letIn(): boolean {
    const { stock, news } = this;
    if (stock.suspended > 0) stock.admitSenders();
    // Enlisted, it is given what comes.
    if (this.isEnlisted && stock.size === 0) return this.news !== news;
    for (; this.keepsMore; stock.serve(this)) {
      if (stock.hasItemFor(this)) continue;
      stock.enlist(this);
      break;
    }
    return this.news !== news;
  }

  /** Batches need not wait for more. */
  end(): void {
    if (this.isFlushed) return;
    this.isFlushed = true;
    this.news++;
    this.engine.flush();
  }

  pause(): void {
    this.engine.pause();
  }

  resume(): void {
    this.engine.resume();
  }

  stats(): ProcessorStats {
    return { ...this.engine.stats(), capacity: this.stock.capacity };
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.engine.drain(options);
  }

  close(): void {
    this.engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
