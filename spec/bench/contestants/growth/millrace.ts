import { createProcessor, type Processor } from 'millrace';
import { expectEqual } from '../../harness/expect-equal.ts';
import type { Entrant, Measures, Metric } from '../../harness/row.ts';
import { median } from '../../harness/statistics.ts';

/** So many events one after the other, measured so often. */
export interface Phase {
  readonly events: number;
  readonly repeats: number;
  readonly metric: Metric;
}

/** Sends ever more events through one processor. */
export function growingEntrant(phases: readonly Phase[]): Entrant {
  const maxEvents = Math.max(...phases.map(({ events }) => events));
  return {
    run: ({ events }) => run(phases.map((phase) => ({ ...phase, events: (phase.events * events) / maxEvents }))),
  };
}

async function run(phases: readonly Phase[]): Promise<Measures> {
  let handled = 0;
  const handle = async (_event: number): Promise<void> => {
    handled++;
  };
  using processor = createProcessor(handle, { concurrency: 16, retry: { maxAttempts: 3 } });
  await pass(processor, 500_000); // The compiler's time is not the processor's.
  handled = 0;
  const before = memory();
  const measures: Record<string, number> = {};
  let sent = 0;
  for (const { events, repeats, metric } of phases) {
    const times: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) times.push(await pass(processor, events));
    sent += events * repeats;
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
