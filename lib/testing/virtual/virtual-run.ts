import type { Observable } from 'rxjs';
import { expectDelay } from '../../core/options.ts';
import { TestFailure, textOf } from '../test-failure.ts';
import { Expectations, type StreamExpectation } from './expectations.ts';
import { coldSource, hotSource, type MarbleSource } from './marble-sources.ts';
import type { IsEqual } from './mismatch.ts';
import { callWithin, takeTurn } from './turns.ts';
import { VirtualWorld, type VirtualWorldOptions } from './virtual-world.ts';
import { leftBehind } from './world-failures.ts';

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

/** What a virtual test is given: properties, so that they can be taken apart. */
export interface VirtualTestContext {
  /** The clock. */
  readonly time: VirtualTime;
  /** A source that goes on whether anybody subscribes or not; it begins now, or at its `^`. */
  readonly hot: <Value = string>(
    marbles: string,
    values?: Readonly<Record<string, Value>>,
    error?: unknown,
  ) => MarbleSource<NoInfer<Value>>;
  /** A source that begins anew for each subscriber. */
  readonly cold: <Value = string>(
    marbles: string,
    values?: Readonly<Record<string, Value>>,
    error?: unknown,
  ) => MarbleSource<NoInfer<Value>>;
  /** Listens to a stream from now on; checked at the end of the test. */
  readonly expect: <Value>(stream: Observable<Value>) => StreamExpectation<Value>;
}

/** Deep enough to find the test's own line below the operators of a pipeline. */
export const STACK_DEPTH = 100;

/** How a run is made, and what counts as a failure. */
export interface VirtualRunOptions extends VirtualWorldOptions {
  readonly pendingTimers: 'fail' | 'ignore';
  readonly isEqual: IsEqual;
  /** Called at the end, while time is still virtual. */
  readonly onEnd?: () => void;
}

/** Runs a body in virtual time, and checks all that it expects. @throws what fails */
export async function runVirtually(
  body: (context: VirtualTestContext) => Promise<void> | void,
  { pendingTimers, isEqual, onEnd, ...options }: VirtualRunOptions,
): Promise<void> {
  const leave = await takeTurn();
  try {
    const world = new VirtualWorld(options);
    try {
      await run(world, new Expectations(() => world.now, isEqual), body, pendingTimers);
    } finally {
      try {
        onEnd?.();
      } finally {
        world.restore();
      }
    }
  } finally {
    leave();
  }
}

async function run(
  world: VirtualWorld,
  expectations: Expectations,
  body: (context: VirtualTestContext) => Promise<void> | void,
  pendingTimers: 'fail' | 'ignore',
): Promise<void> {
  try {
    await world.complete(async () => callWithin(() => body(contextOf(world, expectations))));
    await world.complete(() => world.advance(Math.max(0, expectations.horizon - world.now)));
    const { ends } = expectations;
    if (ends !== undefined) await world.complete(() => Promise.race([ends, world.whenIdle()]));
    const { now, busyHandlers } = world;
    const pending = pendingTimers === 'fail' ? world.pending() : [];
    // What comes after all that was expected is a surprise, however late.
    const broken = await world.runAll().then(
      () => [],
      (error: unknown) => [error],
    );
    // An interval may go on for ever if nobody minds what is left.
    const isFine = world.isEndless && pending.length === 0;
    const failures = [...(isFine ? [] : broken), ...expectations.failures()];
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw together(failures);
    if (pending.length > 0) throw leftBehind({ now, busyHandlers }, pending);
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
  return new TestFailure(failures.map(textOf).join('\n\n'), { cause: failures });
}
