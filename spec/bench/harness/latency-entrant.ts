import { deposits, type OpenStore, type StoreUnderTest } from '../contestants/sourcing/store.ts';
import { expectEqual } from './expect-equal.ts';
import type { Entrant, Metric } from './row.ts';
import { quantile } from './statistics.ts';
import { zipf } from './zipf.ts';

const WRITERS = 8;
const STREAMS = 1_000;

/** What eight writers see. */
export const LATENCY_METRICS: readonly Metric[] = [
  { name: 'append', unit: 'appends/s in all', isRate: true },
  { name: 'p50', unit: 'ms p50' },
  { name: 'p99', unit: 'ms p99' },
  { name: 'p99.9', unit: 'ms p99.9' },
];

/**
 * Measures writers that append at the same time, each again as soon as it can, to streams that are chosen by Zipf's law. An append takes from the end of the
 * writer's last one: waiting for a client that does one thing at a time counts.
 */
export async function latencyEntrant(open: OpenStore): Promise<Entrant> {
  const store = await open();
  let round = 0;
  let appended = 0;
  return {
    async run({ events }) {
      round++;
      const each = Math.ceil(events / WRITERS);
      const startedAt = performance.now();
      const writers = Array.from({ length: WRITERS }, (_, writer) => write(store, round * WRITERS + writer, each));
      const times = (await Promise.all(writers)).flatMap((part) => Array.from(part));
      const append = ((performance.now() - startedAt) * 1e6) / times.length;
      appended += times.length;
      return { append, p50: quantile(times, 0.5), p99: quantile(times, 0.99), 'p99.9': quantile(times, 0.999) };
    },
    async verify() {
      // Each is of 1.
      const { readAll } = store;
      if (readAll !== undefined) expectEqual('the appended events', await readAll(), appended);
    },
  };
}

/** Returns how many milliseconds each append took. */
async function write(store: StoreUnderTest, seed: number, appends: number): Promise<Float64Array> {
  const choose = zipf(STREAMS, seed);
  const events = deposits(1);
  const times = new Float64Array(appends);
  let endedAt = performance.now();
  for (let count = 0; count < appends; count++) {
    await store.append(`account-${choose()}`, events);
    const now = performance.now();
    times[count] = now - endedAt;
    endedAt = now;
  }
  return times;
}
