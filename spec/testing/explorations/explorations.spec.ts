import { explore } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { SCENARIOS } from './scenarios.ts';

/** As many schedules as a minute allows where all is to be proved; elsewhere, enough to notice. `npm run soak` tries a million. */
const budgetMs = (process.env['CI'] === 'true' ? 60_000 : 6_000) / Object.keys(SCENARIOS).length;

describe('whatever happens in whatever order', { timeout: 120_000 }, () => {
  it.each(Object.entries(SCENARIOS))('keeps its promises: %s', async (name, scenario) => {
    // Each day other schedules; a failure names its own.
    const seed = Math.trunc(Date.now() / 86_400_000);
    const { runs } = await explore(scenario, { runs: 1_000_000, maxMs: budgetMs, seed });
    console.log(`explored ${runs.toLocaleString('en')} schedules of ${name}, seed ${seed}`);
    expect(runs).toBeGreaterThan(100);
  });
});
