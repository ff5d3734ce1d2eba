import { InvalidOptionError } from '../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectNumber, expectOneOf, isDelay, show } from '../core/options.ts';

/** How much of a delay is left to chance; always downwards, so never above `maxDelayMs`. */
export type Jitter = 'equal' | 'full' | 'none';

/** When and how often a failed attempt is made again. */
export interface RetryPolicy {
  /** All attempts, the first included; ≥ 1, or Infinity. @defaultValue 3 */
  readonly maxAttempts?: number;
  /**
   * Milliseconds before the second attempt; or a function of the failed attempt (from 1) and its error, whose result is
   * taken as it is (a Retry-After fits here). @defaultValue 100
   */
  readonly delayMs?: number | ((attempt: number, error: unknown) => number);
  /** By what the delay grows from attempt to attempt; finite and ≥ 1, such as 1.5. @defaultValue 2 */
  readonly multiplier?: number;
  /** The cap of a grown delay, in milliseconds. @defaultValue 30_000 */
  readonly maxDelayMs?: number;
  /** `full`: 0 to the delay; `equal`: half the delay to the delay. @defaultValue 'none' */
  readonly jitter?: Jitter;
  /** Whether this error is worth another attempt. @defaultValue every error is */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

/** What follows a failed attempt: another one after a delay, or none. */
export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | { readonly retry: false; readonly because: 'exhausted' | 'rejected' };

/** A checked policy: asked after each failed attempt (from 1). */
export type DecideRetry = (attempt: number, error: unknown) => RetryDecision;

const EXHAUSTED: RetryDecision = { retry: false, because: 'exhausted' };
const REJECTED: RetryDecision = { retry: false, because: 'rejected' };

/**
 * Checks a policy and makes the decision function of it. Exponential backoff, with the jitters of M. Brooker, "Exponential
 * Backoff And Jitter" (AWS Architecture Blog, 2015).
 *
 * @throws InvalidOptionError for any number or name that cannot work
 */
export function decideRetry(
  { maxAttempts = 3, delayMs = 100, multiplier = 2, maxDelayMs = 30_000, jitter = 'none', retryIf }: RetryPolicy,
  random: () => number,
): DecideRetry {
  expectCount('retry.maxAttempts', maxAttempts, 1, true);
  if (typeof delayMs !== 'function') expectDelay('retry.delayMs', delayMs);
  expectNumber('retry.multiplier', multiplier, 1);
  expectDelay('retry.maxDelayMs', maxDelayMs);
  expectOneOf('retry.jitter', jitter, ['none', 'equal', 'full']);
  expectFunction('retry.retryIf', retryIf);

  function delayAfter(attempt: number, error: unknown): number {
    if (typeof delayMs === 'function') return expectChosenDelay(delayMs(attempt, error));
    // 0 × Infinity is NaN.
    const grown = delayMs === 0 ? 0 : Math.min(maxDelayMs, delayMs * multiplier ** (attempt - 1));
    if (jitter === 'none') return grown;
    return jitter === 'full' ? random() * grown : (grown + random() * grown) / 2;
  }

  return (attempt, error) => {
    if (attempt >= maxAttempts) return EXHAUSTED;
    if (retryIf !== undefined && !retryIf(error, attempt)) return REJECTED;
    return { retry: true, delayMs: delayAfter(attempt, error) };
  };
}

function expectChosenDelay(delayMs: number): number {
  if (isDelay(delayMs)) return delayMs;
  throw new InvalidOptionError(
    `Expected retry.delayMs(attempt, error) to return milliseconds ≥ 0, got ${show(delayMs)}.`,
  );
}
