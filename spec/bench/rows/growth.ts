import type { Phase } from '../contestants/growth/millrace.ts';
import { type Floor, valueAtMost } from '../harness/floor.ts';
import type { Entrant, Metric, Row } from '../harness/row.ts';

const MAX_EVENTS = 10_000_000;

const PHASES: readonly Phase[] = [
  { events: 10_000, repeats: 25, metric: { name: 'ns10k', unit: 'ns/event at 10 k' } },
  { events: 100_000, repeats: 5, metric: { name: 'ns100k', unit: 'at 100 k' } },
  { events: 1_000_000, repeats: 1, metric: { name: 'ns1M', unit: 'at 1 M' } },
  { events: MAX_EVENTS, repeats: 1, metric: { name: 'ns10M', unit: 'at 10 M' } },
];

const MEMORY: readonly Metric[] = [
  { name: 'heapGrowthMB', unit: 'MB heap growth' },
  { name: 'rssGrowthMB', unit: 'MB RSS growth' },
  { name: 'maxRssMB', unit: 'MB RSS at most' },
];

const isFlat: Floor = {
  claim: 'time per event flat within 20 % from 10 k to 10 M events (the slowest by the fastest)',
  value: (medians) => {
    const times = PHASES.map(({ metric }) => medians.of('millrace', metric.name));
    return Math.max(...times) / Math.min(...times);
  },
  bound: 'at-most',
  limit: 1.2,
};

/** Ever more events through one processor. */
export const growthRow: Row = {
  name: 'growth',
  title: '10 k → 10 M events through one processor',
  metrics: [...PHASES.map(({ metric }) => metric), ...MEMORY],
  contestants: [{ name: 'millrace', events: MAX_EVENTS, load: loadMillrace }],
  floors: [isFlat, valueAtMost('heapGrowthMB', 20, 'heap growth < 20 MB')],
  generations: 2,
  rounds: 1,
  warmups: 0,
  notes: [
    'Heap growth: used after a garbage collection, before the first event and after the last, the processor still open.',
    'An async handler, concurrency 16, capacity 1024, retry configured; the producer waits for room.',
  ],
};

async function loadMillrace(): Promise<Entrant> {
  const { growingEntrant } = await import('../contestants/growth/millrace.ts');
  return growingEntrant(PHASES);
}
