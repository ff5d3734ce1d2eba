import type { Reading, Traffic } from '../contestants/brokers/traffic.ts';
import { indexOf, WINDOW } from '../contestants/brokers/traffic.ts';
import { expectAtMost, expectEqual } from './expect-equal.ts';
import type { Entrant, Metric } from './row.ts';
import { quantile } from './statistics.ts';

/** Handlers at a time. */
const CONCURRENCIES = [1, 64] as const;

/** Publishing, and consuming at each concurrency. */
export const TRAFFIC_METRICS: readonly Metric[] = [
  { name: 'publish', unit: 'published/s', isRate: true },
  { name: 'consume1', unit: 'consumed/s, 1 at a time', isRate: true },
  { name: 'consume64', unit: '64 at a time', isRate: true },
];

/** Milliseconds in which what was not acknowledged would come again. */
const QUIET_MS = 300;

/**
 * Measures publishing until all is confirmed, and consuming from the first message that is handled until all are acknowledged.
 *
 * @param keepsLog - whether groups read the same messages: then they are published once for all of them; otherwise each group has its part
 */
export function trafficEntrant(traffic: Traffic, keepsLog: boolean): Entrant {
  let rounds = 0;
  const drained: { readonly topic: string; readonly group: string }[] = [];

  async function publish(topic: string, groups: readonly string[], events: number): Promise<number> {
    await traffic.declare(topic, groups);
    const startedAt = performance.now();
    await traffic.publish(topic, events);
    return ((performance.now() - startedAt) * 1e6) / events;
  }

  async function consume(topic: string, group: string, concurrency: number, count: number): Promise<number> {
    const watch = new Watch(traffic, concurrency);
    const consuming = await traffic.consume({ topic, group, concurrency, count, handle: watch.handle });
    await consuming.acknowledged;
    const ns = ((performance.now() - watch.startedAt) * 1e6) / count;
    await consuming.close();
    watch.verify(count);
    drained.push({ topic, group });
    return ns;
  }

  return {
    async run({ events }) {
      const round = `${process.pid}-${rounds++}`;
      const groupOf = (concurrency: number): string => `readers-${round}-${concurrency}`;
      const published: number[] = [];
      const measures: Record<string, number> = {};
      const count = keepsLog ? events : Math.ceil(events / CONCURRENCIES.length);
      let topic = '';
      for (const concurrency of CONCURRENCIES) {
        if (topic === '' || !keepsLog) {
          topic = `bench.readings-${round}-${concurrency}`;
          const groups = keepsLog ? CONCURRENCIES.map(groupOf) : [groupOf(concurrency)];
          published.push(await publish(topic, groups, count));
        }
        measures[`consume${concurrency}`] = await consume(topic, groupOf(concurrency), concurrency, count);
      }
      return { ...measures, publish: quantile(published, 0.5) };
    },
    async verify() {
      let repeated = 0;
      for (const group of drained) {
        const handle = async (): Promise<void> => void repeated++;
        const consuming = await traffic.consume({ ...group, concurrency: 1, count: Infinity, handle });
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
        await consuming.close();
      }
      expectEqual('the messages that came again, though acknowledged', repeated, 0);
    },
  };
}

/** Sees what is handled. One at a time, a handler is done within its turn; of many, each waits for the next turn of the event loop. */
class Watch {
  readonly handle: (reading: Reading) => Promise<void>;
  startedAt = 0;
  readonly #traffic: Traffic;
  readonly #concurrency: number;
  #handled = 0;
  #sum = 0;
  #running = 0;
  #mostRunning = 0;
  #mostInFlight = 0;

  constructor(traffic: Traffic, concurrency: number) {
    this.#traffic = traffic;
    this.#concurrency = concurrency;
    this.handle = concurrency === 1 ? (reading) => this.#handle(reading) : (reading) => this.#handleLater(reading);
  }

  /** Throws if one was lost or repeated, or if there were too many at a time. */
  verify(count: number): void {
    expectEqual('the handled messages', this.#handled, count);
    expectEqual('the sum of their numbers', this.#sum, (count * (count - 1)) / 2);
    expectAtMost('handlers at a time', this.#mostRunning, this.#concurrency);
    expectAtMost('deliveries in flight', this.#mostInFlight, WINDOW);
  }

  async #handle(reading: Reading): Promise<void> {
    this.#enter();
    this.#sum += indexOf(reading);
    this.#running--;
  }

  async #handleLater(reading: Reading): Promise<void> {
    this.#enter();
    await new Promise((resolve) => setImmediate(resolve));
    this.#sum += indexOf(reading);
    this.#running--;
  }

  #enter(): void {
    if (this.#handled++ === 0) this.startedAt = performance.now();
    if (++this.#running > this.#mostRunning) this.#mostRunning = this.#running;
    if (this.#handled % 64 !== 0) return;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#traffic.inFlight?.() ?? 0);
  }
}
