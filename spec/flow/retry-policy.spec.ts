import * as fc from 'fast-check';
import { type Jitter, type RetryPolicy, retryWithBackoff } from 'millrace';
import { defer, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

/** The waits between the attempts of a call that always fails. */
function waitsOf(policy: RetryPolicy, random: () => number = () => 0.5): number[] {
  const scheduler = new VirtualTimeScheduler();
  const starts: number[] = [];
  const call$ = defer(() => {
    starts.push(scheduler.now());
    return throwError(() => new Error('fails'));
  });
  call$.pipe(retryWithBackoff({ ...policy, scheduler, random })).subscribe({ error: () => undefined });
  scheduler.flush();
  return starts.slice(1).map((start, index) => start - starts[index]!);
}

describe('a retry policy', () => {
  it('waits 100 ms, then 200, by default, and makes 3 attempts', () => {
    expect(waitsOf({})).toEqual([100, 200]);
  });

  it('counts the first attempt', () => {
    expect(waitsOf({ maxAttempts: 1 })).toEqual([]);
    expect(waitsOf({ maxAttempts: 4, delayMs: 1 })).toHaveLength(3);
  });

  it('doubles the wait when the multiplier is omitted', () => {
    expect(waitsOf({ maxAttempts: 5, delayMs: 50 })).toEqual([50, 100, 200, 400]);
  });

  it('keeps a multiplier that is no whole number', () => {
    expect(waitsOf({ maxAttempts: 4, delayMs: 100, multiplier: 1.5 })).toEqual([100, 150, 225]);
  });

  it('stays at the same wait with a multiplier of 1', () => {
    expect(waitsOf({ maxAttempts: 4, delayMs: 7, multiplier: 1 })).toEqual([7, 7, 7]);
  });

  it('caps the wait at maxDelayMs, the first one included', () => {
    expect(waitsOf({ maxAttempts: 5, delayMs: 10, maxDelayMs: 25 })).toEqual([10, 20, 25, 25]);
    expect(waitsOf({ maxAttempts: 3, delayMs: 100, maxDelayMs: 30 })).toEqual([30, 30]);
  });

  it('caps the wait at 30 seconds by default', () => {
    expect(waitsOf({ maxAttempts: 3, delayMs: 20_000 })).toEqual([20_000, 30_000]);
  });

  it('stays at the cap when the growth is beyond all numbers', () => {
    const waits = waitsOf({ maxAttempts: 6, delayMs: 1, multiplier: 1e200, maxDelayMs: 9 });
    expect(waits).toEqual([1, 9, 9, 9, 9]);
  });

  it('stays at 0 when delayMs is 0, whatever the growth', () => {
    expect(waitsOf({ maxAttempts: 5, delayMs: 0, multiplier: 1e200 })).toEqual([0, 0, 0, 0]);
  });

  it('takes what a delayMs function returns as it is: no growth, no cap, no jitter', () => {
    const policy: RetryPolicy = {
      maxAttempts: 3,
      delayMs: (attempt) => attempt * 50_000,
      maxDelayMs: 10,
      multiplier: 9,
      jitter: 'full',
    };
    expect(waitsOf(policy)).toEqual([50_000, 100_000]);
  });

  it('tells a delayMs function the failed attempt, from 1, and its error', () => {
    const told: unknown[] = [];
    waitsOf({ maxAttempts: 3, delayMs: (attempt, error) => told.push([attempt, (error as Error).message]) });
    expect(told).toEqual([
      [1, 'fails'],
      [2, 'fails'],
    ]);
  });

  it('does not ask for a delay after the last attempt', () => {
    let asked = 0;
    waitsOf({ maxAttempts: 1, delayMs: () => asked++ });
    expect(asked).toBe(0);
  });

  it.each<{ jitter: Jitter; random: number; wait: number }>([
    { jitter: 'none', random: 0.25, wait: 80 },
    { jitter: 'equal', random: 0, wait: 40 },
    { jitter: 'equal', random: 0.25, wait: 50 },
    { jitter: 'full', random: 0, wait: 0 },
    { jitter: 'full', random: 0.25, wait: 20 },
  ])('waits $wait of 80 ms with jitter $jitter and a chance of $random', ({ jitter, random, wait }) => {
    expect(waitsOf({ maxAttempts: 2, delayMs: 80, jitter }, () => random)).toEqual([wait]);
  });

  it('jitters what is capped, not what is grown', () => {
    const policy: RetryPolicy = { maxAttempts: 4, delayMs: 80, maxDelayMs: 100, jitter: 'equal' };
    expect(waitsOf(policy, () => 0)).toEqual([40, 50, 50]);
  });

  it('keeps every wait within its jitter: full 0 to d, equal d/2 to d, and never above the cap', () => {
    const policies = fc.record({
      maxAttempts: fc.integer({ min: 2, max: 8 }),
      delayMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
      multiplier: fc.double({ min: 1, max: 50, noNaN: true }),
      maxDelayMs: fc.integer({ min: 0, max: 20_000 }),
      jitter: fc.constantFrom<Jitter>('none', 'equal', 'full'),
    });
    const chances = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(policies, chances, (policy, chance) => {
        let drawn = 0;
        const waits = waitsOf(policy, () => chance[drawn++ % chance.length]!);
        expect(waits).toHaveLength(policy.maxAttempts - 1);
        for (const [index, wait] of waits.entries()) {
          const full = Math.min(policy.maxDelayMs, policy.delayMs * policy.multiplier ** index);
          const least = { none: full, equal: full / 2, full: 0 }[policy.jitter];
          // The virtual clock adds waits up, so that the last digits are rounded.
          expect(wait).toBeGreaterThanOrEqual(least - 1e-6);
          expect(wait).toBeLessThanOrEqual(full + 1e-6);
        }
      }),
    );
  });
});
