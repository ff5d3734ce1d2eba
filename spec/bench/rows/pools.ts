import type { RunJob } from '../contestants/pool/job.ts';
import { poolEntrant, type PoolSetting } from '../harness/pool-entrant.ts';
import type { Contestant } from '../harness/row.ts';

const pools = {
  millrace: () => import('../contestants/pool/millrace.ts'),
  'millrace, in batches': () => import('../contestants/pool/millrace-in-batches.ts'),
  'hand-written loop': () => import('../contestants/pool/hand-written.ts'),
  'hand-written loop with lanes': () => import('../contestants/pool/hand-written-keyed.ts'),
  'hand-written loop with timers': () => import('../contestants/pool/hand-written.ts'),
  fastq: () => import('../contestants/pool/fastq.ts'),
  'p-queue': () => import('../contestants/pool/p-queue.ts'),
  'p-queue + p-retry': () => import('../contestants/pool/p-retry.ts'),
  'async.queue': () => import('../contestants/pool/async-queue.ts'),
  'rxjs mergeMap': () => import('../contestants/pool/rxjs.ts'),
  'Effect Stream': () => import('../contestants/pool/effect.ts'),
} satisfies Record<string, () => Promise<{ readonly runJob: RunJob }>>;

/** What can be compared. */
export type PoolName = keyof typeof pools;

/** The libraries among them. */
export const LIBRARIES: readonly PoolName[] = ['fastq', 'p-queue', 'async.queue', 'rxjs mergeMap', 'Effect Stream'];

/** A pool as a contestant of a row. */
export function pool(name: PoolName, events: number, setting: PoolSetting = {}, note?: string): Contestant {
  return {
    name,
    events,
    ...(note !== undefined && { note }),
    load: async () => poolEntrant((await pools[name]()).runJob, setting),
  };
}
