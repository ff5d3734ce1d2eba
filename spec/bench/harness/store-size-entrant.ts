import { setTimeout as sleep } from 'node:timers/promises';
import { deposits, type FileStore, type OpenFile, PAGE } from '../contestants/sourcing/store.ts';
import { expectEqual } from './expect-equal.ts';
import { mulberry32 } from './mulberry32.ts';
import { newPath } from './new-database.ts';
import type { Entrant, Measures, Metric } from './row.ts';
import { median } from './statistics.ts';

/** A store with so many events. */
export interface SizedStore {
  readonly events: number;
  readonly metric: Metric;
}

/** What the largest store is measured for besides appends. */
export const LARGEST_METRICS: readonly Metric[] = [
  { name: 'reopenMs', unit: 'ms to reopen' },
  { name: 'heapGrowthMB', unit: 'MB heap growth, slow reader' },
  { name: 'rssGrowthMB', unit: 'MB RSS growth' },
];

const STREAMS = 1_000;
const BATCH = 1_000;

/** Appends one by one, and how often so many are measured. */
const SAMPLE = 50;
const SAMPLES = 60;

/**
 * Measures appends one by one to stores of different sizes. All are filled first, in batches; then the samples alternate, so that a disk that is slower for a
 * while is so for all.
 */
export function storeSizeEntrant(openFile: OpenFile, sizes: readonly SizedStore[]): Entrant {
  const largest = Math.max(...sizes.map(({ events }) => events));
  return {
    async run(task) {
      const stores: Store[] = [];
      for (const { events, metric } of sizes) {
        const store = await Store.make(openFile, metric);
        await store.fill(Math.ceil((events * task.events) / largest));
        stores.push(store);
      }
      for (let sample = 0; sample < SAMPLES; sample++) for (const store of stores) await store.sample();
      const appends = stores.map(({ metric, times }) => [metric.name, median(times)] as const);
      return { ...Object.fromEntries(appends), ...(await stores.at(-1)!.measureReaders()) };
    },
  };
}

class Store {
  readonly metric: Metric;
  /** Nanoseconds for each event, by samples. */
  readonly times: number[] = [];
  readonly #openFile: OpenFile;
  readonly #path: string;
  readonly #random = mulberry32(1);
  #store: FileStore;
  #events = 0;
  #total = 0;

  private constructor(openFile: OpenFile, path: string, store: FileStore, metric: Metric) {
    this.metric = metric;
    this.#openFile = openFile;
    this.#path = path;
    this.#store = store;
  }

  static async make(openFile: OpenFile, metric: Metric): Promise<Store> {
    const path = newPath();
    return new Store(openFile, path, await openFile(path), metric);
  }

  async fill(events: number): Promise<void> {
    while (this.#events < events) await this.#append(Math.min(BATCH, events - this.#events));
  }

  async sample(): Promise<void> {
    const startedAt = performance.now();
    for (let count = 0; count < SAMPLE; count++) await this.#append(1);
    this.times.push(((performance.now() - startedAt) * 1e6) / SAMPLE);
  }

  /** Opens it again, and reads all with pauses while others append. */
  async measureReaders(): Promise<Measures> {
    const times: number[] = [];
    for (let count = 0; count < 5; count++) {
      await this.#store.close();
      const startedAt = performance.now();
      this.#store = await this.#openFile(this.#path);
      await this.#store.readStream('none');
      times.push(performance.now() - startedAt);
    }
    const before = memory();
    let heapMB = 0;
    let rssMB = 0;
    const measureAt = Math.ceil(this.#events / 4);
    const pause = async (count: number): Promise<void> => {
      rssMB = Math.max(rssMB, process.memoryUsage.rss() / 1e6);
      if (count % (PAGE * 100) === 0) await this.#append(BATCH);
      if (count % measureAt < PAGE) heapMB = Math.max(heapMB, memory().heapMB);
      await sleep(1);
    };
    const events = this.#events;
    const total = this.#total;
    const read = await this.#store.catchUp(events, (count) => (count % PAGE === 0 ? pause(count) : undefined));
    expectEqual('the sum of what the slow reader read', read, total);
    return {
      reopenMs: median(times),
      heapGrowthMB: heapMB - before.heapMB,
      rssGrowthMB: Math.max(0, rssMB - before.rssMB),
    };
  }

  async #append(events: number): Promise<void> {
    const stream = `account-${Math.floor(this.#random() * STREAMS)}`;
    await this.#store.append(stream, events === 1 ? ONE : deposits(events));
    this.#events += events;
    this.#total += (events * (events + 1)) / 2;
  }
}

const ONE = deposits(1);

function memory(): { readonly heapMB: number; readonly rssMB: number } {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMB: heapUsed / 1e6, rssMB: rss / 1e6 };
}
