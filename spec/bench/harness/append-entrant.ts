import { type Deposit, deposits, type OpenStore, type StoreUnderTest } from '../contestants/sourcing/store.ts';
import { expectEqual } from './expect-equal.ts';
import type { Entrant, Measures, Metric } from './row.ts';

/** Events of an append, and how many events a round has for each that is appended alone. */
const SIZES = [
  { size: 1, factor: 1 },
  { size: 100, factor: 10 },
  { size: 1_000, factor: 25 },
] as const;

/** One for each size of appends. */
export const APPEND_METRICS: readonly Metric[] = SIZES.map(({ size }) => ({
  name: metricOf(size),
  unit: size === 1 ? 'events/s one by one' : `in batches of ${size.toLocaleString('en-US')}`,
  isRate: true,
}));

/** So many that each has a past, and none of them a long one. */
const STREAMS = 50;

/** Measures a writer that appends to streams in turn, each time behind the version that it knows. */
export async function appendEntrant(open: OpenStore): Promise<Entrant> {
  const store = await open();
  const writer = new Writer(store);
  return {
    async run({ events }) {
      const measures: Record<string, number> = {};
      for (const { size, factor } of SIZES) {
        const appends = Math.ceil((events * factor) / size);
        measures[metricOf(size)] = await writer.append(appends, deposits(size));
      }
      return measures satisfies Measures;
    },
    verify: () => writer.verify(),
  };
}

function metricOf(size: number): string {
  return `append${size}`;
}

/** Knows what it has appended. */
class Writer {
  readonly #store: StoreUnderTest;
  readonly #versions = new Map<string, number>();
  #next = 0;
  #total = 0;

  constructor(store: StoreUnderTest) {
    this.#store = store;
  }

  /** Returns nanoseconds per event. */
  async append(appends: number, events: readonly Deposit[]): Promise<number> {
    const startedAt = performance.now();
    for (let count = 0; count < appends; count++) {
      const stream = `account-${this.#next++ % STREAMS}`;
      const version = this.#versions.get(stream) ?? 0;
      await this.#store.append(stream, events, version);
      this.#versions.set(stream, version + events.length);
    }
    const ns = (performance.now() - startedAt) * 1e6;
    this.#total += appends * events.reduce((sum, { data }) => sum + data.amount, 0);
    return ns / (appends * events.length);
  }

  async verify(): Promise<void> {
    let total = 0;
    for (const stream of this.#versions.keys()) total += await this.#store.readStream(stream);
    expectEqual('the sum of all amounts', total, this.#total);
    const { readAsOurs } = this.#store;
    if (readAsOurs !== undefined) expectEqual('the sum as ours reads it', await readAsOurs(), this.#total);
  }
}
