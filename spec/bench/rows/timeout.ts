import { speedAtLeast } from '../harness/floor.ts';
import { NS_PER_EVENT, type Row } from '../harness/row.ts';
import { pool } from './pools.ts';

const timeoutMs = 1_000;

/** The same as the row `processor`, with a time limit that no attempt reaches. */
export const timeoutRow: Row = {
  name: 'timeout',
  title: 'the same with `timeoutMs` on',
  metrics: [NS_PER_EVENT],
  reference: 'hand-written loop',
  contestants: [
    pool('hand-written loop', 1_000_000, {}, 'without a time limit'),
    pool('millrace', 500_000, { timeoutMs }),
    pool('hand-written loop with timers', 300_000, { timeoutMs }, 'a setTimeout per attempt'),
    pool('fastq', 200_000, { timeoutMs }, 'a setTimeout per attempt'),
    pool('p-queue', 10_000, { timeoutMs }, 'its `timeout`, for all attempts together'),
    pool('async.queue', 150_000, { timeoutMs }, 'a setTimeout per attempt'),
    pool('rxjs mergeMap', 20_000, { timeoutMs }, 'with `timeout`'),
    pool('Effect Stream', 10_000, { timeoutMs }, 'with `Effect.timeout`'),
  ],
  floors: [speedAtLeast(['hand-written loop'], 0.35, 'the hand-written loop without a time limit')],
};
