import { speedAtLeast } from '../harness/floor.ts';
import { NS_PER_EVENT, type Row } from '../harness/row.ts';
import { pool } from './pools.ts';

/** Scattered over 10,000 keys, so that about a tenth of what is pending waits for its lane. */
const key = (event: number): number => (Math.imul(event, 0x9e3779b1) >>> 0) % 10_000;

/** The same as the row `processor`, in order per key. */
export const keysRow: Row = {
  name: 'keys',
  title: 'the same with `key` over 10,000 keys',
  metrics: [NS_PER_EVENT],
  reference: 'hand-written loop',
  contestants: [
    pool('hand-written loop', 1_000_000, {}, 'without keys'),
    pool('millrace', 500_000, { key }),
    pool('hand-written loop with lanes', 500_000, { key }),
    pool('fastq', 200_000, { key }, 'a promise chain per key'),
    pool('p-queue', 50_000, { key }, 'a promise chain per key'),
    pool('async.queue', 150_000, { key }, 'a promise chain per key'),
    pool('rxjs mergeMap', 20_000, { key }, '`groupBy`; concurrency without a bound'),
    pool('Effect Stream', 2_000, { key }, '`groupByKey`; concurrency without a bound'),
  ],
  floors: [speedAtLeast(['hand-written loop'], 0.3, 'the hand-written loop without keys')],
};
