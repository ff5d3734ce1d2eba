import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectOneOf, show } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';
import type { Scenario } from './scenario.ts';
import { search } from './search.ts';

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

/** So many schedules are searched at a time. */
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
  const { runs = 1_000, seed = Math.trunc(Math.random() * 0x7fff_ffff), maxMs = Infinity } = checkOptions(options);
  const { path, maxDecisions = 100, maxTimers = 10_000, pendingTimers = 'fail' } = options;
  expectFunction('the scenario', scenario, true);
  const common = { path, maxDecisions, maxTimers, pendingTimers };
  if (path !== undefined) {
    await search(scenario, { ...common, seed, runs: 1, runsBefore: 0 });
    return { runs: 1, seed };
  }
  const deadline = performance.now() + maxMs;
  let done = 0;
  while (done < runs && (done === 0 || performance.now() < deadline)) {
    const chunk = Math.min(CHUNK, runs - done);
    // Each chunk has a seed of its own, which a failure names.
    await search(scenario, { ...common, seed: seed + done, runs: chunk, runsBefore: done });
    done += chunk;
  }
  return { runs: done, seed };
}

const NAMES: readonly (keyof ExploreOptions)[] = [
  'runs',
  'seed',
  'path',
  'maxMs',
  'maxDecisions',
  'maxTimers',
  'pendingTimers',
];

function checkOptions(options: ExploreOptions): ExploreOptions {
  expectKnownOptions('explore', options, NAMES);
  const { runs, seed, path, maxMs, maxDecisions, maxTimers, pendingTimers } = options;
  if (runs !== undefined) expectCount('runs', runs, 1);
  if (maxDecisions !== undefined) expectCount('maxDecisions', maxDecisions, 1);
  if (maxTimers !== undefined) expectCount('maxTimers', maxTimers, 1);
  if (maxMs !== undefined) expectDelay('maxMs', maxMs, true);
  if (pendingTimers !== undefined) expectOneOf('pendingTimers', pendingTimers, ['fail', 'ignore']);
  if (path !== undefined && !/^\d+(?::\d+)*$/u.test(path)) {
    throw new InvalidOptionError(`Expected path to be as a failure has named it, such as '0:3:1', got ${show(path)}.`);
  }
  if (path !== undefined && seed === undefined) {
    throw new InvalidOptionError('Expected the seed that a failure has named with its path, got a path alone.');
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new InvalidOptionError(`Expected seed to be a whole number, got ${show(seed)}.`);
  }
  return options;
}
