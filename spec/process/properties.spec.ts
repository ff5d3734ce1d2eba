import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { asynchronousPlans, type Plan, synchronousPlans } from './simulation/plans.ts';
import { Simulation } from './simulation/simulation.ts';

/**
 * Every run of a plan looks for all of this, see `Simulation`; each property has the plans in which its own fault is likely.
 */
// More by hand: MILLRACE_RUNS=5000 npx vitest run spec/process/properties.spec.ts
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 300);

const PROPERTIES: readonly { name: string; likely: (plan: Plan) => Plan }[] = [
  {
    name: 'every accepted event ends exactly once, and accepted + redriven = handled + dead + dropped + pending at every step',
    likely: (plan) => plan,
  },
  {
    name: 'in flight never exceeds the concurrency, and pending never concurrency × maxSize + capacity',
    likely: (plan) => ({ ...plan, capacity: Math.min(plan.capacity, 2), isKeyed: false, breaker: undefined }),
  },
  {
    name: 'the order of each key holds across retries',
    likely: ({ retry, ...plan }) => ({
      ...plan,
      isKeyed: true,
      strategy: 'queue',
      retry: { delayMs: 3, multiplier: 1, maxDelayMs: 9, jitter: 'full', isPicky: false, ...retry, maxAttempts: 3 },
      capacity: plan.capacity + 2,
      store: 'memory',
    }),
  },
  {
    name: 'what is handled together starts when it is full or has waited long enough, and ends as one, in the order of each key',
    likely: (plan) => ({
      ...plan,
      batch: plan.batch ?? { maxSize: 3, maxWaitMs: plan.closeAfterMs % 11 },
      strategy: 'queue',
      breaker: undefined,
    }),
  },
  {
    name: 'a newer event of a lane supersedes, or finds it busy, once',
    likely: (plan) => ({ ...plan, strategy: plan.strategy === 'queue' ? 'switch' : plan.strategy }),
  },
  {
    name: 'neither a timer nor a subscription is left after close',
    likely: ({ retry, ...plan }) => ({
      ...plan,
      retry: { delayMs: 9, multiplier: 1.5, maxDelayMs: 30, jitter: 'equal', isPicky: false, ...retry, maxAttempts: 4 },
      timeoutMs: plan.timeoutMs ?? 9,
      breaker: plan.breaker ?? { failureThreshold: 2, resetAfterMs: 9 },
      closeAfterMs: plan.closeAfterMs % 20,
    }),
  },
];

describe('whatever handler, options and interleaving, in virtual time', { timeout: 60_000 }, () => {
  it.each(PROPERTIES)('$name', ({ likely }) => {
    fc.assert(
      fc.property(synchronousPlans, (plan) => new Simulation(likely(plan)).runNow()),
      { numRuns: RUNS },
    );
  });
});

describe('whatever handler, options and interleaving, with promises', { timeout: 60_000 }, () => {
  it.each(PROPERTIES)('$name', async ({ likely }) => {
    await fc.assert(
      fc.asyncProperty(asynchronousPlans, (plan) => new Simulation(likely(plan)).run()),
      { numRuns: RUNS },
    );
  });
});
