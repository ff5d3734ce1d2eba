import { setTimeout as sleep } from 'node:timers/promises';
import { type Traffic, WINDOW } from '../contestants/brokers/traffic.ts';
import { expectAtMost, expectEqual } from './expect-equal.ts';
import type { Entrant, Metric } from './row.ts';

/** What a consumer grows by. */
export const WAITING_METRICS: readonly Metric[] = [
  { name: 'heapGrowthMB', unit: 'MB heap growth' },
  { name: 'rssGrowthMB', unit: 'MB RSS growth' },
  { name: 'inFlight', unit: 'most in flight' },
  { name: 'handled', unit: 'handled meanwhile' },
];

const CONCURRENCY = 16;
const HANDLER_MS = 10;
const SETTLING_MS = 1_000;
const SAMPLES = 20;
const SAMPLE_MS = 250;

/** Measures the memory of a consumer whose handler is slow, while all the rest waits in the broker. */
export function waitingEntrant(traffic: Traffic): Entrant {
  let rounds = 0;
  return {
    async run({ events }) {
      const names = { topic: `bench.waiting-${process.pid}-${rounds}`, group: `waiting-${process.pid}-${rounds++}` };
      await traffic.declare(names.topic, [names.group]);
      await traffic.publish(names.topic, events);
      let handled = 0;
      const handle = async (): Promise<void> => {
        await sleep(HANDLER_MS);
        handled++;
      };
      // What publishing has left behind is not the consumer's.
      await sleep(SETTLING_MS);
      const before = memory();
      const consuming = await traffic.consume({ ...names, concurrency: CONCURRENCY, count: Infinity, handle });
      let most = { heapMB: 0, rssMB: 0 };
      let inFlight = 0;
      for (let sample = 0; sample < SAMPLES; sample++) {
        await sleep(SAMPLE_MS);
        inFlight = Math.max(inFlight, traffic.inFlight?.() ?? 0);
        const { heapMB, rssMB } = memory();
        most = { heapMB: Math.max(most.heapMB, heapMB), rssMB: Math.max(most.rssMB, rssMB) };
      }
      await consuming.close();
      expectEqual('whether it was at work all the time', handled > SAMPLES, true);
      expectAtMost('deliveries in flight', inFlight, WINDOW);
      return {
        heapGrowthMB: most.heapMB - before.heapMB,
        rssGrowthMB: Math.max(0, most.rssMB - before.rssMB),
        inFlight,
        handled,
      };
    },
  };
}

function memory(): { readonly heapMB: number; readonly rssMB: number } {
  globalThis.gc?.();
  // Bytes of messages may be outside of the heap.
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapMB: (heapUsed + external) / 1e6, rssMB: rss / 1e6 };
}
