import { deposits, type OpenStore } from '../contestants/sourcing/store.ts';
import { expectEqual } from './expect-equal.ts';
import type { Entrant, Metric } from './row.ts';

/** Ways to read. */
export const READ_METRICS: readonly Metric[] = [
  { name: 'readStream', unit: 'events/s of one stream', isRate: true },
  { name: 'readAll', unit: 'of all streams', isRate: true },
  { name: 'catchUp', unit: 'catching up', isRate: true },
];

/** Events of an append while the store is filled. */
const BATCH = 100;

/** Measures readers of a long stream, which is half of what the store has; the other half is in short streams, in between. */
export async function readEntrant(open: OpenStore): Promise<Entrant> {
  const store = await open();
  const batch = deposits(BATCH);
  const sumOfBatch = (BATCH * (BATCH + 1)) / 2;
  let batches = 0;
  const fill = async (wanted: number): Promise<void> => {
    for (; batches < wanted; batches++) {
      await store.append('long', batch, batches * BATCH);
      await store.append(`short-${batches}`, batch, 0);
    }
  };
  return {
    async run({ events }) {
      await fill(Math.ceil(events / BATCH));
      const count = batches * BATCH;
      const { readAll, catchUp } = store;
      return {
        readStream: await timed(count, batches * sumOfBatch, () => store.readStream('long')),
        readAll: readAll ? await timed(2 * count, 2 * batches * sumOfBatch, readAll) : Number.NaN,
        catchUp: catchUp ? await timed(2 * count, 2 * batches * sumOfBatch, () => catchUp(2 * count)) : Number.NaN,
      };
    },
  };
}

async function timed(events: number, sum: number, read: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const total = await read();
  const ns = (performance.now() - startedAt) * 1e6;
  expectEqual('the sum of what was read', total, sum);
  return ns / events;
}
