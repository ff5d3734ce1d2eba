import { afterAll, describe, expect, it } from 'vitest';
import { type Finding, findMutant } from './find-mutant.ts';
import { MUTANTS } from './mutants.ts';

const RUNS = 1_000;

describe('exploring the engine', { timeout: 130_000 }, () => {
  const found: string[] = [];

  afterAll(() => console.log(['| planted bug | found in run |', '| --- | --- |', ...found].join('\n')));

  it('finds nothing in the sound one', async () => {
    expect(await findMutant(undefined, RUNS)).toStrictEqual({ message: '' } satisfies Partial<Finding>);
  });

  it.each(MUTANTS)(`finds within ${RUNS} schedules: $bug`, async (mutant) => {
    const { run, message } = await findMutant(mutant, RUNS);
    found.push(`| ${mutant.bug} | ${run} |`);
    expect(run).toBeLessThanOrEqual(RUNS);
    expect(message).toContain('To run it again: explore(scenario, { seed: ');
  });
});
