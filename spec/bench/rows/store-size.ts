import type { OpenFile } from '../contestants/sourcing/store.ts';
import { type Floor, valueAtMost } from '../harness/floor.ts';
import type { Contestant, Row } from '../harness/row.ts';
import { LARGEST_METRICS, type SizedStore, storeSizeEntrant } from '../harness/store-size-entrant.ts';

/** Stores of SQLite with ever more events. */
export const storeSizeRow: Row = sizeRow('store-size', 1_000_000, '1 M');

/** The same up to ten million, which takes minutes. */
export const largeStoreSizeRow: Row = sizeRow('store-size-10M', 10_000_000, '10 M');

function sizeRow(name: string, events: number, title: string): Row {
  const sizes = [10_000, 100_000, 1_000_000, 10_000_000].filter((size) => size <= events).map(sizedStore);
  return {
    name,
    title: `SQLite from 10 k to ${title} events: appends one by one, and the largest opened again and read slowly`,
    metrics: [...sizes.map(({ metric }) => metric), ...LARGEST_METRICS],
    reference: 'libsql',
    contestants: [
      contestant('libsql', events, sizes, async () => (await import('../contestants/sourcing/raw-sqlite.ts')).openFile),
      contestant(
        'millrace',
        events,
        sizes,
        async () => (await import('../contestants/sourcing/millrace-sqlite.ts')).openFile,
      ),
    ],
    floors: [
      isFlat(sizes),
      valueAtMost('heapGrowthMB', 20, 'heap growth < 20 MB while a slow subscriber reads the largest'),
      valueAtMost('rssGrowthMB', 100, 'RSS growth < 100 MB while it does'),
    ],
    // A slow disk has a millisecond for each event.
    patienceMs: events,
    generations: 1,
    rounds: 1,
    warmups: 0,
    notes: [
      'All stores are filled in batches of 1,000, to 1,000 streams by chance; then the sizes are measured in turn, 60 times 50 appends each, and the median counts. synchronous = FULL.',
      'The slow reader waits a millisecond or more after every 512 events, and others append meanwhile. Heap: after a garbage collection, at each quarter. `libsql` alone reads pages.',
      'Floors of our own: the growth of memory.',
    ],
  };
}

function sizedStore(events: number): SizedStore {
  const text = events < 1_000_000 ? `${events / 1_000} k` : `${events / 1_000_000} M`;
  return {
    events,
    metric: { name: `at${events}`, unit: `${events === 10_000 ? 'appends/s ' : ''}at ${text}`, isRate: true },
  };
}

function contestant(
  name: string,
  events: number,
  sizes: readonly SizedStore[],
  load: () => Promise<OpenFile>,
): Contestant {
  return { name, events, load: async () => storeSizeEntrant(await load(), sizes) };
}

function isFlat(sizes: readonly SizedStore[]): Floor {
  return {
    claim: 'the time of an append is flat within 20 % (the slowest by the fastest)',
    value: (medians) => {
      const times = sizes.map(({ metric }) => medians.of('millrace', metric.name));
      return Math.max(...times) / Math.min(...times);
    },
    bound: 'at-most',
    limit: 1.2,
  };
}
