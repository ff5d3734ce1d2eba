import { AsyncLocalStorage } from 'node:async_hooks';
import { clearTimeout as clearModuleTimeout, setTimeout as setModuleTimeout } from 'node:timers';
import { setInterval as everyMs, setTimeout as sleep } from 'node:timers/promises';
import { explore, virtualTest, type VirtualTestContext, type VirtualTestOptions } from 'millrace/testing';
import { interval, map, take, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

type Body = (context: VirtualTestContext) => Promise<void> | void;

async function failureOf(body: Body, options?: VirtualTestOptions): Promise<string> {
  return virtualTest(body, options)().then(
    () => 'no failure',
    (error: unknown) => String(error),
  );
}

describe('the timers of a virtual test', () => {
  it(
    'are those of node:timers/promises, too',
    virtualTest(async ({ time }) => {
      expect(await sleep(86_400_000, 'slept')).toBe('slept');
      expect(time.now).toBe(86_400_000);
      const rounds: number[] = [];
      for await (const _ of everyMs(10)) if (rounds.push(time.now) === 2) break;
      expect(rounds).toStrictEqual([86_400_010, 86_400_020]);
      const aborted = sleep(50, undefined, { signal: AbortSignal.timeout(20) });
      await expect(aborted).rejects.toThrow('The operation was aborted');
      expect(time.now).toBe(86_400_040);
    }),
  );

  it(
    'are those of node:timers, too',
    virtualTest(async ({ time }) => {
      const fired = vi.fn();
      clearModuleTimeout(setModuleTimeout(fired, 20));
      setModuleTimeout(() => setModuleTimeout(() => fired(time.now), 0), 30);
      await time.runAll();
      expect(fired.mock.calls).toStrictEqual([[30]]);
    }),
  );

  it('are all given back', async () => {
    const before = [sleep, everyMs, setModuleTimeout, clearModuleTimeout];
    await virtualTest(() => {})();
    expect([sleep, everyMs, setModuleTimeout, clearModuleTimeout]).toStrictEqual(before);
    const started = performance.now();
    await sleep(5);
    expect(performance.now() - started).toBeGreaterThan(3);
  });

  it(
    'keep what an AsyncLocalStorage holds',
    virtualTest(async ({ time }) => {
      const request = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const see = (): void => void seen.push(request.getStore());
      request.run('first', () => {
        setTimeout(see, 5);
        setImmediate(see);
        timer(7).subscribe(see);
      });
      request.run('second', () => setTimeout(see, 6));
      await time.runAll();
      expect(seen).toStrictEqual(['first', 'first', 'second', 'first']);
    }),
  );

  it(
    'may be cleared by their number',
    virtualTest(async ({ time }) => {
      const fired = vi.fn();
      const waiting: unknown = setTimeout(fired, 10);
      clearTimeout(Number(waiting));
      const ticking: unknown = setInterval(() => {
        fired();
        clearInterval(Number(ticking));
      }, 10);
      await time.advance(50);
      expect(fired).toHaveBeenCalledTimes(1);
    }),
  );

  it(
    'repeat after what they have made for the same time, as in Node',
    virtualTest(async ({ time }) => {
      const order: string[] = [];
      const ticking = setInterval(() => {
        order.push(`round at ${time.now}`);
        setTimeout(() => order.push(`made at ${time.now - 10}`), 10);
      }, 10);
      await time.advance(20);
      clearInterval(ticking);
      await time.runAll();
      expect(order).toStrictEqual(['round at 10', 'made at 10', 'round at 20', 'made at 20']);
    }),
  );

  it(
    'refuse at once what is no function, or no time, as the real ones do',
    virtualTest(() => {
      const nothing: unknown = 'nothing';
      expect(() => setTimeout(nothing as () => void, 10)).toThrow(TypeError);
      expect(() => AbortSignal.timeout(-1)).toThrow(RangeError);
      expect(() => AbortSignal.timeout(undefined as never)).toThrow(TypeError);
    }),
  );
});

describe('an error that nobody catches fails the virtual test in which it is thrown', () => {
  it.each<[string, (task: () => void) => void]>([
    ['queueMicrotask', (task) => queueMicrotask(task)],
    ['process.nextTick', (task) => process.nextTick(task)],
  ])('by %s', async (_, defer) => {
    const throwing = (): never => {
      throw new RangeError('thrown in vain');
    };
    const before = process.rawListeners('uncaughtException');
    expect(await failureOf(() => defer(throwing))).toBe('RangeError: thrown in vain');
    const thrownLater: Body = async ({ time }) => {
      setTimeout(() => defer(throwing), 5);
      await time.advance(10);
    };
    expect(await failureOf(thrownLater)).toBe('RangeError: thrown in vain');
    expect(process.rawListeners('uncaughtException')).toStrictEqual(before);
  });

  it('by a promise, even if it is no error and has no text', async () => {
    const failure = await failureOf(() => void Promise.reject(Object.create(null)));
    expect(failure).toContain('a promise was rejected with {}');
  });
});

describe('a virtual test', () => {
  it('that advances time for ever fails', async () => {
    const failure = await failureOf(
      async ({ time }) => {
        for (;;) await time.advance(1);
      },
      { maxTimers: 20 },
    );
    expect(failure).toContain(
      'Expected the test to end, but it has waited for time 200 times until 100 ms, and goes on.',
    );
  });

  it('refuses what goes on after its end', async () => {
    let late: VirtualTestContext | undefined;
    await virtualTest((context) => void (late = context))();
    const over = 'Expected the virtual test to be still running, but it has ended';
    await expect(late?.time.advance(1)).rejects.toThrow(over);
    await expect(late?.time.settle()).rejects.toThrow(over);
    await expect(late?.time.runAll()).rejects.toThrow(over);
    expect(() => late?.expect(timer(1))).toThrow(over);
  });

  it(
    'draws streams for longer than a timer can last',
    virtualTest(async ({ time, cold, hot, expect: see }) => {
      const [cold$, hot$] = [cold('43200m a 43200m b|'), hot('43200m a')];
      see(cold$).toBeObservable('43200m a 43200m b|');
      see(hot$).toBeObservable('43200m a');
      see(cold$).toHaveSubscriptions('^ 43200m - 43200m !');
      const unsubscribed = cold('43200m a').subscribe(() => expect.unreachable());
      await time.advance(2_147_483_647);
      await time.advance(1);
      unsubscribed.unsubscribe();
    }),
  );

  it('draws no part of a millisecond, which timers cannot keep', async () => {
    expect(await failureOf(({ cold }) => void cold('- 1.5ms a'))).toContain(
      'Expected a time of whole milliseconds at 2 of the marble diagram',
    );
    await virtualTest(({ cold, expect: see }) => {
      see(cold('1.5s a').pipe(map((letter) => letter))).toBeObservable('1500ms a');
      see(cold('1.001s a 0.3m b')).toBeObservable('1001ms a 18s b');
    })();
  });

  it('compares values with those that have a letter only, when it draws thousands', async () => {
    let reads = 0;
    const counted = (id: number): object =>
      Object.defineProperty({}, 'id', { enumerable: true, get: () => (reads++, id) });
    const failure = await failureOf(({ expect: see }) =>
      see(interval(1).pipe(take(2_000), map(counted))).toBeObservable('-a', { a: { id: 1 } }),
    );
    expect(failure).toContain('XYZ0123456789?????');
    // With each other one: four million.
    expect(reads).toBeLessThan(1_000_000);
  });
});

it.each(['', 'abc', '1:', '1:-1'])('explore refuses a path that no failure has named: %j', async (path) => {
  await expect(explore(() => {}, { path, seed: 1 })).rejects.toThrow('Expected path to be as a failure has named it');
});

it('explore fails with what is thrown, even if it has no text', async () => {
  const thrown: unknown = Object.create(null);
  const throwing = (): never => {
    throw thrown;
  };
  await expect(explore(throwing, { runs: 1 })).rejects.toThrow('but run 1 failed: {}');
});

it('a schedule gives numbers as great as they may be', async () => {
  const given: number[] = [];
  await explore(({ schedule }) => void given.push(schedule.upTo(9_000_000_000)), { runs: 200, seed: 1 });
  expect(Math.max(...given)).toBeGreaterThan(5_000_000_000);
  expect(Math.max(...given)).toBeLessThanOrEqual(9_000_000_000);
  expect(given.every((number) => Number.isSafeInteger(number) && number >= 0)).toBe(true);
});

it.each([-0.1, 1.1, 50, Number.NaN])('a schedule refuses what is no probability: %d', async (odds) => {
  const from0to1 = /to be from 0, never, to 1, always, got/u;
  await expect(explore(({ schedule }) => void schedule.chance(odds), { runs: 1 })).rejects.toThrow(from0to1);
  await expect(explore(({ flaky }) => void flaky(() => {}, { failures: odds }), { runs: 1 })).rejects.toThrow(from0to1);
  await expect(explore(({ flaky }) => void flaky(() => {}, { hangs: odds }), { runs: 1 })).rejects.toThrow(from0to1);
});
