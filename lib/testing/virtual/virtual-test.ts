import type { Observable } from 'rxjs';
import { expectCount, expectDelay, expectFunction, expectNumber, expectOneOf } from '../../core/options.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import { TestFailure } from '../test-failure.ts';
import { Expectations, type StreamExpectation } from './expectations.ts';
import { coldSource, hotSource, type MarbleSource } from './marble-sources.ts';
import type { IsEqual } from './mismatch.ts';
import { takeTurn } from './turns.ts';
import { describeTimer, VirtualWorld } from './virtual-world.ts';

/** Virtual time, in the hands of a test. It moves by itself whenever the test awaits something. */
export interface VirtualTime {
  /** Milliseconds since the test began. */
  readonly now: number;
  /**
   * Resolves when so much time has passed, and all that is due by then is done.
   *
   * @param delayMs - virtual milliseconds
   */
  advance(delayMs: number): Promise<void>;
  /** Resolves when all is done that needs no time: every promise that can settle has settled. */
  settle(): Promise<void>;
  /** Resolves when no timer is left, however far off it is. */
  runAll(): Promise<void>;
}

/** What a virtual test is given. */
export interface VirtualTestContext {
  /** The clock. */
  readonly time: VirtualTime;
  /** A source that goes on whether anybody subscribes or not; it begins now, or at its `^`. */
  hot<Value = string>(marbles: string, values?: Readonly<Record<string, Value>>, error?: unknown): MarbleSource<Value>;
  /** A source that begins anew for each subscriber. */
  cold<Value = string>(marbles: string, values?: Readonly<Record<string, Value>>, error?: unknown): MarbleSource<Value>;
  /** Listens to a stream from now on; checked at the end of the test. */
  expect<Value>(stream: Observable<Value>): StreamExpectation<Value>;
}

/** Options of {@link virtualTest}. */
export interface VirtualTestOptions {
  /** What `Date.now()` says at the start: epoch milliseconds. @defaultValue 0 */
  readonly startAt?: number;
  /** Of `Math.random`, so that jitter is the same from run to run. @defaultValue 1 */
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
  return (body, { startAt = 0, seed = 1, maxTimers = 10_000, pendingTimers = 'fail' } = {}) => {
    expectFunction('the body of a virtual test', body, true);
    expectNumber('startAt', startAt, 0);
    expectCount('maxTimers', maxTimers, 1);
    expectOneOf('pendingTimers', pendingTimers, ['fail', 'ignore']);
    return async (...rest) => {
      const leave = await takeTurn();
      try {
        const world = new VirtualWorld({ startAt, seed, maxTimers });
        try {
          const expectations = new Expectations(() => world.now, isEqual);
          await run(world, expectations, (context) => body(context, ...rest), pendingTimers);
        } finally {
          world.restore();
        }
      } finally {
        leave();
      }
    };
  };
}

/**
 * Marbles in which promises are virtual, too: timers, `AbortSignal.timeout`, `Date`, `performance.now`, `Math.random` and the schedulers of RxJS follow
 * one virtual clock. It moves when the test awaits something that only time can bring, and after the body for all that is expected; and
 * never before every promise that can settle has settled.
 *
 * The test fails when its body does; when a stream is not as drawn (both diagrams are shown); when an `expect(…)` has no matcher; when a timer
 * throws, or a promise is rejected and nobody handles it; when it leaves timers behind; and when it would never end. Virtual tests wait for
 * one another, as they change the clock of the whole process; no other test of the same file may run at the same time.
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

async function run(
  world: VirtualWorld,
  expectations: Expectations,
  body: (context: VirtualTestContext) => Promise<void> | void,
  pendingTimers: 'fail' | 'ignore',
): Promise<void> {
  try {
    await world.complete(async () => body(contextOf(world, expectations)));
    await world.complete(() => world.advance(Math.max(0, expectations.horizon - world.now)));
    const end = world.now;
    const pending = pendingTimers === 'fail' ? world.pending() : [];
    // What comes after all that was expected is a surprise, however late.
    const endless = await world.runAll().then(
      () => undefined,
      (error: unknown) => error,
    );
    const failures = [...(endless === undefined ? [] : [endless]), ...expectations.failures()];
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw together(failures);
    if (pending.length > 0) throw leftBehind(pending.map(describeTimer), end);
  } finally {
    expectations.end();
  }
}

function contextOf(world: VirtualWorld, expectations: Expectations): VirtualTestContext {
  const now = (): number => world.now;
  return {
    time: {
      get now() {
        return world.now;
      },
      advance: async (delayMs) => world.advance(expectDelay('the time to advance', delayMs)),
      settle: () => world.advance(0),
      runAll: () => world.whenIdle(),
    },
    hot: (...diagram) => hotSource(now, ...diagram),
    cold: (...diagram) => coldSource(now, ...diagram),
    expect: (stream) => expectations.expect(stream),
  };
}

function together(failures: readonly unknown[]): TestFailure {
  const texts = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
  return new TestFailure(texts.join('\n\n'), { cause: failures });
}

function leftBehind(timers: readonly string[], end: number): TestFailure {
  const [what, it] = timers.length === 1 ? ['a timer was', 'it'] : [`${timers.length} timers were`, 'them'];
  return new TestFailure(
    `Expected nothing to be left to do at the end of the test, at ${end.toLocaleString('en')} ms, but ${what} still pending:\n` +
      `${timers.map((timer) => `  ${timer}`).join('\n')}\n` +
      `Close or unsubscribe what made ${it}; or wait for ${it} with time.runAll(); or say pendingTimers: 'ignore'.`,
  );
}
