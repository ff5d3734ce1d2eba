import { expectCount, expectFunction, expectNumber, expectOneOf } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import type { IsEqual } from './mismatch.ts';
import { runVirtually, STACK_DEPTH, type VirtualTestContext } from './virtual-run.ts';

/** Options of {@link virtualTest}. */
export interface VirtualTestOptions {
  /** What `Date.now()` says at the start: epoch milliseconds. @defaultValue 0 */
  readonly startAt?: number;
  /** Of `Math.random`, so that jitter is the same from run to run; a whole number ≥ 0. @defaultValue 1 */
  readonly seed?: number;
  /** A test that fires more timers than this never ends, and fails. @defaultValue 10,000 */
  readonly maxTimers?: number;
  /** What becomes of a test that leaves timers behind. @defaultValue `'fail'` */
  readonly pendingTimers?: 'fail' | 'ignore';
}

/**
 * Makes a test in virtual time for `it`, or for `it.each` when the body takes more than its context.
 *
 * @throws InvalidOptionError for options that cannot work
 */
export type VirtualTest = <Rest extends readonly unknown[]>(
  body: (context: VirtualTestContext, ...rest: Rest) => Promise<void> | void,
  options?: VirtualTestOptions,
) => (...rest: Rest) => Promise<void>;

/** Makes virtual tests that compare as `isEqual` does. */
export function createVirtualTest(isEqual: IsEqual): VirtualTest {
  return (body, options = {}) => {
    expectFunction('the body of a virtual test', body, true);
    expectKnownOptions('virtualTest', options, ['startAt', 'seed', 'maxTimers', 'pendingTimers']);
    const { startAt = 0, seed = 1, maxTimers = 10_000, pendingTimers = 'fail' } = options;
    expectNumber('startAt', startAt, 0);
    expectCount('seed', seed, 0);
    expectCount('maxTimers', maxTimers, 1);
    expectOneOf('pendingTimers', pendingTimers, ['fail', 'ignore']);
    return (...rest) =>
      runVirtually((context) => body(context, ...rest), {
        startAt,
        seed,
        maxTimers,
        pendingTimers,
        isEqual,
        patienceMs: 1_000,
        stackDepth: STACK_DEPTH,
      });
  };
}

/**
 * Marbles in which promises are virtual, too: timers, `AbortSignal.timeout`, `Date`, `performance.now`, `Math.random` and the schedulers of RxJS follow
 * one virtual clock. It moves when the test awaits something that only time can bring, and after the body for all that is expected; and
 * never before every promise that can settle has settled.
 *
 * The test fails when its body does; when a stream is not as drawn (both diagrams are shown); when an `expect(…)` has no matcher; when a timer
 * throws, or a promise is rejected and nobody handles it; when it leaves timers behind; and when it would never end. Virtual tests wait for
 * one another, as they change the clock of the whole process; no other test of the same file may run at the same time. What they cannot end
 * is a loop that never lets go of the thread: `while (true)`, or one of mere `await`s.
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { flaky, virtualTest } from 'millrace/testing';
 * import { map } from 'rxjs';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
 *
 * const test = virtualTest(async ({ time, expect }) => {
 *   const bus = createEventBus();
 *   const welcome = flaky<unknown>(() => {}, 'x x@5ms ok');
 *   bus.on(UserSignedUp, welcome, { retry: { maxAttempts: 3, delayMs: 100, multiplier: 2 } });
 *   expect(bus.deadLetters.pipe(map(({ reason }) => reason))).toBeObservable('');
 *   const report = await bus.publish(UserSignedUp, { userId: 'u1' });
 *   console.assert(report.ok && time.now === 305);
 * });
 * await test();
 * ```
 */
export const virtualTest: VirtualTest = /* @__PURE__ */ createVirtualTest(isStrictlyEqual);
