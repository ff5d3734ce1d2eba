import type { EventStore, SubscribeToStoreOptions } from '../../sourcing/event-store.ts';
import type { NewEvent } from '../../sourcing/new-event.ts';
import type { RecordedEvent } from '../../sourcing/recorded-event.ts';
import { Deadline } from '../contract/deadline.ts';
import { OpenClients } from '../contract/open-clients.ts';
import type { CheckedStoreContractOptions } from './store-contract-options.ts';

/** One run of a case: its stores, its names, its time. */
export class StoreTrial {
  readonly options: CheckedStoreContractOptions;
  readonly #deadline: Deadline;
  readonly #prefix: string;
  readonly #stores: OpenClients<EventStore>;
  #only: Promise<EventStore> | undefined;
  #breaths = 0;

  private constructor(makeStore: () => EventStore | Promise<EventStore>, options: CheckedStoreContractOptions) {
    this.options = options;
    this.#deadline = new Deadline(options.timeLimitMs, options.scheduler);
    this.#stores = new OpenClients(makeStore);
    this.#prefix = `contract-${options.createId().slice(-12)}`;
  }

  /** Runs a case, and closes what it has opened, however it ends. */
  static async run(
    makeStore: () => EventStore | Promise<EventStore>,
    options: CheckedStoreContractOptions,
    test: (trial: StoreTrial) => Promise<void>,
  ): Promise<void> {
    const trial = new StoreTrial(makeStore, options);
    try {
      await trial.#finish(test(trial));
      await trial.within(trial.#stores.closeAll(), 'all stores to close');
    } catch (error) {
      // What the case has found says more than what fails after it.
      await trial.#stores.abandon(options.scheduler, options.quietMs * 5);
      throw error;
    } finally {
      trial.#deadline.end();
    }
  }

  /** Begins the names of this run alone. */
  get prefix(): string {
    return this.#prefix;
  }

  /** A client of the database: another one, where there can be several. */
  open(): Promise<EventStore> {
    if (this.options.clients === 'one') return (this.#only ??= this.#open());
    return this.#open();
  }

  /** How many of the full number are tried: 10 at least, or all if they are fewer. */
  count(full: number): number {
    return Math.max(Math.ceil(full * this.options.scale), Math.min(full, 10));
  }

  /** A stream of this run alone. */
  stream(name: number | string = 'account'): string {
    return `${this.#prefix}-${name}`;
  }

  /** An id or a type of this run alone. */
  name(name: number | string): string {
    return `${this.#prefix}.${name}`;
  }

  /** So many events, numbered in their data. */
  events(count: number, from = 0, type: string = this.name('counted')): readonly NewEvent[] {
    return Array.from({ length: count }, (_, index) => ({ type, data: { number: from + index } }));
  }

  /** Events whose ids are of this run alone. */
  eventsWithIds(ids: readonly (number | string)[], from = 0): readonly NewEvent[] {
    const type = this.name('counted');
    return ids.map((id, index) => ({ type, id: this.name(id), data: { number: from + index } }));
  }

  within<Value>(promise: PromiseLike<Value>, what: string | (() => string)): Promise<Value> {
    const waiting = this.#deadline.within(promise, what);
    // A case that fails before it comes to it leaves it behind.
    waiting.catch(() => undefined);
    return waiting;
  }

  /** The events of a read to its end. */
  collect(events: AsyncIterable<RecordedEvent>, what = 'a read to end'): Promise<readonly RecordedEvent[]> {
    return this.within(collect(events, Infinity), what);
  }

  /** So many events of a subscription, which is then left. */
  take(store: EventStore, count: number, options: SubscribeToStoreOptions = {}): Promise<readonly RecordedEvent[]> {
    const wanted = { streams: { prefix: this.#prefix }, ...options };
    const taken: RecordedEvent[] = [];
    const what = (): string => `${count} events of a subscription, got ${taken.length}`;
    return this.within(collect(store.subscribe(wanted), count, taken), what);
  }

  now(): number {
    return this.options.scheduler.now();
  }

  /** Waits for some time. */
  async pass(ms: number, what = `${ms} ms to pass`): Promise<void> {
    const passed = new Promise<void>((resolve) => {
      this.options.scheduler.schedule(() => resolve(), ms);
    });
    await this.within(passed, what);
  }

  /**
   * Lets timers run now and then, the deadline's among them: a loop over a store that answers by promises alone would never end otherwise.
   *
   * @param what - what the loop works for
   */
  async breathe(what: string): Promise<void> {
    if (++this.#breaths % 50 === 0) await this.pass(0, what);
  }

  /** Watches whether anything more comes. */
  quiet(): Promise<void> {
    return this.pass(this.options.quietMs);
  }

  /** At the deadline, what the case itself was waiting for says more than that it has not ended. */
  async #finish(work: Promise<void>): Promise<void> {
    try {
      await this.within(work, 'the case to end');
    } catch (error) {
      const soon = new Promise<void>((resolve) => {
        this.options.scheduler.schedule(() => resolve());
      });
      await Promise.race([work, soon]);
      throw error;
    }
  }

  #open(): Promise<EventStore> {
    return this.within(this.#stores.open(), 'makeStore() to open a store');
  }
}

async function collect(
  events: AsyncIterable<RecordedEvent>,
  count: number,
  collected: RecordedEvent[] = [],
): Promise<readonly RecordedEvent[]> {
  for await (const event of events) {
    collected.push(event);
    if (collected.length >= count) break;
  }
  return collected;
}
