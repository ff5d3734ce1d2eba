import { marbles, virtualTest, type VirtualTestContext, type VirtualTestOptions } from 'millrace/testing';
import { defer, interval, retry, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';

type Body = (context: VirtualTestContext) => Promise<void> | void;

/** All of the process that a virtual test changes. */
function surroundings(): Readonly<Record<string, unknown>> {
  return {
    ...pick(globalThis, [
      'setTimeout',
      'setInterval',
      'setImmediate',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ]),
    ...pick(globalThis, ['Date', 'Intl', 'performance', 'scheduler', 'queueMicrotask']),
    ...pick(performance, ['now', 'timeOrigin']),
    ...pick(process, ['hrtime', 'nextTick']),
    ...pick(Math, ['random']),
    ...pick(AbortSignal, ['timeout']),
    ...pick(Promise.prototype, ['then']),
    ...pick(Error, ['stackTraceLimit']),
    ...pick(TestScheduler, ['frameTimeFactor']),
    rejectionListeners: process.rawListeners('unhandledRejection'),
  };
}

function pick(object: object, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, Reflect.get(object, name)]));
}

const fail = async (): Promise<never> => {
  throw new Error('as planned');
};

const ENDINGS: readonly { readonly ending: string; readonly body: Body; readonly failure?: string | RegExp }[] = [
  { ending: 'passes', body: async ({ time }) => time.advance(10) },
  { ending: 'passes without a promise', body: ({ cold, expect: see }) => see(cold('a|')).toBeObservable('a|') },
  { ending: 'rejects', body: fail, failure: 'as planned' },
  {
    ending: 'throws at once',
    body: () => {
      throw new Error('as planned');
    },
    failure: 'as planned',
  },
  {
    ending: 'throws after a while',
    body: async ({ time }) => time.advance(10).then(fail),
    failure: 'as planned',
  },
  { ending: 'never ends', body: async () => new Promise(() => {}), failure: 'it awaits something' },
  { ending: 'never comes to rest', body: () => void defer(fail).pipe(retry()).subscribe(), failure: 'in defer (rxjs)' },
  {
    ending: 'fires timers for ever',
    body: async ({ time }) => {
      interval(1).subscribe();
      await time.runAll();
    },
    failure: /timers have fired/u,
  },
  { ending: 'leaves timers behind', body: () => void timer(10).subscribe(), failure: 'a timer was still pending' },
  { ending: 'leaves a rejection behind', body: () => void fail(), failure: 'every rejection to be handled' },
  {
    ending: 'has a timer that throws',
    body: async ({ time }) => {
      setTimeout(() => {
        throw new Error('as planned');
      });
      await time.advance(1);
    },
    failure: 'as planned',
  },
  {
    ending: 'is not as drawn',
    body: ({ cold, expect: see }) => see(cold('a')).toBeObservable('b'),
    failure: /as drawn/u,
  },
  { ending: 'has a malformed diagram', body: ({ cold }) => void cold('(a'), failure: "')' of the group" },
  { ending: 'forgets a matcher', body: ({ cold, expect: see }) => void see(cold('a')), failure: 'Expected a matcher' },
];

describe('after a virtual test, nothing is left of it, when it', () => {
  it.each(ENDINGS)('$ending', async ({ body, failure }) => {
    const before = surroundings();
    const run = virtualTest(body, { maxTimers: 1_000 })();
    if (failure === undefined) await run;
    else await expect(run).rejects.toThrow(failure);
    expectSame(surroundings(), before);
  });

  it('changes some of it itself', async () => {
    const before = surroundings();
    const changing = virtualTest(() => {
      Math.random = () => 4;
      AbortSignal.timeout = () => new AbortController().signal;
      (Error as { stackTraceLimit?: number }).stackTraceLimit = 3;
    });
    await changing();
    expectSame(surroundings(), before);
  });

  it('was called where somebody listened once to rejections, who still does so once', async () => {
    const listener = vi.fn();
    process.once('unhandledRejection', listener);
    const before = surroundings();
    await virtualTest(() => {})();
    expectSame(surroundings(), before);
    process.removeListener('unhandledRejection', listener);
    expect(process.listeners('unhandledRejection')).not.toContain(listener);
  });
});

describe('while a virtual test runs', () => {
  it(
    'all clocks are virtual',
    virtualTest(async ({ time }) => {
      const clocks = (): readonly number[] => [Date.now(), new Date().getTime(), performance.now(), time.now];
      expect(clocks()).toStrictEqual([0, 0, 0, 0]);
      await new Promise((resolve) => AbortSignal.timeout(1_500).addEventListener('abort', resolve));
      expect(clocks()).toStrictEqual([1_500, 1_500, 1_500, 1_500]);
    }),
  );

  it('chance is the same in each run of a seed', async () => {
    const draw = async (options: VirtualTestOptions): Promise<readonly number[]> => {
      const drawn: number[] = [];
      await virtualTest(() => void drawn.push(Math.random(), Math.random()), options)();
      return drawn;
    };
    const drawn = await draw({ seed: 3 });
    expect(await draw({ seed: 3 })).toStrictEqual(drawn);
    expect(await draw({ seed: 4 })).not.toStrictEqual(drawn);
    expect(await draw({})).toStrictEqual(await draw({ seed: 1 }));
  });
});

describe('virtual tests that are started at the same time', () => {
  it('run one after the other, each with its own clock', async () => {
    const order: string[] = [];
    const make = (name: string, delayMs: number): (() => Promise<void>) =>
      virtualTest(async ({ time }) => {
        order.push(`${name} begins at ${Date.now()}`);
        await time.advance(delayMs);
        order.push(`${name} ends at ${Date.now()}`);
      });
    await Promise.all([make('a', 1_000)(), make('b', 10)(), make('c', 0)()]);
    expect(order).toStrictEqual([
      'a begins at 0',
      'a ends at 1000',
      'b begins at 0',
      'b ends at 10',
      'c begins at 0',
      'c ends at 0',
    ]);
  });

  it('run although the one before has failed', async () => {
    const failing = virtualTest(fail)();
    const passing = virtualTest(async ({ time }) => time.advance(5))();
    await expect(failing).rejects.toThrow('as planned');
    await passing;
  });
});

describe('a virtual test within a virtual test', () => {
  const inner = vi.fn();
  const nested = virtualTest(() => void inner());

  afterEach(() => {
    expect(inner).not.toHaveBeenCalled();
  });

  it('is refused', async () => {
    const outer = virtualTest(async () => nested());
    await expect(outer()).rejects.toThrow('Expected no virtual test within another one');
  });

  it('is refused after an await, too', async () => {
    const outer = virtualTest(async ({ time }) => {
      await time.advance(10);
      await nested();
    });
    await expect(outer()).rejects.toThrow('Expected no virtual test within another one');
    // It does not run later either, when nobody would look after it.
    await virtualTest(async ({ time }) => time.advance(1))();
  });

  it('is refused in a callback of a timer', async () => {
    let refused: Promise<void> | undefined;
    const outer = virtualTest(async ({ time }) => {
      setTimeout(() => {
        refused = expect(nested()).rejects.toThrow('Expected no virtual test within another one');
      }, 5);
      await time.advance(10);
    });
    await outer();
    await refused;
    expect.assertions(1);
  });

  it('may be a stock marble test, which needs no clock', async () => {
    const stock = marbles((m) => m.expect(m.cold('a|')).toBeObservable('a|'));
    await virtualTest(() => stock())();
  });
});

describe('where timers are fake already', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    { what: 'all of them', fake: () => vi.useFakeTimers() },
    { what: 'only the date', fake: () => vi.useFakeTimers({ toFake: ['Date'] }) },
    { what: 'only performance', fake: () => vi.useFakeTimers({ toFake: ['performance'] }) },
  ])('a virtual test says so, and changes nothing: $what', async ({ fake }) => {
    fake();
    const before = surroundings();
    const body = vi.fn();
    await expect(virtualTest(body)()).rejects.toThrow(
      "Expected the timers of this process to be its own, but they are fake already. Call vi.useRealTimers(), or your runner's like, first.",
    );
    expect(body).not.toHaveBeenCalled();
    expectSame(surroundings(), before);
    vi.useRealTimers();
    await virtualTest(async ({ time }) => time.advance(5))();
  });
});

function expectSame(actual: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>>): void {
  const changed = Object.keys(before).filter((name) => {
    const [now, then] = [actual[name], before[name]];
    if (!Array.isArray(now) || !Array.isArray(then)) return now !== then;
    return now.length !== then.length || now.some((each, index) => each !== then[index]);
  });
  expect(changed).toStrictEqual([]);
}
