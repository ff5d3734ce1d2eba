import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Deed, type Plan, type PlannedItem, type PlannedPool, plans } from './simulation/plans.ts';
import { Simulation } from './simulation/simulation.ts';

/**
 * Every run of a plan looks for all of this, see `Laws`; each property has the plans in which its own fault is likely.
 */
// More by hand: MILLRACE_RUNS=5000 npx vitest run spec/channel/properties.spec.ts
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 300);

const PROPERTIES: readonly { name: string; likely: (plan: Plan) => Plan }[] = [
  { name: 'every item that is accepted is handed out or given up once, and ends once', likely: (plan) => plan },
  {
    name: 'accepted = handed out + waiting + abandoned, and no more than the capacity waits beyond the slots',
    likely: (plan) => {
      const retry = { maxAttempts: 3, delayMs: 9 };
      return withPools(withoutEnds({ ...plan, capacity: Math.min(plan.capacity, 2) }), (pool) => ({
        ...pool,
        isKeyed: true,
        retry,
      }));
    },
  },
  {
    name: 'each reader is given its items in order, from hand to hand too',
    likely: (plan) =>
      withDeeds({ ...plan, capacity: Math.min(plan.capacity, 1) }, (deed) => (deed.do === 'process' ? READ : deed)),
  },
  {
    name: 'batches are of what waits, and none waits for more that cannot come',
    likely: (plan) =>
      withPools(plan, (pool) => ({ ...pool, batch: pool.batch ?? { maxSize: 3, maxWaitMs: Infinity } })),
  },
  {
    name: 'letters come back to their workers within the same bounds',
    likely: (plan) => {
      const failing = withItems(withoutEnds(plan), (item) => ({
        ...item,
        attempts: [{ form: 'promise', end: 'fail', afterMs: 1 }, ...item.attempts],
      }));
      return withDeeds(failing, (deed) => (deed.do === 'drainPool' ? { do: 'redrive' } : deed));
    },
  },
];

const READ: Deed = { do: 'iterate', reader: { takes: Infinity, paceMs: 2, loops: 1 } };

describe('whatever producers, consumers and interleaving', { timeout: 60_000 + RUNS * 20 }, () => {
  it.each(PROPERTIES)('$name', async ({ likely }) => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => new Simulation(likely(plan)).run()),
      { numRuns: RUNS },
    );
  });
});

function withDeeds(plan: Plan, change: (deed: Deed) => Deed): Plan {
  return {
    ...plan,
    starts: plan.starts.map(change),
    steps: plan.steps.map(({ deed, ...step }) => ({ ...step, deed: change(deed) })),
  };
}

/** The channel stays open until the last step. */
function withoutEnds(plan: Plan): Plan {
  return withDeeds(plan, (deed) => (['close', 'dispose', 'drain'].includes(deed.do) ? READ : deed));
}

function withPools(plan: Plan, change: (pool: PlannedPool) => PlannedPool): Plan {
  return withDeeds(plan, (deed) => (deed.do === 'process' ? { ...deed, pool: change(deed.pool) } : deed));
}

function withItems(plan: Plan, change: (item: PlannedItem) => PlannedItem): Plan {
  return withDeeds(plan, (deed) =>
    deed.do === 'send' || deed.do === 'trySend' ? { ...deed, item: change(deed.item) } : deed,
  );
}
