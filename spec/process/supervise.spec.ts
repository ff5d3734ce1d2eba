import * as fc from 'fast-check';
import {
  createDeadLetterQueue,
  type DeadLetter,
  type DeadLetterQueue,
  type HandlerContext,
  HandlerTimeoutError,
  InvalidOptionError,
  OverflowError,
  type ProcessorOptions,
  type ResultHandler,
  supervise,
  type Supervised,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import {
  concat,
  EMPTY,
  from,
  map,
  NEVER,
  type Observable,
  of,
  range,
  Subject,
  take,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Engine } from '../../lib/process/engine.ts';
import { countAlive } from '../support/garbage.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { type Plan, plans, SupervisedRun } from '../support/supervised-run.ts';
import { describeEnd, playing } from '../support/watch.ts';

/** How items ended, in words: `'a handled x'`, `'b dead timeout'`. */
const inWords = map((end: Supervised<unknown>) => {
  const words = [end.event, describeEnd(end)];
  if (end.outcome === 'handled' && end.result !== undefined) words.push(end.result);
  return words.join(' ');
});

/** Lower case is an item that was handled, without a result; upper case the same one, dead. */
const ENDS = {
  a: 'a handled',
  b: 'b handled',
  c: 'c handled',
  d: 'd handled',
  A: 'a dead exhausted',
  B: 'b dead exhausted',
  C: 'c dead exhausted',
};

const broken = new Error('broken');

/** What a stream of results tells: each end in words, then the error, or `'complete'`. */
function collect(result$: Observable<Supervised<unknown>>): { told: unknown[]; unsubscribe: () => void } {
  const told: unknown[] = [];
  const subscription = result$.pipe(inWords).subscribe({
    next: (words) => told.push(words),
    error: (error) => told.push(error),
    complete: () => told.push('complete'),
  });
  return { told, unsubscribe: () => subscription.unsubscribe() };
}

/** A source that is supervised, by a handler whose calls end when the spec says so. */
function superviseHeld(options: ProcessorOptions<string> = {}): {
  source$: Subject<string>;
  held: HeldHandler<string, HandlerContext>;
  told: unknown[];
  unsubscribe: () => void;
} {
  const held = new HeldHandler<string, HandlerContext>();
  const source$ = new Subject<string>();
  return { source$, held, ...collect(source$.pipe(supervise(held.handle, options))) };
}

/** A queue, and its letters in words: `'a abandoned'`. */
function watchLetters(): { deadLetters: DeadLetterQueue<string>; letters: string[] } {
  const deadLetters = createDeadLetterQueue<string>();
  const letters: string[] = [];
  deadLetters.subscribe(({ event, reason }: DeadLetter<string>) => letters.push(`${event} ${reason}`));
  return { deadLetters, letters };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('supervise', () => {
  it(
    'gives out how each item ended, in the order of their ends',
    marbles((m) => {
      const source$ = m.hot('  -a-b-c------|');
      const expected = '       ----XY-Z----|';
      const handler = playing(m, { a: '---(x|)', b: '--#', c: '--(y|)' });
      const options = { concurrency: 2, scheduler: m.scheduler, createId: () => 'letter' };
      m.expect(source$.pipe(supervise(handler, options))).toBeObservable(expected, {
        X: { event: 'a', outcome: 'handled', attempts: 1, result: 'x' },
        Y: { event: 'b', outcome: 'dead', attempts: 1, reason: 'exhausted', error: 'error', deadLetterId: 'letter' },
        Z: { event: 'c', outcome: 'handled', attempts: 1, result: 'y' },
      });
    }),
  );

  it(
    'handles one item at a time, in order, by default',
    marbles((m) => {
      const source$ = m.cold(' (abc|)');
      const expected = '       --a---b-(c|)';
      const handler = playing(m, { a: '--|', b: '----|', c: '--|' });
      const result$ = source$.pipe(supervise(handler, { scheduler: m.scheduler }), inWords);
      m.expect(result$).toBeObservable(expected, ENDS);
    }),
  );

  it(
    'handles so many items at a time as concurrency says',
    marbles((m) => {
      const source$ = m.cold(' (abc|)');
      const expected = '       --a-b-(c|)';
      const handler = playing(m, { a: '--|', b: '----|', c: '----|' });
      const result$ = source$.pipe(supervise(handler, { concurrency: 2, scheduler: m.scheduler }), inWords);
      m.expect(result$).toBeObservable(expected, ENDS);
    }),
  );

  it(
    'keeps the order of each key, across retries, while other keys flow on',
    marbles((m) => {
      const source$ = m.cold(' (acb|)', { a: 'a1', c: 'a2', b: 'b1' });
      const expected = '       -b---a-(c|)';
      const handler = playing(m, { a1: ['--#', '--|'], a2: '--|', b1: '-|' });
      const options = {
        concurrency: 2,
        key: (item: string) => item[0],
        retry: { delayMs: 1 },
        scheduler: m.scheduler,
      };
      const ends = { a: 'a1 handled', b: 'b1 handled', c: 'a2 handled' };
      m.expect(source$.pipe(supervise(handler, options), inWords)).toBeObservable(expected, ends);
    }),
  );

  it(
    'gives out an item that is retried once, when it has ended for good',
    marbles((m) => {
      const source$ = m.hot('  ab');
      const expected = '       ----X---Y';
      const handler = playing(m, { a: ['-#', '(x|)'], b: ['#', '-#'] });
      const options = { retry: { maxAttempts: 2, delayMs: 3 }, scheduler: m.scheduler, createId: () => 'letter' };
      m.expect(source$.pipe(supervise(handler, options))).toBeObservable(expected, {
        X: { event: 'a', outcome: 'handled', attempts: 2, result: 'x' },
        Y: { event: 'b', outcome: 'dead', attempts: 2, reason: 'exhausted', error: 'error', deadLetterId: 'letter' },
      });
    }),
  );

  it(
    'gives up a handler that takes too long, and unsubscribes it',
    marbles((m) => {
      const work$ = m.cold('   --------|');
      const source$ = m.hot('  -a------');
      const expected = '       ----T---';
      const options = { timeoutMs: 3, scheduler: m.scheduler };
      m.expect(
        source$.pipe(
          supervise(() => work$, options),
          map((end) => end.outcome === 'dead' && [end.reason, end.error]),
        ),
      ).toBeObservable(expected, { T: ['timeout', new HandlerTimeoutError('handler', 3)] });
      m.expect(work$).toHaveSubscriptions('-^--!');
    }),
  );

  it(
    'does not fail when handlers do, however they do it',
    marbles((m) => {
      const source$ = m.hot('  -a-b-c-d-|');
      const expected = '       -A-B-K-d-|';
      const handler = (item: string): Observable<never> => {
        if (item === 'a') throw broken;
        return item === 'b' ? throwError(() => broken) : EMPTY;
      };
      const options = {
        key: (item: string) => {
          if (item === 'c') throw broken;
        },
        scheduler: m.scheduler,
      };
      const result$ = source$.pipe(supervise(handler, options), inWords);
      m.expect(result$).toBeObservable(expected, { ...ENDS, K: 'c dead invalid-key' });
    }),
  );

  it(
    'passes an error of the source on when what came before it has ended',
    marbles((m) => {
      const source$ = m.cold(' ab-#');
      const expected = '       ----a---(b#)';
      const handler = playing(m, { a: '----|', b: '----|' });
      const result$ = source$.pipe(supervise(handler, { scheduler: m.scheduler }), inWords);
      m.expect(result$).toBeObservable(expected, ENDS);
      m.expect(m.cold('--#').pipe(supervise(handler, { scheduler: m.scheduler }))).toBeObservable('--#');
    }),
  );

  it(
    'completes when the source has, and what came before has ended',
    marbles((m) => {
      const source$ = m.cold(' ab-|');
      const expected = '       ----A------(b|)';
      const handler = playing(m, { a: ['#', '#'], b: ['--#', '-|'] });
      const options = { retry: { maxAttempts: 2, delayMs: 4 }, scheduler: m.scheduler };
      m.expect(source$.pipe(supervise(handler, options), inWords)).toBeObservable(expected, ENDS);
      m.expect(m.cold('--|').pipe(supervise(handler, options))).toBeObservable('--|');
      m.expect(m.cold('|').pipe(supervise(handler, options))).toBeObservable('|');
    }),
  );

  it(
    'releases its source and its handlers when it is unsubscribed, and begins no other',
    marbles((m) => {
      const work$ = m.cold('   -----|');
      const source$ = m.hot('  ab-c--d');
      const unsub = '          ----!';
      const options = { concurrency: 2, scheduler: m.scheduler };
      m.expect(source$.pipe(supervise(() => work$, options)), unsub).toBeObservable('-----');
      m.expect(source$).toHaveSubscriptions('^---!');
      m.expect(work$).toHaveSubscriptions(['^---!', '-^--!']);
    }),
  );

  it(
    'gives each subscription a processor of its own',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const result$ = of('a', 'b').pipe(supervise(held.handle));
      const one = collect(result$);
      const other = collect(result$);
      expect(held.calls.map(({ event }) => event)).toEqual(['a', 'a']);
      one.unsubscribe();
      held.call(1).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event)).toEqual(['a', 'a', 'b']);
      expect([one.told, other.told]).toEqual([[], ['a handled']]);
    }),
  );

  it('gives each subscription a breaker of its own', async () => {
    const sick$ = of('a').pipe(
      supervise(
        (): string => {
          throw broken;
        },
        { breaker: { failureThreshold: 1 } },
      ),
    );
    expect(collect(sick$).told).toEqual(['a dead exhausted', 'complete']);
    expect(collect(sick$).told).toEqual(['a dead exhausted', 'complete']);
  });

  it('subscribes to its source when somebody subscribes to it', () => {
    const source$ = new Subject<string>();
    const result$ = source$.pipe(supervise(() => undefined));
    expect(source$.observed).toBe(false);
    collect(result$);
    expect(source$.observed).toBe(true);
  });

  it(
    'leaves no timer when it is unsubscribed',
    virtualTest(async ({ time }) => {
      const scheduler = new VirtualTimeScheduler();
      const options = { concurrency: 2, timeoutMs: 50, retry: { delayMs: 10 }, scheduler };
      const { source$, held, unsubscribe } = superviseHeld(options);
      source$.next('a');
      source$.next('b');
      held.call(0).fail();
      await time.settle();
      expect(scheduler.actions).toHaveLength(2);
      unsubscribe();
      expect(scheduler.actions).toHaveLength(0);
    }),
  );

  it('releases everything when something behind it fails', () => {
    const { deadLetters, letters } = watchLetters();
    const source$ = new Subject<string>();
    const failing$ = source$.pipe(
      supervise((item) => (item === 'a' ? EMPTY : NEVER), { concurrency: 2, deadLetters }),
      map((): Supervised<string> => {
        throw broken;
      }),
    );
    const { told } = collect(failing$);
    source$.next('b');
    source$.next('a');
    expect(told).toEqual([broken]);
    expect(source$.observed).toBe(false);
    expect(letters).toEqual(['b abandoned']);
  });
});

describe('a supervised result', () => {
  // oxlint-disable-next-line unicorn/no-thenable -- it is among the forms
  const thenable = { then: (resolve: (value: string) => void) => resolve('of a thenable') };

  it.each<{ form: string; handler: ResultHandler<string, unknown>; result: unknown }>([
    { form: 'what a function returns', handler: (item) => `the ${item}`, result: 'the item' },
    { form: 'an array as it is', handler: () => [1, 2], result: [1, 2] },
    { form: 'undefined where nothing is returned', handler: () => {}, result: undefined },
    { form: 'null', handler: () => null, result: null },
    { form: 'the value of a promise', handler: async (item) => `the ${item}`, result: 'the item' },
    { form: 'the value of a thenable', handler: () => thenable, result: 'of a thenable' },
    { form: 'the last value of an Observable', handler: () => of(1, 2, 3), result: 3 },
    { form: 'undefined of an empty Observable', handler: () => EMPTY, result: undefined },
    { form: 'what an object with handle returns', handler: { handle: (item) => `the ${item}` }, result: 'the item' },
  ])(
    'is $form',
    virtualTest(async ({ time }, { handler, result }) => {
      const ends: unknown[] = [];
      of('item')
        .pipe(supervise(handler))
        .subscribe((end) => ends.push(end));
      await time.settle();
      expect(ends).toStrictEqual([{ event: 'item', outcome: 'handled', attempts: 1, result }]);
    }),
  );

  it(
    'is that of the attempt that was made last',
    virtualTest(async ({ time }) => {
      const handler = (_: string, { attempt }: HandlerContext): unknown => {
        const failing$ = concat(
          of('one'),
          throwError(() => broken),
        );
        return attempt === 1 ? failing$ : 'two';
      };
      const { told } = collect(of('a').pipe(supervise(handler, { retry: { delayMs: 1 } })));
      await time.advance(10);
      expect(told).toEqual(['a handled two', 'complete']);
    }),
  );

  it('keeps items that are undefined', () => {
    const ends: unknown[] = [];
    of(undefined, undefined)
      .pipe(supervise(() => 'x', { capacity: 0 }))
      .subscribe(({ event, outcome }) => ends.push([event, outcome]));
    expect(ends).toEqual([
      [undefined, 'handled'],
      [undefined, 'handled'],
    ]);
  });
});

describe('what a supervised stream cannot take at once', () => {
  it(
    "waits before it with overflow 'suspend', whatever the capacity",
    marbles((m) => {
      const source$ = m.cold(' (abcd|)');
      const expected = '       --a-b-c-(d|)';
      const handler = playing(m, { a: '--|', b: '--|', c: '--|', d: '--|' });
      for (const capacity of [0, 1, Infinity]) {
        const result$ = source$.pipe(supervise(handler, { capacity, scheduler: m.scheduler }), inWords);
        m.expect(result$).toBeObservable(expected, ENDS);
      }
    }),
  );

  it.each([
    {
      overflow: 'drop-newest',
      expected: '--(cd)a-(b|)',
      ends: { c: 'c dropped drop-newest', d: 'd dropped drop-newest' },
    },
    {
      overflow: 'drop-oldest',
      expected: '--(bc)a-(d|)',
      ends: { b: 'b dropped drop-oldest', c: 'c dropped drop-oldest' },
    },
    { overflow: 'fail', expected: '--(cd)a-(b|)', ends: { c: 'c rejected', d: 'd rejected' } },
  ] as const)(
    "is given out as the policy '$overflow' says",
    marbles((m, { overflow, expected, ends }) => {
      const source$ = m.cold(' --(abcd|)');
      const handler = playing(m, { a: '----|', b: '--|', d: '--|' });
      const options = { capacity: 1, overflow, scheduler: m.scheduler };
      m.expect(source$.pipe(supervise(handler, options), inWords)).toBeObservable(expected, { ...ENDS, ...ends });
    }),
  );

  it('is rejected with an OverflowError', () => {
    const ends: Supervised<number>[] = [];
    of(1, 2)
      .pipe(supervise(() => NEVER, { capacity: 0, overflow: 'fail' }))
      .subscribe((end) => ends.push(end));
    expect(ends).toStrictEqual([
      { event: 2, outcome: 'rejected', attempts: 0, error: new OverflowError("handler 'handler'") },
    ]);
  });

  it(
    "is told as superseded with strategy 'switch'",
    marbles((m) => {
      const source$ = m.hot('  a-b--c----|');
      const expected = '       --S-b---c-|';
      const handler = playing(m, { a: '----|', b: '--|', c: '---|' });
      const options = { strategy: 'switch', scheduler: m.scheduler } as const;
      const result$ = source$.pipe(supervise(handler, options), inWords);
      m.expect(result$).toBeObservable(expected, { ...ENDS, S: 'a dropped superseded' });
    }),
  );

  it(
    "is told as busy with strategy 'exhaust'",
    marbles((m) => {
      const source$ = m.hot('  a-b--c----|');
      const expected = '       --Ba----c-|';
      const handler = playing(m, { a: '---|', c: '---|' });
      const options = { strategy: 'exhaust', scheduler: m.scheduler } as const;
      const result$ = source$.pipe(supervise(handler, options), inWords);
      m.expect(result$).toBeObservable(expected, { ...ENDS, B: 'b dropped busy' });
    }),
  );

  it(
    "is superseded with strategy 'switch' though items of other lanes wait for room",
    marbles((m) => {
      const source$ = m.hot('  (ac)-b-----|', { a: 'a1', b: 'a2', c: 'b1' });
      const expected = '       -----S--b-c|';
      const handler = playing(m, { a1: '---- ----|', a2: '---|', b1: '--|' });
      const options = {
        strategy: 'switch',
        key: (item: string) => item[0],
        capacity: 0,
        scheduler: m.scheduler,
      } as const;
      const ends = { S: 'a1 dropped superseded', b: 'a2 handled', c: 'b1 handled' };
      m.expect(source$.pipe(supervise(handler, options), inWords)).toBeObservable(expected, ends);
    }),
  );

  it(
    'waits for room with these strategies too, if every lane is taken',
    marbles((m) => {
      const source$ = m.cold(' (abc|)');
      const expected = '       --a-b-(c|)';
      const handler = playing(m, { a: '--|', b: '--|', c: '--|' });
      for (const strategy of ['switch', 'exhaust'] as const) {
        const options = { strategy, key: (item: string) => item, capacity: 0, scheduler: m.scheduler };
        m.expect(source$.pipe(supervise(handler, options), inWords)).toBeObservable(expected, ENDS);
      }
    }),
  );
});

describe('supervise, in batches', () => {
  const batch = { maxSize: 2, maxWaitMs: Infinity };

  it(
    'hands arrays over, and gives out each item with the result of its batch',
    marbles((m) => {
      const source$ = m.hot('  a-b--c-d-----|');
      const expected = '       -----(ab)(CD)|';
      const handled = m.cold('   ---(x|)');
      const failed = m.cold('         --#');
      const handler = (items: readonly string[]): Observable<string> => (items.includes('a') ? handled : failed);
      const result$ = source$.pipe(supervise(handler, { batch, scheduler: m.scheduler }), inWords);
      const ends = { a: 'a handled x', b: 'b handled x', C: 'c dead exhausted', D: 'd dead exhausted' };
      m.expect(result$).toBeObservable(expected, ends);
    }),
  );

  it(
    'lets the last one go as it is when the source ends',
    marbles((m) => {
      const expected = '       ----(c|)';
      const handler = (): Observable<never> => m.cold('--|');
      const options = { batch, scheduler: m.scheduler };
      m.expect(m.cold('--(c|)').pipe(supervise(handler, options), inWords)).toBeObservable(expected, ENDS);
      m.expect(m.cold('--(c#)').pipe(supervise(handler, options), inWords)).toBeObservable('----(c#)', ENDS);
    }),
  );

  it.each([0, 1, 2, 3])('fills them from what waits before it, before it lets the last one go (%d)', (capacity) => {
    const scheduler = new VirtualTimeScheduler();
    const batches: string[] = [];
    const handler = (items: readonly string[]): Observable<unknown> => {
      batches.push(items.join(''));
      return timer(1, scheduler);
    };
    const { told } = collect(from('abcdefg').pipe(supervise(handler, { batch, capacity, scheduler })));
    scheduler.flush();
    expect(batches).toEqual(['ab', 'cd', 'ef', 'g']);
    expect(told.at(-1)).toBe('complete');
    expect(told).toHaveLength(8);
  });
});

describe('a supervised stream, among callers and callees that meddle', () => {
  it('takes what its reader sends meanwhile, once, in the order of sending', () => {
    const source$ = new Subject<number>();
    const seen: number[] = [];
    source$.pipe(supervise((item) => item)).subscribe(({ event }) => {
      if (event < 3) for (const next of [event * 10, event * 10 + 1]) source$.next(next);
      if (event === 21) source$.complete();
      // At the end: nothing is told within this.
      seen.push(event);
    });
    source$.next(1);
    source$.next(2);
    expect(seen).toEqual([1, 10, 11, 2, 20, 21]);
  });

  it('tells nothing within the telling of something else, also where there is nothing to wait for', () => {
    const source$ = new Subject<number>();
    const seen: number[] = [];
    const options = { capacity: 0, overflow: 'fail' } as const;
    source$.pipe(supervise(() => NEVER, options)).subscribe(({ event }) => {
      if (event < 4) source$.next(event + 1);
      seen.push(event);
    });
    source$.next(1);
    source$.next(2);
    expect(seen).toEqual([2, 3, 4]);
  });

  it('takes what its handler sends meanwhile, after the item in progress', () => {
    const source$ = new Subject<string>();
    const handler = (item: string): void => {
      if (item.length < 3) source$.next(`${item}+`);
    };
    const { told } = collect(source$.pipe(supervise(handler, { capacity: 0 })));
    source$.next('a');
    source$.next('b');
    expect(told).toEqual(['a', 'a+', 'a++', 'b', 'b+', 'b++'].map((item) => `${item} handled`));
  });

  it('tells nothing more when its reader has enough', () => {
    const source$ = new Subject<string>();
    const handler = vi.fn();
    const { told } = collect(source$.pipe(supervise(handler), take(1)));
    source$.next('a');
    source$.next('b');
    expect(told).toEqual(['a handled', 'complete']);
    expect(handler).toHaveBeenCalledOnce();
  });

  it('ignores what is sent when an attempt is aborted by its end', () => {
    const { deadLetters, letters } = watchLetters();
    const source$ = new Subject<string>();
    const handler = (_: string, { signal }: HandlerContext): Observable<never> => {
      signal.addEventListener('abort', () => source$.next('more'));
      return NEVER;
    };
    const { unsubscribe } = collect(source$.pipe(supervise(handler, { deadLetters })));
    source$.next('a');
    unsubscribe();
    expect(letters).toEqual(['a abandoned']);
  });
});

describe('unsubscribing from a supervised stream', () => {
  const BUSY: readonly ProcessorOptions<string>[] = [
    { capacity: 0 },
    { capacity: 1 },
    { capacity: 1024 },
    { capacity: 0, strategy: 'switch', key: (item) => item },
  ];

  it(
    'aborts what is in flight',
    virtualTest(async ({ time }) => {
      const { source$, held, told, unsubscribe } = superviseHeld({ concurrency: 2 });
      source$.next('a');
      source$.next('b');
      unsubscribe();
      expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([true, true]);
      held.call(0).succeed();
      held.call(1).fail();
      await time.settle();
      expect(told).toEqual([]);
    }),
  );

  it.each(BUSY)('makes a dead letter of all that came and has not ended, with %o', (options) => {
    const { deadLetters, letters } = watchLetters();
    const { source$, unsubscribe } = superviseHeld({ ...options, deadLetters });
    for (const item of 'abcd') source$.next(item);
    unsubscribe();
    expect(letters).toEqual(['a', 'b', 'c', 'd'].map((item) => `${item} abandoned`));
    source$.next('e');
    expect(letters).toHaveLength(4);
  });

  it.each(BUSY)(
    'makes none of what has ended, with %o',
    virtualTest(async ({ time }, options) => {
      const { deadLetters, letters } = watchLetters();
      const { source$, held, told, unsubscribe } = superviseHeld({ ...options, deadLetters });
      for (const item of 'abcd') source$.next(item);
      held.call(0).succeed();
      await time.settle();
      held.call(1).fail();
      await time.settle();
      unsubscribe();
      expect(told).toEqual(['a handled', 'b dead exhausted']);
      expect(letters).toEqual(['b exhausted', 'c abandoned', 'd abandoned']);
    }),
  );

  it(
    'makes none when the stream has ended by itself',
    virtualTest(async ({ time }) => {
      const { deadLetters, letters } = watchLetters();
      const { source$, held, told, unsubscribe } = superviseHeld({ deadLetters });
      source$.next('a');
      source$.complete();
      held.call(0).succeed();
      await time.settle();
      unsubscribe();
      expect(told).toEqual(['a handled', 'complete']);
      expect(letters).toEqual([]);
    }),
  );
});

describe('redriving a letter of a supervised stream', () => {
  /** A stream whose handler fails until it is healed; then its calls end when the spec says so. */
  function superviseSick(options: ProcessorOptions<string> = {}): ReturnType<typeof superviseHeld> & {
    deadLetters: DeadLetterQueue<string>;
    heal: () => void;
  } {
    const deadLetters = createDeadLetterQueue<string>();
    const held = new HeldHandler<string, HandlerContext>();
    const source$ = new Subject<string>();
    let isSick = true;
    const handler = (item: string, context: HandlerContext): Promise<void> => {
      if (isSick) throw broken;
      return held.handle(item, context);
    };
    const collected = collect(source$.pipe(supervise(handler, { deadLetters, ...options })));
    return { source$, held, deadLetters, heal: () => (isSick = false), ...collected };
  }

  it(
    'has it handled again, and tells that to whoever redrives it, not to the stream',
    virtualTest(async ({ time }) => {
      const { source$, held, told, deadLetters, heal } = superviseSick();
      source$.next('a');
      heal();
      const report = deadLetters.redrive();
      await time.settle();
      held.call(0).succeed();
      expect(await report).toMatchObject({ redriven: 1, handled: 1 });
      expect(await deadLetters.list()).toEqual([]);
      expect(told).toEqual(['a dead exhausted']);
    }),
  );

  it('has it dead again if it fails again', async () => {
    const { source$, told, deadLetters } = superviseSick();
    source$.next('a');
    expect(await deadLetters.redrive()).toMatchObject({ redriven: 1, dead: 1 });
    expect(await deadLetters.list()).toMatchObject([{ event: 'a', redriven: 1 }]);
    expect(told).toEqual(['a dead exhausted']);
  });

  it(
    'keeps items of the source waiting no longer than it takes',
    virtualTest(async ({ time }) => {
      const { source$, held, told, deadLetters, heal } = superviseSick({ capacity: 0 });
      source$.next('a');
      heal();
      const report = deadLetters.redrive();
      await time.settle();
      source$.next('b');
      source$.next('c');
      for (const index of [0, 1, 2]) {
        expect(held.calls).toHaveLength(index + 1);
        held.call(index).succeed();
        await time.settle();
      }
      expect(await report).toMatchObject({ handled: 1 });
      expect(told).toEqual(['a dead exhausted', 'b handled', 'c handled']);
    }),
  );

  it(
    'keeps no item waiting for a slot that is free, though the others are not',
    virtualTest(async ({ time }) => {
      const { source$, held, told, deadLetters, heal } = superviseSick({ concurrency: 2, capacity: 0 });
      source$.next('hangs');
      source$.next('ends');
      heal();
      void deadLetters.redrive();
      await time.settle();
      source$.next('b');
      held.call(1).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event)).toEqual(['hangs', 'ends', 'b']);
      held.call(2).succeed();
      await time.settle();
      expect(told.at(-1)).toBe('b handled');
    }),
  );

  it(
    'gets its turn among the items of a source that never pauses',
    virtualTest(async ({ time }) => {
      const { source$, held, deadLetters, heal } = superviseSick({ capacity: 0 });
      source$.next('a');
      heal();
      for (const item of 'bcdef') source$.next(item);
      const report = deadLetters.redrive();
      await time.settle();
      for (let index = 0; index < 6; index++) {
        held.call(index).succeed();
        await time.settle();
      }
      expect(held.calls.map(({ event }) => event)).toEqual(['b', 'c', 'a', 'd', 'e', 'f']);
      expect(await report).toMatchObject({ handled: 1 });
    }),
  );

  it(
    'holds up the end of the stream until it is finished',
    virtualTest(async ({ time }) => {
      const { source$, held, told, deadLetters, heal } = superviseSick();
      source$.next('a');
      heal();
      const report = deadLetters.redrive();
      await time.settle();
      source$.complete();
      expect(told).toEqual(['a dead exhausted']);
      held.call(0).succeed();
      expect(await report).toMatchObject({ handled: 1 });
      expect(told).toEqual(['a dead exhausted', 'complete']);
    }),
  );

  it('leaves it where it is when nobody is subscribed', async () => {
    const { source$, held, deadLetters, heal, unsubscribe } = superviseSick({ name: 'mail' });
    source$.next('a');
    heal();
    unsubscribe();
    expect(await deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
    expect(await deadLetters.list()).toMatchObject([{ event: 'a', redriven: 0 }]);
    expect(held.calls).toEqual([]);
  });

  it('hands it to the next subscription of its name', async () => {
    const deadLetters = createDeadLetterQueue<string>();
    const handled: string[] = [];
    const options = { name: 'mail', deadLetters };
    collect(of('a').pipe(supervise(() => throwError(() => broken), options)));
    collect(NEVER.pipe(supervise((item: string) => void handled.push(item), options)));
    expect(await deadLetters.redrive()).toMatchObject({ handled: 1 });
    expect(handled).toEqual(['a']);
  });
});

describe('whatever source, handler and options', { timeout: 60_000 }, () => {
  // More by hand: MILLRACE_RUNS=5000 npx vitest run spec/process/supervise.spec.ts
  const numRuns = Number(process.env['MILLRACE_RUNS'] ?? 300);

  /** Runs a plan, and looks at what holds in any. */
  async function run(plan: Plan): Promise<SupervisedRun> {
    // Results that come too late are reported.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const supervised = await new SupervisedRun(plan).run();
    expect(supervised.faults).toEqual([]);
    expect(supervised.sent.filter(({ active, ends }) => active > 0 || ends.length > 1)).toEqual([]);
    expect(supervised.clock.actions).toEqual([]);
    expect(supervised.redrives).toHaveLength(supervised.hasRedriven ? 1 : 0);
    return supervised;
  }

  it('tells the end of each item once, as it was, then the end of the source', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const whole = { ...plan, unsubscribeAtMs: undefined, taken: Infinity };
        const { sent, told, ends, hasRedriven } = await run(whole);
        expect(new Set(told.map(({ event }) => event))).toEqual(new Set(sent));
        expect(ends).toEqual([plan.end]);
        if (hasRedriven) return;
        for (const end of told) {
          const { event, outcome, attempts } = end;
          expect(attempts).toBe(event.calls);
          expect(event.letters).toHaveLength(outcome === 'dead' ? 1 : 0);
          if (outcome === 'handled') expect(end.result).toMatch(new RegExp(`(^|\\+)${event.number}(\\+.*)? in`));
          else if (end.reason === 'exhausted') expect(attempts).toBe(plan.maxAttempts);
          if (plan.overflow === 'suspend' && plan.strategy === 'queue') expect(outcome).toMatch(/handled|dead/);
        }
      }),
      { numRuns },
    );
  });

  it('tells the end of each item, or makes a letter of it, when it is unsubscribed at any time', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.nat({ max: 40 }), async (plan, unsubscribeAtMs) => {
        const cut = { ...plan, unsubscribeAtMs, taken: Infinity, redriveAtMs: undefined };
        const { sent, ends } = await run(cut);
        for (const item of sent) expect(item.ends.length + (item.isAbandoned ? 1 : 0)).toBe(1);
        if (sent.some(({ isAbandoned }) => isAbandoned)) expect(ends).toEqual([]);
      }),
      { numRuns },
    );
  });

  it('tells nothing more when its reader has enough, and makes letters of what has not ended', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 10 }), async (plan, taken) => {
        const { sent, told } = await run({ ...plan, taken, unsubscribeAtMs: undefined, redriveAtMs: undefined });
        expect(told.length).toBeLessThanOrEqual(taken);
        for (const item of sent) expect(item.ends.length + (item.isAbandoned ? 1 : 0)).toBeLessThanOrEqual(1);
        if (plan.overflow !== 'suspend' || plan.strategy !== 'queue') return;
        const lost = sent.filter(
          ({ ends, letters, calls }) => ends.length === 0 && letters.length === 0 && calls === 0,
        );
        expect(lost).toEqual([]);
      }),
      { numRuns },
    );
  });
});

describe('a million items', { timeout: 30_000 }, () => {
  const MILLION = 1_000_000;

  /** They are counted, not kept. */
  function count(result$: Observable<Supervised<number>>): Promise<{ inOrder: number; others: number }> {
    const counted = { inOrder: 0, others: 0 };
    return new Promise((resolve, reject) => {
      result$.subscribe({
        next: ({ event, outcome }) => {
          if (event === counted.inOrder && outcome === 'handled') counted.inOrder++;
          else counted.others++;
        },
        error: reject,
        complete: () => resolve(counted),
      });
    });
  }

  it('neither overflow nor hang, when all are there at once and handled at once', async () => {
    const result$ = range(0, MILLION).pipe(supervise((item) => item));
    expect(await count(result$)).toEqual({ inOrder: MILLION, others: 0 });
  });

  it(
    'neither overflow nor hang behind one that is not',
    virtualTest(async ({ time }) => {
      const handler = (item: number): Promise<void> | number => (item === 0 ? time.settle() : item);
      expect(await count(range(0, MILLION).pipe(supervise(handler)))).toEqual({ inOrder: MILLION, others: 0 });
    }),
  );

  it('neither overflow nor hang in batches, with keys, and behind a first that fails', async () => {
    const inBatches$ = range(0, MILLION).pipe(supervise((items) => items.length, { batch: { maxSize: 100 } }));
    expect(await count(inBatches$)).toEqual({ inOrder: MILLION, others: 0 });
    const handler = (item: number, { attempt }: HandlerContext): void => {
      if (item === 0 && attempt === 1) throw broken;
    };
    const keyed$ = range(0, MILLION).pipe(supervise(handler, { key: () => 'one', retry: { delayMs: 1 } }));
    expect(await count(keyed$)).toEqual({ inOrder: MILLION, others: 0 });
  });

  it(
    'are let go at once when they are unsubscribed while they wait',
    virtualTest(async ({ time }) => {
      const submit = vi.spyOn(Engine.prototype, 'submit');
      const abandon = vi.spyOn(Engine.prototype, 'abandon');
      const { told } = collect(
        range(0, MILLION).pipe(
          supervise(async (item) => item),
          take(1),
        ),
      );
      await time.settle();
      expect(told).toEqual(['0 handled 0', 'complete']);
      // One was in flight, 1,024 were pending behind it, and one more stood at the gate.
      expect(submit).toHaveBeenCalledTimes(1_026);
      // Nobody could see the letters.
      expect(abandon).not.toHaveBeenCalled();
    }),
  );

  it(
    'are kept by nobody when they have ended',
    virtualTest(async ({ time }) => {
      const source$ = new Subject<object>();
      const seen: WeakRef<object>[] = [];
      source$.pipe(supervise(async () => {}, { capacity: 10 })).subscribe(({ event }) => seen.push(new WeakRef(event)));
      range(0, 1_000).subscribe((index) => source$.next({ index }));
      while (seen.length < 1_000) await time.settle();
      // Code that is being optimized may keep one for a while.
      expect(await countAlive(seen)).toBeLessThan(5);
      expect(source$.observed).toBe(true);
    }),
  );
});

describe('bad input of supervise', () => {
  it.each<[object, string]>([
    [{ concurrency: 0 }, 'Expected concurrency to be a whole number ≥ 1, got 0.'],
    [{ concurrency: Number.NaN }, 'Expected concurrency to be a whole number ≥ 1, got NaN.'],
    [{ capacity: -1 }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got -1.'],
    [
      { overflow: 'drop' },
      "Expected overflow to be one of 'suspend', 'drop-oldest', 'drop-newest', 'fail', got 'drop'.",
    ],
    [{ strategy: 'parallel' }, "Expected strategy to be one of 'queue', 'switch', 'exhaust', got 'parallel'."],
    [{ key: 'id' }, "Expected key to be a function, got 'id'."],
    [{ timeoutMs: 0 }, 'Expected timeoutMs to be milliseconds > 0 and ≤ 2147483647, got 0.'],
    [{ retry: 3 }, 'Expected retry to be an object of options, got 3.'],
    [{ batch: { maxSize: 0 } }, 'Expected batch.maxSize to be a whole number ≥ 1, got 0.'],
    [{ name: '' }, "Expected name to be a text that is not empty, got ''."],
  ])('refuses %o when it is made', (options, text) => {
    expect(() => supervise(() => undefined, options as ProcessorOptions<unknown>)).toThrow(
      new InvalidOptionError(text),
    );
  });

  it.each([[undefined], [null], ['handle'], [{ run: () => undefined }]])('refuses the handler %o', (handler) => {
    expect(() => supervise(handler as never)).toThrow(InvalidOptionError);
  });

  it('takes options that are undefined for such that are not given', () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const options = { deadLetters: undefined, key: undefined, name: undefined };
    const failing$ = range(0, 10_002).pipe(
      supervise((): never => {
        throw broken;
      }, options as object),
    );
    expect(collect(failing$).told).toHaveLength(10_003);
    // A queue of its own would be full now, and say so.
    expect(printed).not.toHaveBeenCalled();
  });
});
