import { diagram, marbles, virtualTest } from 'millrace/testing';
import * as fc from 'fast-check';
import {
  asyncScheduler,
  auditTime,
  bufferTime,
  concat,
  concatMap,
  debounceTime,
  delay,
  exhaustMap,
  interval,
  map,
  merge,
  mergeMap,
  type Observable,
  type OperatorFunction,
  repeat,
  retry,
  sampleTime,
  type SchedulerLike,
  share,
  startWith,
  switchMap,
  take,
  takeUntil,
  throttleTime,
  timeout,
  timer,
} from 'rxjs';
import { describe, expect, it } from 'vitest';

type Stream = Observable<string>;
type MakeSource = (marbles: string) => Stream;

/** One operator of a pipeline. */
interface Step {
  readonly name: string;
  readonly apply: (source$: Stream, scheduler: SchedulerLike, cold: MakeSource) => Stream;
}

/** A pipeline of pure operators. */
interface Pipeline {
  readonly marbles: string;
  readonly isHot: boolean;
  readonly steps: readonly Step[];
}

const delayMs = fc.integer({ min: 0, max: 12 });
const periodMs = fc.integer({ min: 1, max: 12 });
const count = fc.integer({ min: 1, max: 3 });

function drawn(...ends: readonly string[]): fc.Arbitrary<string> {
  const marks = fc.array(fc.constantFrom('-', '-', '-', 'a', 'b', 'c', '(de)', ' 7ms '), { maxLength: 14 });
  return fc.tuple(marks, fc.constantFrom(...ends)).map(([middle, end]) => `${middle.join('')}${end}`);
}

const outer = drawn('', '|', '#', '-|', '(f|)', '(g#)', ' 3ms |');
const inner = drawn('|', '|', '#', '(f|)');

function operator(name: string, apply: Step['apply']): Step {
  return { name, apply };
}

const flattening: fc.Arbitrary<(project: (letter: string) => Stream) => OperatorFunction<string, string>> =
  fc.constantFrom(
    (project) => switchMap(project),
    (project) => concatMap(project),
    (project) => exhaustMap(project),
    (project) => mergeMap(project, 2),
    (project) => mergeMap(project),
  );

/** Operators whose timers fire once. */
const once: fc.Arbitrary<Step> = fc.oneof(
  delayMs.map((ms) => operator(`delay ${ms}`, (source$, on) => source$.pipe(delay(ms, on)))),
  delayMs.map((ms) => operator(`audit ${ms}`, (source$, on) => source$.pipe(auditTime(ms, on)))),
  fc.tuple(delayMs, fc.boolean(), fc.boolean()).map(([ms, leading, trailing]) => {
    const throttled = (on: SchedulerLike) => throttleTime<string>(ms, on, { leading, trailing });
    return operator(`throttle ${ms} ${leading} ${trailing}`, (source$, on) => source$.pipe(throttled(on)));
  }),
  periodMs.map((ms) => operator(`timeout ${ms}`, (source$, on) => source$.pipe(timeout({ each: ms, scheduler: on })))),
  periodMs.map((ms) =>
    operator(`timeout ${ms} with another`, (source$, on, cold) =>
      source$.pipe(timeout({ first: ms, scheduler: on, with: () => cold('--t|') })),
    ),
  ),
  fc
    .tuple(count, delayMs)
    .map(([times, ms]) =>
      operator(`retry ${times} ${ms}`, (source$, on) =>
        source$.pipe(retry({ count: times, delay: () => timer(ms, on) })),
      ),
    ),
  fc
    .tuple(count, delayMs)
    .map(([times, ms]) =>
      operator(`repeat ${times} ${ms}`, (source$, on) =>
        source$.pipe(repeat({ count: times, delay: () => timer(ms, on) })),
      ),
    ),
  fc
    .tuple(flattening, inner)
    .map(([flatten, text]) =>
      operator(`${String(flatten)} '${text}'`, (source$, _, cold) =>
        source$.pipe(flatten((letter) => cold(text).pipe(startWith(letter)))),
      ),
    ),
  delayMs.map((ms) => operator(`concat ${ms}`, (source$, on) => concat(source$, timer(ms, on).pipe(map(() => 'z'))))),
  delayMs.map((ms) => operator(`takeUntil ${3 * ms}`, (source$, on) => source$.pipe(takeUntil(timer(3 * ms, on))))),
  delayMs.map((ms) =>
    operator(`share, and delay ${ms}`, (source$, on) => {
      const shared$ = source$.pipe(share());
      return merge(shared$, shared$.pipe(delay(ms, on)));
    }),
  ),
);

/** Operators whose timers are set again. */
const repeatedly: fc.Arbitrary<Step> = fc.oneof(
  delayMs.map((ms) => operator(`debounce ${ms}`, (source$, on) => source$.pipe(debounceTime(ms, on)))),
  periodMs.map((ms) => operator(`sample ${ms}`, (source$, on) => source$.pipe(sampleTime(ms, on)))),
  fc.tuple(periodMs, fc.option(periodMs, { nil: null })).map(([ms, every]) => {
    const last = (letters: readonly string[]): string => letters.at(-1) ?? '0';
    return operator(`buffer ${ms} ${every}`, (source$, on) => source$.pipe(bufferTime(ms, every, on), map(last)));
  }),
  fc.tuple(flattening, periodMs, count).map(([flatten, ms, times]) => {
    const ticks = (on: SchedulerLike): Stream => interval(ms, on).pipe(take(times), map(String));
    return operator(`${String(flatten)} interval ${ms} ${times}`, (source$, on) =>
      source$.pipe(flatten(() => ticks(on))),
    );
  }),
  fc.tuple(delayMs, periodMs).map(([ms, period]) => {
    const ticks = (on: SchedulerLike): Stream => timer(ms, period, on).pipe(take(3), map(String));
    return operator(`merge ${ms} ${period}`, (source$, on) => merge(source$, ticks(on)));
  }),
);

function pipelines(step: fc.Arbitrary<Step>): fc.Arbitrary<Pipeline> {
  const steps = fc.array(step, { minLength: 1, maxLength: 4 });
  return fc
    .record({ marbles: outer, isHot: fc.boolean(), steps })
    .map((pipeline) => Object.assign(pipeline, { [fc.toStringMethod]: () => inWords(pipeline) }));
}

function inWords({ marbles: text, isHot, steps }: Pipeline): string {
  return `${isHot ? 'hot' : 'cold'} '${text}' → ${steps.map(({ name }) => name).join(' → ')}`;
}

function build({ steps }: Pipeline, source$: Stream, scheduler: SchedulerLike, cold: MakeSource): Stream {
  const built$ = steps.reduce((stream$, step) => step.apply(stream$, scheduler, cold), source$);
  return built$.pipe(takeUntil(timer(150, scheduler)));
}

/** @param isGiven - whether the operators are given the scheduler, or RxJS sees to it that theirs follows */
function byTestScheduler(pipeline: Pipeline, isGiven: boolean): string {
  let picture: unknown;
  marbles((m) => {
    const { scheduler } = m;
    const source$ = pipeline.isHot ? m.hot(pipeline.marbles) : m.cold(pipeline.marbles);
    // As it subscribes to what is expected.
    scheduler.schedule(() => {
      picture = diagram(build(pipeline, source$, isGiven ? scheduler : asyncScheduler, (text) => m.cold(text)));
    });
    m.flush();
  })();
  return String(picture);
}

async function inVirtualTime(pipeline: Pipeline): Promise<string> {
  let picture: unknown;
  const test = virtualTest(async ({ time, hot, cold }) => {
    const source$ = pipeline.isHot ? hot(pipeline.marbles) : cold(pipeline.marbles);
    picture = diagram(build(pipeline, source$, asyncScheduler, (text) => cold(text)));
    await time.runAll();
  });
  await test();
  return String(picture);
}

describe('a pipeline of pure operators does the same in a virtual test as', () => {
  it('with the TestScheduler, to the order within a millisecond', { timeout: 60_000 }, async () => {
    const all = pipelines(fc.oneof(once, repeatedly));
    await fc.assert(
      fc.asyncProperty(all, async (pipeline) => {
        expect(await inVirtualTime(pipeline)).toBe(byTestScheduler(pipeline, true));
      }),
      { numRuns: 1_500 },
    );
  });

  // Of two timers that are set again for the same millisecond, RxJS's run mode fires the one first that was made first, even if it was set again
  // last. Timers of Node do not, nor does the TestScheduler itself.
  it('in the run mode of marbles, where no timer is set again', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(pipelines(once), async (pipeline) => {
        expect(await inVirtualTime(pipeline)).toBe(byTestScheduler(pipeline, false));
      }),
      { numRuns: 1_500 },
    );
  });
});
