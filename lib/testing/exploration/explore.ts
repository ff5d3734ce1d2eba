import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectDelay, expectFunction, show } from '../../core/options.ts';
import type { Handler, HandlerContext, HandlerFunction } from '../../process/handler.ts';
import { timeline, type Timeline, type WatchableBus } from '../picture/timeline.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import { TestFailure } from '../test-failure.ts';
import { runVirtually, STACK_DEPTH, type VirtualTestContext } from '../virtual/virtual-run.ts';
import { chanceHandler, type Odds } from './chance-handler.ts';
import { ListedSchedule, MOST, type Schedule } from './schedule.ts';

/** What a scenario is given: a virtual test's context, and the decisions of this run. */
export interface ExplorationContext extends VirtualTestContext {
  /** The decisions of this run: what you ask of it is explored. */
  readonly schedule: Schedule;
  /** A handler whose calls end in the order, and in the way, that the schedule decides. */
  readonly flaky: <Item, Context extends HandlerContext = HandlerContext>(
    handler: Handler<Item, Context>,
    odds?: Odds,
  ) => HandlerFunction<Item, Context>;
  /** Watches a bus, or whatever is given its probe, and is shown if this run fails. */
  readonly timeline: (bus?: WatchableBus) => Timeline;
}

/** A program to be run in many orders. It throws, or expects in vain, when something is wrong. */
export type Scenario = (context: ExplorationContext) => Promise<void> | void;

/** Options of {@link explore}. */
export interface ExploreOptions {
  /** How many schedules are tried. @defaultValue 1,000 */
  readonly runs?: number;
  /** Where the schedules come from. @defaultValue one of its own each time; it is in the failure, and in the result */
  readonly seed?: number;
  /** Which schedule of the seed, as a failure names it: only that one is run. */
  readonly path?: string;
  /** Ends sooner than after all runs: real milliseconds. @defaultValue no limit */
  readonly maxMs?: number;
  /** The most decisions that a schedule makes at random; any further ones are the simplest. @defaultValue 100 */
  readonly maxDecisions?: number;
  /** A run that fires more timers than this never ends, and fails. @defaultValue 10,000 */
  readonly maxTimers?: number;
  /** What becomes of a run that leaves timers behind. @defaultValue `'fail'` */
  readonly pendingTimers?: 'fail' | 'ignore';
}

/** What was explored without a failure. */
export interface Exploration {
  /** How many schedules were tried. */
  readonly runs: number;
  /** Where they came from. */
  readonly seed: number;
}

/** So many schedules are made at a time. */
const CHUNK = 250;

/**
 * Runs a scenario under many orders of completion, failures and delays, in virtual time. What its handlers do, and whatever else it asks its
 * `schedule`, is decided by a seed. When a run fails, the schedule is made shorter as long as it still fails; the error shows the shortest one as a
 * timeline, and how to run it again: the same seed gives the same runs, to the letter.
 *
 * Needs `fast-check`, which makes and shortens the schedules.
 *
 * @returns how much was explored
 * @throws TestFailure for the shortest schedule that fails; InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { explore } from 'millrace/testing';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: number }>());
 *
 * await explore(async ({ flaky, timeline, schedule }) => {
 *   using bus = createEventBus();
 *   timeline(bus);
 *   const billed: number[] = [];
 *   const bill = bus.on(OrderPlaced, flaky(({ data }) => billed.push(data.id)), { concurrency: 2, retry: { maxAttempts: 2 } });
 *   for (let id = 0; id <= schedule.upTo(5); id++) bus.emit(OrderPlaced, { id });
 *   await bus.drain();
 *   const { accepted, handled, dead } = bill.stats();
 *   if (billed.length !== handled || accepted !== handled + dead) throw new Error('An order was lost.');
 * }, { runs: 100, seed: 7 });
 * ```
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Exploration> {
  const {
    runs = 1_000,
    seed = Math.trunc(Math.random() * 0x7fff_ffff),
    path,
    maxMs = Infinity,
  } = checkOptions(options);
  expectFunction('the scenario', scenario, true);
  if (path !== undefined) {
    await exploreChunk(scenario, options, seed, 1, 0);
    return { runs: 1, seed };
  }
  const deadline = performance.now() + maxMs;
  let done = 0;
  while (done < runs && (done === 0 || performance.now() < deadline)) {
    const numRuns = Math.min(CHUNK, runs - done);
    // The schedules of one chunk come from one seed: a failure names that.
    await exploreChunk(scenario, options, seed + done, numRuns, done);
    done += numRuns;
  }
  return { runs: done, seed };
}

async function exploreChunk(
  scenario: Scenario,
  options: ExploreOptions,
  seed: number,
  numRuns: number,
  before: number,
): Promise<void> {
  const { maxDecisions = 100, path } = options;
  const fc = await loadFastCheck();
  const numbers = fc.array(fc.nat(MOST), { maxLength: maxDecisions, size: 'max' });
  const property = fc.asyncProperty(numbers, async (list) => {
    await runOnce(scenario, list, options);
  });
  const details = await fc.check(property, { seed, numRuns, ...(path !== undefined && { path, endOnFailure: true }) });
  if (!details.failed) return;
  const [list] = details.counterexample!;
  const { failure, pictures } = await runAgain(scenario, list, options);
  const message = failure instanceof Error ? failure.message : String(failure);
  throw new TestFailure(
    `Expected the scenario to hold in every order, but run ${before + details.numRuns} failed: ${message}\n\n` +
      `The shortest schedule that fails, after ${details.numShrinks} steps:\n\n` +
      `${pictures.length === 0 ? '  (call timeline(bus) in the scenario to see it)' : pictures.join('\n\n')}\n\n` +
      `To run it again: explore(scenario, { seed: ${details.seed}, path: '${details.counterexamplePath}' })`,
    { cause: failure },
  );
}

/** Only who explores needs it. */
async function loadFastCheck() {
  try {
    return await import('fast-check');
  } catch (cause) {
    throw new TestFailure(
      'Expected fast-check, which explore() makes its schedules with: npm install --save-dev fast-check',
      {
        cause,
      },
    );
  }
}

/** The shortest failure once more, to see it. */
async function runAgain(
  scenario: Scenario,
  list: readonly number[],
  options: ExploreOptions,
): Promise<{ failure: unknown; pictures: readonly string[] }> {
  let pictures: readonly string[] = [];
  try {
    await runOnce(scenario, list, options, STACK_DEPTH, (timelines) => {
      pictures = timelines.map(String);
    });
  } catch (failure) {
    return { failure, pictures };
  }
  return {
    failure: new Error(
      'The failure did not come again: the scenario depends on more than its schedule, such as real time.',
    ),
    pictures: [],
  };
}

async function runOnce(
  scenario: Scenario,
  list: readonly number[],
  { maxTimers = 10_000, pendingTimers = 'fail' }: ExploreOptions,
  stackDepth: number = 0,
  onEnd: (timelines: readonly Timeline[]) => void = () => {},
): Promise<void> {
  const timelines: Timeline[] = [];
  const schedule = new ListedSchedule(list);
  const body = (context: VirtualTestContext): Promise<void> | void =>
    scenario({
      ...context,
      schedule,
      flaky: (handler, odds) => chanceHandler(schedule, handler, odds),
      timeline: (bus) => {
        const picture = bus === undefined ? timeline() : timeline(bus);
        timelines.push(picture);
        return picture;
      },
    });
  await runVirtually(body, {
    startAt: 0,
    seed: 1,
    maxTimers,
    // Nothing comes from outside.
    patienceMs: 5,
    stackDepth,
    pendingTimers,
    isEqual: isStrictlyEqual,
    onEnd: () => onEnd(timelines),
  });
}

function checkOptions(options: ExploreOptions): ExploreOptions {
  const { runs, seed, maxMs, maxDecisions, maxTimers } = options;
  if (runs !== undefined) expectCount('runs', runs, 1);
  if (maxDecisions !== undefined) expectCount('maxDecisions', maxDecisions, 1);
  if (maxTimers !== undefined) expectCount('maxTimers', maxTimers, 1);
  if (maxMs !== undefined) expectDelay('maxMs', maxMs, true);
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new InvalidOptionError(`Expected seed to be a whole number, got ${show(seed)}.`);
  }
  return options;
}
