import { speedAtLeast } from '../harness/floor.ts';
import { NS_PER_EVENT, type Row } from '../harness/row.ts';
import { pool } from './pools.ts';

/** Every hundredth event fails at each of three attempts, and becomes a dead letter. */
export const failingRows: readonly Row[] = [failingRow(0), failingRow(1)];

function failingRow(delayMs: number): Row {
  const setting = { delayMs, failingEvery: 100 };
  return {
    name: `failing-${delayMs}ms`,
    title: `a handler that fails 1 % of the events, 3 attempts, ${delayMs} ms between them`,
    metrics: [NS_PER_EVENT],
    reference: 'p-queue + p-retry',
    contestants: [
      pool('p-queue + p-retry', 20_000, setting),
      pool('millrace', 100_000, setting),
      pool('hand-written loop', 100_000, setting),
      pool('rxjs mergeMap', 30_000, setting, '`retry` and `catchError`'),
    ],
    floors: [speedAtLeast(['p-queue + p-retry'], 3)],
  };
}
