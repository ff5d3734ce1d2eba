import { asyncScheduler, type MonoTypeOperatorFunction, retry, type SchedulerLike, timer } from 'rxjs';
import { expectFunction } from '../core/options.ts';
import { decideRetry, type DecideRetry, type RetryPolicy } from './retry-policy.ts';

/** A {@link RetryPolicy} and its sources of time and chance. */
export interface RetryWithBackoffOptions extends RetryPolicy {
  /** The timer of the delays. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For the jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
}

/**
 * Subscribes again to a source that failed, after a growing delay: RxJS's `retry({ delay })` under a checked policy. When attempts
 * are used up or `retryIf` refuses, the source's own last error passes on.
 *
 * It repeats a *cold* source, such as one call. On a hot one the failed value is gone: put it inside `mergeMap`.
 *
 * ```
 * source:  -a-#            (each subscription)
 * delayMs 2, maxAttempts 2
 * result:  -a----a-#
 * ```
 *
 * @throws InvalidOptionError for a policy that cannot work, when the operator is made
 *
 * @example
 * ```ts
 * import { retryWithBackoff } from 'millrace';
 * import { defer, from, mergeMap } from 'rxjs';
 *
 * const save = async (id: number): Promise<string> => `saved ${id}`;
 * from([1, 2, 3])
 *   .pipe(mergeMap((id) => defer(() => save(id)).pipe(retryWithBackoff({ maxAttempts: 5, jitter: 'full' })), 8))
 *   .subscribe();
 * ```
 */
export function retryWithBackoff<Value>({
  scheduler = asyncScheduler,
  random = Math.random,
  ...policy
}: RetryWithBackoffOptions = {}): MonoTypeOperatorFunction<Value> {
  return retryBy(decideRetry(policy, expectFunction('random', random)), scheduler);
}

/** The same operator for a policy that is checked already; `resubscribe` by `retry` is the only loop. */
export function retryBy<Value>(decide: DecideRetry, scheduler: SchedulerLike): MonoTypeOperatorFunction<Value> {
  return retry({
    delay: (error, attempt) => {
      const decision = decide(attempt, error);
      if (!decision.retry) throw error;
      return timer(decision.delayMs, scheduler);
    },
  });
}
