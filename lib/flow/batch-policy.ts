import { expectCount, expectDelay } from '../core/options.ts';

/** When a batch is full. */
export interface BatchPolicy {
  /** The most items in a batch; ≥ 1, or Infinity. @defaultValue 100 */
  readonly maxSize?: number;
  /** Milliseconds that the first item of a batch waits for others; ≥ 0, or Infinity. @defaultValue 1_000 */
  readonly maxWaitMs?: number;
}

/** Fills the defaults in, and checks. */
export function checkBatchPolicy({ maxSize = 100, maxWaitMs = 1_000 }: BatchPolicy): Required<BatchPolicy> {
  expectCount('batch.maxSize', maxSize, 1, true);
  if (maxWaitMs !== Infinity) expectDelay('batch.maxWaitMs', maxWaitMs);
  return { maxSize, maxWaitMs };
}
