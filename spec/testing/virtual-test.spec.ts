import { readFile } from 'node:fs/promises';
import { createEventBus, InvalidOptionError } from 'millrace';
import { TestFailure, virtualTest, type VirtualTestContext, type VirtualTestOptions } from 'millrace/testing';
import {
  asapScheduler,
  asyncScheduler,
  concatMap,
  debounceTime,
  defer,
  interval,
  map,
  NEVER,
  of,
  queueScheduler,
  retry,
  Subject,
  take,
  timeout,
  timer,
} from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';

type Body = (context: VirtualTestContext) => Promise<void> | void;

const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** What a virtual test fails with. */
async function failureOf(body: Body, options?: VirtualTestOptions): Promise<Error> {
  try {
    await virtualTest(body, options)();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected the virtual test to fail, but it passed.');
}

describe('the time of a virtual test', () => {
  it(
    'moves by itself while the test awaits something that only time can bring',
    virtualTest(async ({ time }) => {
      await sleep(3_600_000);
      expect([time.now, Date.now(), performance.now()]).toStrictEqual([3_600_000, 3_600_000, 3_600_000]);
    }),
  );

  it(
    'begins when it is told to',
    virtualTest(
      async ({ time }) => {
        await time.advance(1);
        expect([new Date().toISOString(), time.now]).toStrictEqual(['2026-12-31T23:59:59.999Z', 1]);
      },
      { startAt: Date.UTC(2026, 11, 31, 23, 59, 59, 998) },
    ),
  );

  it(
    'does not move before every promise that can settle has settled',
    virtualTest(async ({ time }) => {
      const order: string[] = [];
      setTimeout(() => order.push('timer'), 1);
      const chain = (async () => {
        for (let step = 0; step < 1_000; step++) await Promise.resolve();
        order.push(`chain at ${time.now}`);
      })();
      await time.advance(1);
      await chain;
      expect(order).toStrictEqual(['chain at 0', 'timer']);
    }),
  );

  it(
    'passes by so many milliseconds, and all that is due by then is done, also what comes of it',
    virtualTest(async ({ time }) => {
      const order: string[] = [];
      setTimeout(() => {
        order.push('at 10');
        setTimeout(() => order.push('at 10, later'), 0);
        void Promise.resolve().then(() => order.push('at 10, promised'));
      }, 10);
      setTimeout(() => order.push('at 11'), 11);
      await time.advance(10);
      expect(order).toStrictEqual(['at 10', 'at 10, promised', 'at 10, later']);
      await time.advance(1);
      expect(order).toHaveLength(4);
    }),
  );

  it(
    'settles without passing by',
    virtualTest(async ({ time }) => {
      const order: string[] = [];
      void (async () => {
        await Promise.resolve();
        order.push('promise');
      })();
      setTimeout(() => order.push('timeout 0'), 0);
      setTimeout(() => order.push('timeout 1'), 1);
      await time.settle();
      expect([...order, time.now]).toStrictEqual(['promise', 'timeout 0', 0]);
      await time.runAll();
      expect([...order, time.now]).toStrictEqual(['promise', 'timeout 0', 'timeout 1', 1]);
    }),
  );

  it(
    'runs until nothing is left to wait for',
    virtualTest(async ({ time }) => {
      const ticks: number[] = [];
      interval(1_000)
        .pipe(take(3))
        .subscribe(() => ticks.push(time.now));
      await time.runAll();
      expect(ticks).toStrictEqual([1_000, 2_000, 3_000]);
      await time.runAll();
    }),
  );

  it(
    'is that of the schedulers of RxJS',
    virtualTest(async ({ time }) => {
      const order: string[] = [];
      const note = (name: string) => () => void order.push(`${name} at ${time.now}`);
      asyncScheduler.schedule(note('async'), 20);
      asapScheduler.schedule(note('asap'));
      asapScheduler.schedule(note('asap later'), 5);
      queueScheduler.schedule(note('queue'));
      timer(new Date(15)).subscribe(note('date'));
      of(1).pipe(timeout(30), debounceTime(8)).subscribe(note('debounced'));
      NEVER.pipe(timeout({ first: 9 })).subscribe({ error: note('timed out') });
      await time.runAll();
      expect(order).toStrictEqual([
        'queue at 0',
        'debounced at 0',
        'asap at 0',
        'asap later at 5',
        'timed out at 9',
        'date at 15',
        'async at 20',
      ]);
    }),
  );

  it(
    'is awaited in vain by nothing that is real, such as a file',
    virtualTest(async ({ time }) => {
      expect(await readFile('package.json', 'utf8')).toContain('"millrace"');
      expect(time.now).toBe(0);
    }),
  );

  it('is a duration that a timer can keep', async () => {
    for (const delayMs of [-1, NaN, Infinity]) {
      const failure = await failureOf(async ({ time }) => time.advance(delayMs));
      expect(failure.message).toContain('Expected the time to advance to be milliseconds ≥ 0');
    }
  });
});

describe('the sources of a virtual test', () => {
  it(
    'begin when they are made, or when they are subscribed to',
    virtualTest(async ({ time, hot, cold, expect: see }) => {
      await time.advance(100);
      const [hot$, cold$] = [hot('-a--b|'), cold('-a--b|')];
      await time.advance(2);
      see(hot$).toBeObservable('--b|');
      see(cold$).toBeObservable('-a--b|');
      see(hot$).toHaveSubscriptions('--^--!');
      see(cold$).toHaveSubscriptions('--^----!');
    }),
  );

  it(
    'begin at their ^ if they have one',
    virtualTest(({ hot, expect: see }) => {
      see(hot('a-b-^-c-|')).toBeObservable('--c-|');
    }),
  );

  it(
    'send all of a group in one turn',
    virtualTest(async ({ time, cold }) => {
      const order: string[] = [];
      cold('(ab)').subscribe((letter) => {
        order.push(letter);
        void Promise.resolve().then(() => order.push(`after ${letter}`));
      });
      await time.settle();
      expect(order).toStrictEqual(['a', 'b', 'after a', 'after b']);
    }),
  );

  it(
    'stop when nobody listens any more',
    virtualTest(async ({ time, cold, expect: see }) => {
      const source$ = cold('-a-b-c-d|');
      see(source$.pipe(take(2))).toBeObservable('-a-(b|)');
      see(source$).toHaveSubscriptions('^--!');
      await time.advance(3);
    }),
  );

  it(
    'know that nobody has subscribed, or does so for ever',
    virtualTest(({ cold, expect: see }) => {
      const [unused$, used$] = [cold('a|'), cold('-a')];
      see(unused$).toHaveSubscriptions();
      see(unused$).toHaveSubscriptions('');
      see(used$).toBeObservable('-a');
      see(used$).toHaveSubscriptions('^');
    }),
  );

  it(
    'fail with what they are given',
    virtualTest(({ cold, hot, expect: see }) => {
      see(cold('-#', {}, 0)).toBeObservable('-#', {}, 0);
      see(hot('-#')).toBeObservable('-#');
      see(cold('-#').pipe(retry({ count: 2, delay: 10 }))).toBeObservable('23ms #');
    }),
  );
});

describe('what is expected in a virtual test', () => {
  it(
    'goes through promises',
    virtualTest(({ hot, expect: see }) => {
      const ask = vi.fn(async (letter: string) => sleep(10).then(() => letter.toUpperCase()));
      ask.mockRejectedValueOnce(new Error('busy'));
      const answers$ = hot('a 9ms b 9ms c|').pipe(
        concatMap((letter) => defer(() => ask(letter)).pipe(retry({ delay: 300 }))),
      );
      see(answers$).toBeObservable('310ms A 9ms B 9ms (C|)');
    }),
  );

  it(
    'may begin at any time',
    virtualTest(async ({ time, expect: see }) => {
      const subject = new Subject<string>();
      setTimeout(() => see(subject).toBeObservable('-----a'), 10);
      setTimeout(() => subject.next('a'), 15);
      await time.advance(20);
      see(timer(5).pipe(map(() => 'b'))).toBeObservable('-----(b|)');
    }),
  );

  it(
    'may be another stream',
    virtualTest(({ hot, expect: see }) => {
      see(hot('-a--b|').pipe(map((letter) => letter))).toEqual(hot('-a--b|'));
    }),
  );

  it('may be another stream that does not complete, but nothing that goes on for ever', async () => {
    await virtualTest(({ hot, expect: see }) => see(hot('-a--b')).toEqual(hot('-a--b')))();
    const failure = await failureOf(
      ({ expect: see }) => see(interval(10).pipe(map(() => 'a'))).toEqual(interval(10).pipe(map(() => 'a'))),
      { maxTimers: 50 },
    );
    expect(failure.message).toContain('Expected the test to end, but 50 timers have fired');
  });

  it('is not another stream that does something else', async () => {
    const failure = await failureOf(({ hot, expect: see }) => see(hot('-a--b|')).toEqual(hot('-a-b|')));
    expect(failure.message).toContain('expected  -a-b|\n  actual    -a--b|');
  });

  it('fails for what comes later than all that was expected', async () => {
    const failure = await failureOf(
      ({ expect: see }) => see(timer(60_000).pipe(map(() => 'late'))).toBeObservable('-'),
      { pendingTimers: 'ignore' },
    );
    expect(failure.message).toContain("at 60000 ms there is 'a' instead of nothing");
    expect(failure.message).toContain("a = 'late'");
  });

  it('fails where it was expected, and not within the kit', async () => {
    const failure = await failureOf(({ cold, expect: see }) => see(cold('a')).toBeObservable('b'));
    expect(failure).toBeInstanceOf(TestFailure);
    expect(failure.stack?.split('\n').find((line) => /^ +at /u.test(line))).toContain('virtual-test.spec.ts');
  });

  it('fails with all that was not met', async () => {
    const failure = await failureOf(({ cold, expect: see }) => {
      see(cold('a')).toBeObservable('b');
      see(cold('-c')).toBeObservable('-c');
      see(cold('-d')).toBeObservable('--d');
      see(cold('e'));
    });
    expect(failure.message).toMatch(/Expected a matcher[^]*there is 'a'[^]*there is 'd'/u);
    expect(failure.message).not.toContain("'c'");
    expect(failure.cause).toHaveLength(3);
  });

  it('fails with what the body throws first of all', async () => {
    const failure = await failureOf(async ({ time, cold, expect: see }) => {
      see(cold('a')).toBeObservable('b');
      await time.advance(5);
      throw new RangeError('the body');
    });
    expect(failure).toStrictEqual(new RangeError('the body'));
  });

  it('says how a source was subscribed to instead', async () => {
    const failure = await failureOf(({ cold, expect: see }) => {
      const source$ = cold('-a-|');
      see(source$).toBeObservable('-a-|');
      see(source$).toHaveSubscriptions('^-!', '--^');
    });
    expect(failure.message).toBe(
      'Expected the source to be subscribed to from 0 to 2 ms, from 2 ms on, but it was from 0 to 3 ms.',
    );
    const never = await failureOf(({ cold, expect: see }) => see(cold('a')).toHaveSubscriptions('^!'));
    expect(never.message).toContain('but it was never');
  });

  it('is a stream, and for subscriptions a source of the test', async () => {
    const noStream = await failureOf(({ expect: see }) => see(Promise.resolve() as never).toBeObservable('a'));
    expect(noStream).toBeInstanceOf(InvalidOptionError);
    expect(noStream.message).toContain('For anything else, use the expect of your runner.');
    const foreign = await failureOf(({ expect: see }) => see(of(1)).toHaveSubscriptions('^'));
    expect(foreign.message).toContain('Expected a source of hot() or cold(), which know their subscriptions');
  });

  it('is let go at the end', async () => {
    const subject = new Subject<string>();
    await virtualTest(({ expect: see }) => see(subject).toBeObservable('-'))();
    await failureOf(({ expect: see }) => see(subject).toBeObservable('a'));
    expect(subject.observed).toBe(false);
  });
});

describe('a virtual test', () => {
  it.each([
    [1, 'one'],
    [2, 'two'],
  ])(
    'hands all of a row on: %i',
    virtualTest(async (_context, count: number, name: string) => {
      expect(['', 'one', 'two'][count]).toBe(name);
      await Promise.resolve();
    }),
  );

  it('has no parameters that a runner could take for a callback', () => {
    expect(virtualTest((_context, _given: string) => {})).toHaveLength(0);
  });

  it('fails when timers are left, and says which, and what has something to do', async () => {
    const failure = await failureOf(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER, { name: 'hangs', timeoutMs: 500 });
      bus.emit(Tick, 1);
      setTimeout(() => {}, 900);
      await time.advance(10);
    });
    const said = failure.message.replaceAll(/\S*virtual-test\.spec\.ts:\d+:\d+/gu, 'here');
    expect(said).toMatchInlineSnapshot(`
      "Expected nothing to be left to do at the end of the test, at 10 ms, but 2 timers were still pending:
        setInterval 500 ms, made at here
        setTimeout 900 ms, made at here
      Handlers with something to do:
        'hangs': 1 pending (1 running)
      Close or unsubscribe what made them; or wait for them with time.runAll(); or say pendingTimers: 'ignore'."
    `);
  });

  it('may leave timers behind that would keep no program alive, or all of them', async () => {
    await virtualTest(() => void setTimeout(() => {}, 900).unref())();
    await virtualTest(() => void AbortSignal.timeout(900))();
    await virtualTest(() => void setInterval(() => {}, 900).unref(), { maxTimers: 50 })();
    await virtualTest(() => void setTimeout(() => {}, 900), { pendingTimers: 'ignore' })();
    await virtualTest(() => void interval(900).subscribe(), { pendingTimers: 'ignore', maxTimers: 50 })();
  });

  it('forgets timers that were cleared, whatever they are', async () => {
    const test = virtualTest(async ({ time }) => {
      const timers = [setTimeout(() => {}, 5), setInterval(() => {}, 5)] as const;
      const immediate = setImmediate(() => {});
      clearTimeout(timers[0]);
      clearInterval(timers[1]);
      clearImmediate(immediate);
      let ticks = 0;
      const stopping = setInterval(() => {
        if (++ticks === 3) clearInterval(stopping);
      }, 10);
      await time.advance(100);
      expect(ticks).toBe(3);
    });
    await test();
  });

  it('hands arguments of timers on', async () => {
    const called = vi.fn();
    await virtualTest(async ({ time }) => {
      setTimeout(called, 5, 'a', 1);
      await time.runAll();
    })();
    expect(called).toHaveBeenCalledWith('a', 1);
  });

  it('may handle a rejection late, within the same turn', async () => {
    const test = virtualTest(async () => {
      const rejected = Promise.reject(new Error('handled'));
      await Promise.resolve();
      await rejected.catch(() => {});
    });
    await test();
  });

  it.each([
    [{ startAt: -1 }, 'Expected startAt to be a finite number ≥ 0'],
    [{ maxTimers: 0 }, 'Expected maxTimers to be a whole number ≥ 1'],
    [{ pendingTimers: 'warn' }, "Expected pendingTimers to be one of 'fail', 'ignore'"],
    [{ seed: NaN }, 'Expected seed to be a whole number ≥ 0, got NaN.'],
    [{ seed: 'lucky' }, "Expected seed to be a whole number ≥ 0, got 'lucky'."],
  ])('refuses options that cannot work: %j', (options, message) => {
    expect(() => virtualTest(() => {}, options as VirtualTestOptions)).toThrow(message);
  });

  it('refuses a body that is none', () => {
    expect(() => virtualTest(undefined as never)).toThrow('Expected the body of a virtual test to be a function');
  });
});
