import { createProcessor, type Processor } from 'millrace';
import { expectEqual } from '../harness/expect-equal.ts';
import { type Floor, valueAtMost } from '../harness/floor.ts';
import type { Measures, Metric, Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const MAX_EVENTS = 10_000_000;

/** How many events follow one another, and how often that is measured. */
const SIZES = [
  { events: 10_000, repeats: 25, metric: { name: 'ns10k', unit: 'ns/event at 10 k' } },
  { events: 100_000, repeats: 5, metric: { name: 'ns100k', unit: 'at 100 k' } },
  { events: 1_000_000, repeats: 1, metric: { name: 'ns1M', unit: 'at 1 M' } },
  { events: MAX_EVENTS, repeats: 1, metric: { name: 'ns10M', unit: 'at 10 M' } },
] as const;

const MEMORY: readonly Metric[] = [
  { name: 'heapGrowthMB', unit: 'MB heap growth' },
  { name: 'rssGrowthMB', unit: 'MB RSS growth' },
  { name: 'maxRssMB', unit: 'MB RSS at most' },
];

const isFlat: Floor = {
  claim: 'time per event flat within 20 % from 10 k to 10 M events (the slowest by the fastest)',
  value: (medians) => {
    const times = SIZES.map(({ metric }) => medians.of('millrace', metric.name));
    return Math.max(...times) / Math.min(...times);
  },
  bound: 'at-most',
  limit: 1.2,
};

/** Ever more events through one processor. */
export const growthRow: Row = {
  name: 'growth',
  title: '10 k → 10 M events through one processor',
  metrics: [...SIZES.map(({ metric }) => metric), ...MEMORY],
  contestants: [{ name: 'millrace', events: MAX_EVENTS, load: async () => ({ run: ({ events }) => run(events) }) }],
  floors: [isFlat, valueAtMost('heapGrowthMB', 20, 'heap growth < 20 MB')],
  generations: 2,
  rounds: 1,
  warmups: 0,
  notes: [
    'Heap growth: used after a garbage collection, before the first event and after the last, the processor still open.',
    'An async handler, concurrency 16, capacity 1024, retry configured; the producer waits for room.',
  ],
};

async function run(maxEvents: number): Promise<Measures> {
  const scale = maxEvents / MAX_EVENTS;
  let handled = 0;
  const handle = async (_event: number): Promise<void> => {
    handled++;
  };
  await pass(createProcessor(handle, { concurrency: 16 }), 300_000); // The compiler's time is not the processor's.
  using processor = createProcessor(handle, { concurrency: 16, retry: { maxAttempts: 3 } });
  await pass(processor, 10_000);
  handled = 0;
  const before = memory();
  const measures: Record<string, number> = {};
  let sent = 0;
  for (const { events, repeats, metric } of SIZES) {
    const times: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) times.push(await pass(processor, events * scale));
    sent += events * scale * repeats;
    measures[metric.name] = median(times);
  }
  const after = memory();
  expectEqual('the handled events', handled, sent);
  expectEqual('the pending events', processor.stats().pending, 0);
  return {
    ...measures,
    heapGrowthMB: after.heapMB - before.heapMB,
    rssGrowthMB: after.rssMB - before.rssMB,
    maxRssMB: process.resourceUsage().maxRSS / 1024,
  };
}

/** Sends events and waits until they are handled; returns nanoseconds per event. */
async function pass(processor: Processor<number>, events: number): Promise<number> {
  const startedAt = performance.now();
  for (let event = 1; event < events; event++) if (!processor.trySend(event)) await processor.send(event);
  const { settled } = await processor.send(events);
  await settled;
  while (processor.stats().pending > 0) await new Promise((resolve) => setImmediate(resolve));
  return ((performance.now() - startedAt) * 1e6) / events;
}

function memory(): { heapMB: number; rssMB: number } {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapMB: heapUsed / 1e6, rssMB: rss / 1e6 };
}
