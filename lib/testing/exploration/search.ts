import { TestFailure, textOf } from '../test-failure.ts';
import { STACK_DEPTH } from '../virtual/virtual-run.ts';
import { type RunLimits, runScenario, type Scenario } from './scenario.ts';
import { MOST } from './schedule.ts';

/** Which schedules are searched. */
export interface Search extends RunLimits {
  readonly seed: number;
  readonly runs: number;
  /** How many were searched before, for the text of a failure. */
  readonly runsBefore: number;
  readonly maxDecisions: number;
  /** Of the seed, only this schedule. */
  readonly path: string | undefined;
}

/**
 * Searches for a schedule under which a scenario fails, and makes it shorter as long as it still does.
 *
 * @throws TestFailure for the shortest one
 */
export async function search(scenario: Scenario, options: Search): Promise<void> {
  const { seed, runs: numRuns, runsBefore, maxDecisions, path } = options;
  const fc = await loadFastCheck();
  const numbers = fc.array(fc.nat(MOST), { maxLength: maxDecisions, size: 'max' });
  const property = fc.asyncProperty(numbers, (list) => runScenario(scenario, list, options));
  const found = await fc.check(property, { seed, numRuns, ...(path !== undefined && { path, endOnFailure: true }) });
  if (!found.failed) return;
  const { failure, pictures } = await runAgain(scenario, found.counterexample![0], options);
  throw new TestFailure(
    `Expected the scenario to hold in every order, but run ${runsBefore + found.numRuns} failed: ${textOf(failure)}\n\n` +
      `The shortest schedule that fails, found by shortening it ${found.numShrinks} times:\n\n` +
      `${pictures.length === 0 ? '  (call timeline(bus) in the scenario to see it)' : pictures.join('\n\n')}\n\n` +
      `To run it again: explore(scenario, { seed: ${found.seed}, path: '${found.counterexamplePath}' })`,
    { cause: failure },
  );
}

/** The shortest failure once more, to see it, with the stacks that the search did without. */
async function runAgain(
  scenario: Scenario,
  numbers: readonly number[],
  limits: RunLimits,
): Promise<{ failure: unknown; pictures: readonly string[] }> {
  let pictures: readonly string[] = [];
  try {
    await runScenario(scenario, numbers, limits, STACK_DEPTH, (timelines) => {
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

/** Only who explores needs it. */
async function loadFastCheck() {
  try {
    return await import('fast-check');
  } catch (cause) {
    const text = 'Expected fast-check, which explore() makes its schedules with: npm install --save-dev fast-check';
    throw new TestFailure(text, { cause });
  }
}
