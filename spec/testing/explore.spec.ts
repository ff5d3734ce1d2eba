import { createEventBus, defineEvent, payload } from 'millrace';
import { explore, type ExplorationContext, type Schedule } from 'millrace/testing';
import { describe, expect, it } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<number>());

/** Right, but for three orders: then the second one is forgotten. */
async function forgetful({ flaky, schedule, timeline }: ExplorationContext): Promise<void> {
  using bus = createEventBus();
  timeline(bus);
  const billed: number[] = [];
  bus.on(
    OrderPlaced,
    flaky(({ data }) => void billed.push(data)),
    { name: 'bill', retry: { maxAttempts: 9, delayMs: 5 } },
  );
  const orders = 1 + schedule.upTo(4);
  for (let order = 1; order <= orders; order++) if (orders < 3 || order !== 2) bus.emit(OrderPlaced, order);
  await bus.drain();
  if (billed.length !== orders) throw new Error(`Expected ${orders} orders to be billed, got ${billed.length}.`);
}

async function failureOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'no failure',
    ({ message }: Error) => message,
  );
}

describe('explore', () => {
  it('says how many schedules it tried, of which seed', async () => {
    let runs = 0;
    expect(await explore(() => void runs++, { runs: 321, seed: 7 })).toStrictEqual({ runs: 321, seed: 7 });
    expect(runs).toBe(321);
  });

  it('makes a seed of its own', async () => {
    const [{ seed: one }, { seed: other }] = [
      await explore(() => {}, { runs: 1 }),
      await explore(() => {}, { runs: 1 }),
    ];
    expect(one).not.toBe(other);
  });

  it('shows the shortest schedule that fails, and how to run it again', async () => {
    expect(await failureOf(explore(forgetful, { seed: 1 }))).toMatchInlineSnapshot(`
      "Expected the scenario to hold in every order, but run 1 failed: Expected 3 orders to be billed, got 2.

      The shortest schedule that fails, found by shortening it 19 times:

      ms            0
      order.placed  (ab|)
      bill          a
                    b

      To run it again: explore(scenario, { seed: 1, path: '0:2:0:0:0:3:0:1:3:2:2:2:2:2:4:3:2:2:2:3' })"
    `);
  });

  it('does the same again for the same seed, to the letter', async () => {
    const first = await failureOf(explore(forgetful, { seed: 3 }));
    expect(await failureOf(explore(forgetful, { seed: 3 }))).toBe(first);
  });

  it('runs only the schedule that a path names', async () => {
    const first = await failureOf(explore(forgetful, { seed: 1 }));
    const { groups = {} } = /seed: (?<seed>\d+), path: '(?<path>[\d:]+)'/u.exec(first) ?? {};
    let runs = 0;
    const counted = (context: ExplorationContext): Promise<void> => {
      runs++;
      return forgetful(context);
    };
    const again = await failureOf(explore(counted, { seed: Number(groups['seed']), path: groups['path']! }));
    expect(again).toContain('Expected 3 orders to be billed, got 2.');
    // Once to see that it fails, once to see the picture.
    expect(runs).toBe(2);
  });

  it('ends in time, however many runs were asked for', async () => {
    const { runs } = await explore(() => {}, { runs: 100_000_000, maxMs: 1 });
    expect(runs).toBeLessThan(100_000);
  });

  it('says so when a failure does not come again', async () => {
    let runs = 0;
    const unstable = (): void => {
      runs++;
      if (runs === 10) throw new Error('by accident');
    };
    expect(await failureOf(explore(unstable, { seed: 1 }))).toContain('The failure did not come again');
  });

  it.each([
    ['a promise that nobody handles', () => void Promise.reject(new Error('lost')), 'rejected with Error: lost'],
    ['a wait for what never comes', () => new Promise<void>(() => {}), 'awaits something'],
    ['an interval without end', () => void setInterval(() => {}, 10), '10,000 timers have fired'],
    ['a timer that is left behind', () => void setTimeout(() => {}, 10), 'still pending'],
    [
      'an expectation',
      ({ expect: expectStream, cold }: ExplorationContext) => expectStream(cold('a|')).toBeObservable('b|'),
      "instead of 'b'",
    ],
  ])('fails for %s', async (_, scenario, message) => {
    expect(await failureOf(explore(scenario, { runs: 3, seed: 1 }))).toContain(message);
  });

  it.each([
    ['runs', { runs: 0 }],
    ['seed', { seed: 1.5 }],
    ['maxMs', { maxMs: -1 }],
    ['maxDecisions', { maxDecisions: 0 }],
    ['maxTimers', { maxTimers: 0 }],
    ['pendingTimers', { pendingTimers: 'no' as never }],
  ])('refuses %s that cannot work', async (name, options) => {
    await expect(explore(() => {}, options)).rejects.toThrow(`Expected ${name} to be`);
  });

  it('refuses an option that does not exist, and a path without its seed', async () => {
    await expect(explore(() => {}, { run: 3 } as never)).rejects.toThrow("Expected options of explore ('runs', 'seed'");
    await expect(explore(() => {}, { path: '0:1' })).rejects.toThrow('Expected the seed that a failure has named');
  });

  it('refuses what is not a scenario', async () => {
    await expect(explore('nothing' as never)).rejects.toThrow("Expected the scenario to be a function, got 'nothing'.");
  });
});

describe('a schedule', () => {
  /** What it decides in the first run that is not the simplest one. */
  async function decide<Decision>(ask: (schedule: Schedule) => Decision): Promise<readonly Decision[]> {
    const decisions: Decision[] = [];
    await explore(({ schedule }) => void decisions.push(ask(schedule)), { runs: 300, seed: 1 });
    return decisions;
  }

  it('gives whole numbers up to the one that is asked for', async () => {
    expect(new Set(await decide((schedule) => schedule.upTo(3)))).toStrictEqual(new Set([0, 1, 2, 3]));
  });

  it('gives one of several things', async () => {
    expect(new Set(await decide((schedule) => schedule.oneOf(['a', 'b'])))).toStrictEqual(new Set(['a', 'b']));
  });

  it('says yes as often as it should', async () => {
    const all = await decide((schedule) => Array.from({ length: 50 }, () => schedule.chance(0.9)));
    // Where its numbers have ended, it says no.
    expect(all.flat().filter(Boolean).length).toBeGreaterThan(300 * 50 * 0.3);
    expect(new Set(await decide((schedule) => schedule.chance(0)))).toStrictEqual(new Set([false]));
  });

  it.each([
    ['upTo', (schedule: Schedule) => schedule.upTo(-1), 'Expected most to be a whole number ≥ 0'],
    ['oneOf', (schedule: Schedule) => schedule.oneOf([]), 'Expected a list of choices that is not empty'],
    ['chance', (schedule: Schedule) => schedule.chance(Number.NaN), 'Expected probability to be'],
  ])('refuses what cannot be decided: %s', async (_, ask, message) => {
    expect(await failureOf(explore(({ schedule }) => void ask(schedule), { runs: 1 }))).toContain(message);
  });
});

describe('a handler by chance', () => {
  it('fails, hangs and takes its time as its odds say', async () => {
    const seen = { calls: 0, failed: 0, ended: 0, aborted: 0 };
    await explore(
      async ({ flaky, time }) => {
        const handle = flaky(() => {}, { failures: 0.5, hangs: 0.3, maxDelayMs: 20 });
        const controller = new AbortController();
        const call = Promise.resolve().then(() => handle('event', { signal: controller.signal, attempt: 1 }));
        seen.calls++;
        const ended = call.then(
          () => void seen.ended++,
          (error: unknown) => void (error === controller.signal.reason ? seen.aborted++ : seen.failed++),
        );
        await time.advance(20);
        controller.abort(new Error('enough'));
        await ended;
      },
      { runs: 500, seed: 1 },
    );
    expect(seen.calls).toBe(500);
    expect(seen.ended + seen.failed + seen.aborted).toBe(500);
    expect(Math.min(seen.ended, seen.failed, seen.aborted)).toBeGreaterThan(50);
  });
});
