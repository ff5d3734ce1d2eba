import countPrimes from '../contestants/workers/count-primes.ts';
import type { RunWork } from '../contestants/workers/run-work.ts';
import { expectEqual } from '../harness/expect-equal.ts';
import { speedAtLeast } from '../harness/floor.ts';
import { type Contestant, type Entrant, NS_PER_EVENT, type Row } from '../harness/row.ts';
import { startStopwatch } from '../harness/stopwatch.ts';

const BELOW = 100_000;

/** Work for a processor, not for the event loop: in worker threads, behind a channel. */
export const workersRow: Row = {
  name: 'workers',
  title: 'CPU-bound handlers (primes below 100,000) in 2 worker threads, through piscina',
  metrics: [NS_PER_EVENT],
  reference: 'piscina alone',
  contestants: [
    contestant('piscina alone', async () => (await import('../contestants/workers/piscina.ts')).openWork()),
    contestant('millrace', async () => (await import('../contestants/workers/millrace.ts')).openWork()),
    contestant('main thread', async () => (await import('../contestants/workers/main-thread.ts')).openWork()),
  ],
  floors: [speedAtLeast(['piscina alone'], 0.9), speedAtLeast(['main thread'], 1.5)],
  notes: [
    'With retry and timeoutMs, so that a signal goes along with each item. Floors of our own: the design has none.',
  ],
};

function contestant(name: string, open: () => Promise<RunWork>): Contestant {
  return { name, events: 200, load: async () => entrantOf(await open()) };
}

function entrantOf(work: RunWork): Entrant {
  return {
    run: async ({ events }) => {
      const stop = startStopwatch(events);
      const sum = await work(events, BELOW);
      const measures = stop();
      expectEqual('the primes counted', sum, events * countPrimes(BELOW));
      return measures;
    },
  };
}
