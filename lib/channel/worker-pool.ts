/// <reference lib="esnext.disposable" preserve="true" />
import { Engine } from '../process/engine.ts';
import type { EngineSurroundings } from '../process/engine-surroundings.ts';
import type { Handler } from '../process/handler.ts';
import type { Batched, ProcessorOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { ChannelWorkers } from './channel-workers.ts';
import type { Stock } from './stock.ts';
import type { Taker } from './taker.ts';

/** An engine that takes an item from a channel whenever it has a slot for it. */
export class WorkerPool<Item> implements ChannelWorkers, Taker<Item> {
  previous: Taker<Item> | undefined = undefined;
  next: Taker<Item> | undefined = undefined;
  isEnlisted = false;
  readonly engine: Engine<Item>;
  private readonly stock: Stock<Item>;
  private isDraining = false;

  constructor(
    stock: Stock<Item>,
    handler: Handler<Item>,
    options: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item>,
    surroundings: EngineSurroundings<Item>,
  ) {
    this.stock = stock;
    this.engine = new Engine(
      handler,
      // The channel has the bound.
      { ...options, capacity: Infinity },
      {
        ...surroundings,
        supply: () => this.takeAll(),
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
    return this.engine.spareSlots > 0;
  }

  /** Items beyond those that its slots hold. */
  get backlog(): number {
    const { spareSlots } = this.engine;
    return spareSlots < 0 ? -spareSlots : 0;
  }

  give(item: Item): void {
    this.engine.admit(item);
    this.takeAll();
  }

  end(): void {}

  pause(): void {
    this.engine.pause();
    this.stock.delist(this);
  }

  resume(): void {
    this.engine.resume();
  }

  stats(): ProcessorStats {
    return { ...this.engine.stats(), capacity: this.stock.capacity };
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    this.isDraining = true;
    if (!this.stock.isClosed) this.stock.delist(this);
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

  /** Takes as many items as slots want, and says whether there were any. */
  private takeAll(): boolean {
    const { stock, engine } = this;
    let hasTaken = false;
    if (stock.suspended > 0) stock.admitSenders();
    while (engine.wantsMore && !(this.isDraining && !stock.isClosed)) {
      if (stock.size === 0 && !(stock.hasItem && this.isIdle)) {
        stock.enlist(this);
        break;
      }
      engine.admit(stock.take());
      hasTaken = true;
    }
    return hasTaken;
  }
}
