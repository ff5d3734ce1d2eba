import * as fc from 'fast-check';
import {
  createDeadLetterQueue,
  type HandlerContext,
  InvalidOptionError,
  type Outcome,
  OverflowError,
  splitResults,
  type SplitResultsOptions,
  supervise,
} from 'millrace';
import { marbles } from 'millrace/testing';
import { concat, defer, EMPTY, from, map, NEVER, Observable, of, range, Subject, take, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { countAlive } from '../support/garbage.ts';
import { ends, SplitRun, steps } from '../support/split-run.ts';

interface Result {
  readonly outcome: Outcome;
  readonly item: string;
}

/** Lower case is a success, upper case a failure. */
function resultOf(item: string): Result {
  return { outcome: item === item.toLowerCase() ? 'handled' : 'dead', item };
}

const RESULTS: Readonly<Record<string, Result>> = Object.fromEntries(
  Array.from('abcABCD', (item) => [item, resultOf(item)]),
);

const broken = new Error('broken');

const overflowed = new OverflowError(
  'the failures, which nobody reads',
  'Subscribe to them, raise capacity, or choose another overflow.',
);

/** What a side tells: each item, then the error, or `'complete'`. */
function collect(side$: Observable<Result>): { told: unknown[]; unsubscribe: () => void } {
  const told: unknown[] = [];
  const subscription = side$.subscribe({
    next: ({ item }) => told.push(item),
    error: (error) => told.push(error),
    complete: () => told.push('complete'),
  });
  return { told, unsubscribe: () => subscription.unsubscribe() };
}

/** Sides of any result, whatever is known of their outcomes. */
interface Sides {
  readonly successes: Observable<Result>;
  readonly failures: Observable<Result>;
}

/** Both sides of a source that tells what the spec says, letter by letter. */
function splitLetters(
  options?: SplitResultsOptions<Result>,
): Sides & { source$: Subject<Result>; send: (letters: string) => void } {
  const source$ = new Subject<Result>();
  const send = (letters: string): void => Array.from(letters).forEach((item) => source$.next(resultOf(item)));
  return { source$, send, ...splitResults(source$, options) };
}

describe('splitResults', () => {
  it(
    'gives out what was handled on one side, and what was not on the other, which keeps it until it is read',
    marbles((m) => {
      const results$ = m.hot('  -a-A-b-B-|', RESULTS);
      const onSuccess = '       -a---b---|';
      const onFailure = '       -----------(AB|)';
      const late = '            -----------^';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes).toBeObservable(onSuccess, RESULTS);
      m.expect(failures, late).toBeObservable(onFailure, RESULTS);
    }),
  );

  it(
    'keeps successes as well while only failures are read',
    marbles((m) => {
      const results$ = m.hot('  -a-A-b-B-|', RESULTS);
      const late = '            -----------^';
      const onSuccess = '       -----------(ab|)';
      const onFailure = '       ---A---B-|';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(failures).toBeObservable(onFailure, RESULTS);
      m.expect(successes, late).toBeObservable(onSuccess, RESULTS);
    }),
  );

  it(
    'takes all that was not handled for failures',
    marbles((m) => {
      const values: Record<string, Result> = {
        h: { outcome: 'handled', item: 'h' },
        d: { outcome: 'dead', item: 'd' },
        o: { outcome: 'dropped', item: 'o' },
        r: { outcome: 'rejected', item: 'r' },
      };
      const results$ = m.hot('  -h-d-o-r-|', values);
      const onSuccess = '       -h-------|';
      const onFailure = '       ---d-o-r-|';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes).toBeObservable(onSuccess, values);
      m.expect(failures).toBeObservable(onFailure, values);
    }),
  );

  it(
    'keeps what comes between two readers of a side for the second one',
    marbles((m) => {
      const results$ = m.hot('  -A-B-C----|', RESULTS);
      const first = '           ^-!';
      const onFirst = '         -A';
      const second = '          ------^';
      const onSecond = '        ------(BC)|';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes).toBeObservable('----------|');
      m.expect(failures, first).toBeObservable(onFirst, RESULTS);
      m.expect(failures, second).toBeObservable(onSecond, RESULTS);
    }),
  );

  it(
    'gives each result to all readers that its side has at that moment',
    marbles((m) => {
      const results$ = m.hot('  -a-b-c-|', RESULTS);
      const onFirst = '         -a-b-c-|';
      const second = '          --^';
      const onSecond = '        ---b-c-|';
      const { successes }: Sides = splitResults(results$);
      m.expect(successes).toBeObservable(onFirst, RESULTS);
      m.expect(successes, second).toBeObservable(onSecond, RESULTS);
    }),
  );

  it(
    'subscribes to its source when its first side is read, and releases it with the last reader of both',
    marbles((m) => {
      const results$ = m.hot('  -a-A-b-B-c', RESULTS);
      const one = '             --^---!';
      const onSuccess = '       -----b';
      const other = '           ----^---!';
      const onFailure = '       ----A--B';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes, one).toBeObservable(onSuccess, RESULTS);
      m.expect(failures, other).toBeObservable(onFailure, RESULTS);
      m.expect(results$).toHaveSubscriptions('--^-----!');
    }),
  );

  it(
    'subscribes anew when it is read anew, and still has what nobody has read',
    marbles((m) => {
      const results$ = m.cold(' -a-A-|', RESULTS);
      const one = '             ^---!';
      const onSuccess = '       -a';
      const other = '           ------^';
      const onFailure = '       ------A--A-|';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes, one).toBeObservable(onSuccess, RESULTS);
      m.expect(failures, other).toBeObservable(onFailure, RESULTS);
      m.expect(results$).toHaveSubscriptions(['^---!', '------^----!']);
    }),
  );

  it(
    'ends both sides as its source ends, a late one after what was kept for it',
    marbles((m) => {
      const results$ = m.hot('  -a-A-#', RESULTS);
      const onSuccess = '       -a---#';
      const late = '            -------^';
      const onFailure = '       -------(A#)';
      const later = '           --------^';
      const { successes, failures }: Sides = splitResults(results$);
      m.expect(successes).toBeObservable(onSuccess, RESULTS);
      m.expect(failures, late).toBeObservable(onFailure, RESULTS);
      m.expect(failures, later).toBeObservable('--------#');
      m.expect(successes, later).toBeObservable('--------#');
      m.expect(results$).toHaveSubscriptions('^----!');
    }),
  );

  it('keeps what a side had no time for, when its source is done before the other side is read', () => {
    const { successes, failures } = splitResults(from(Array.from('aAbB', resultOf)));
    expect(collect(successes).told).toEqual(['a', 'b', 'complete']);
    expect(collect(failures).told).toEqual(['A', 'B', 'complete']);
    expect(collect(successes).told).toEqual(['complete']);
  });
});

describe('an unread side', () => {
  it('keeps 1024 results by default, and then fails, after what it kept; the other one goes on', () => {
    const { send, source$, successes, failures } = splitLetters();
    const other = collect(successes);
    send('A'.repeat(1_024));
    const kept = collect(failures);
    expect(kept.told).toHaveLength(1_024);
    kept.unsubscribe();
    send('A'.repeat(1_025));
    send('a');
    const { told } = collect(failures);
    expect(told).toHaveLength(1_025);
    expect(told.at(-1)).toStrictEqual(overflowed);
    send('b');
    source$.complete();
    expect(other.told).toEqual(['a', 'b', 'complete']);
  });

  it.each([
    { overflow: 'drop-oldest', kept: '-----------(BC|)', dropped: 'A' },
    { overflow: 'drop-newest', kept: '-----------(AB|)', dropped: 'C' },
    { overflow: 'fail', kept: '-----------(AB#)', dropped: 'C' },
  ] as const)(
    "lets go of what is too much, as the policy '$overflow' says, and tells of it",
    marbles((m, { overflow, kept, dropped }) => {
      const results$ = m.hot('  -A-B-aC-b|', RESULTS);
      const onSuccess = '       -----a--b|';
      const late = '            -----------^';
      const told: string[] = [];
      const onDropped = ({ item }: Result): unknown => told.push(item);
      const { successes, failures }: Sides = splitResults(results$, { capacity: 2, overflow, onDropped });
      m.expect(successes).toBeObservable(onSuccess, RESULTS);
      m.expect(failures, late).toBeObservable(kept, RESULTS, overflowed);
      m.flush();
      expect(told).toEqual([dropped]);
    }),
  );

  it('tells of all that comes after it has failed', () => {
    const dropped: string[] = [];
    const { send, successes, failures } = splitLetters({ capacity: 1, onDropped: ({ item }) => dropped.push(item) });
    collect(successes);
    send('ABC');
    expect(dropped).toEqual(['B', 'C']);
    expect(collect(failures).told).toEqual(['A', overflowed]);
    send('D');
    expect(dropped).toEqual(['B', 'C', 'D']);
  });

  it('fails for what it lost, however its source ends', () => {
    const { send, source$, successes, failures } = splitLetters({ capacity: 1 });
    const other = collect(successes);
    send('AB');
    source$.error(broken);
    expect(other.told).toEqual([broken]);
    expect(collect(failures).told).toEqual(['A', overflowed]);
  });

  it('lets go of nothing while it is read, and of nothing at all without a bound', () => {
    const onDropped = vi.fn();
    const read = splitLetters({ capacity: 1, onDropped });
    const { told } = collect(read.failures);
    read.send('ABC');
    expect(told).toEqual(['A', 'B', 'C']);
    const unread = splitLetters({ capacity: Infinity, onDropped });
    collect(unread.successes);
    unread.send('A'.repeat(10_000));
    expect(collect(unread.failures).told).toHaveLength(10_000);
    expect(onDropped).not.toHaveBeenCalled();
  });

  it('has room again when what it kept has been read', () => {
    const { send, successes, failures } = splitLetters({ capacity: 2 });
    collect(successes);
    send('AB');
    expect(collect(failures.pipe(take(1))).told).toEqual(['A', 'complete']);
    send('C');
    expect(collect(failures.pipe(take(2))).told).toEqual(['B', 'C', 'complete']);
  });

  it.each(['drop-oldest', 'drop-newest', 'fail'] as const)('keeps no more in memory either (%s)', async (overflow) => {
    const source$ = new Subject<{ outcome: Outcome }>();
    const { successes } = splitResults(source$, { capacity: 100, overflow });
    const all: WeakRef<object>[] = [];
    successes.subscribe();
    range(0, 20_000).subscribe(() => {
      const result = { outcome: 'dead' } as const;
      all.push(new WeakRef(result));
      source$.next(result);
    });
    // Code that is being optimized may keep some for a while.
    expect(await countAlive(all)).toBeLessThan(110);
    expect(source$.observed).toBe(true);
  });

  it('keeps no more when its reader leaves in the middle of what it has sent itself', () => {
    const dropped: string[] = [];
    const { send, source$, successes, failures } = splitLetters({
      capacity: 2,
      overflow: 'drop-newest',
      onDropped: ({ item }) => dropped.push(item),
    });
    collect(successes);
    const subscription = failures.subscribe(() => {
      send('BCDE');
      subscription.unsubscribe();
    });
    send('A');
    source$.complete();
    expect(dropped).toEqual(['D', 'E']);
    expect(collect(failures).told).toEqual(['B', 'C', 'complete']);
  });

  it('fails for what it lost, though its source has completed meanwhile', () => {
    const { send, source$, successes, failures } = splitLetters({ capacity: 1 });
    collect(successes);
    const subscription = failures.subscribe(() => {
      send('BC');
      source$.complete();
      subscription.unsubscribe();
    });
    send('A');
    expect(collect(failures).told).toEqual(['B', overflowed]);
  });
});

describe('both sides, among callers that meddle', () => {
  it('take what a reader sends meanwhile, in the order of sending', () => {
    const { send, successes, failures } = splitLetters();
    const seen: string[] = [];
    failures.subscribe(({ item }) => seen.push(item));
    successes.subscribe(({ item }) => {
      seen.push(item);
      if (item === 'a') send('bAc');
    });
    send('ad');
    expect(seen).toEqual(['a', 'A', 'b', 'c', 'd']);
  });

  it('keep what was to come for a reader that has left for another one', () => {
    const { send, successes, failures } = splitLetters();
    collect(successes);
    send('ABC');
    expect(collect(failures.pipe(take(1))).told).toEqual(['A', 'complete']);
    expect(collect(failures).told).toEqual(['B', 'C']);
  });

  it('may be read again at once when they are let go', () => {
    const { send, source$, successes } = splitLetters();
    const again: unknown[] = [];
    successes.pipe(take(1)).subscribe({
      complete: () => successes.subscribe(({ item }) => again.push(item)),
    });
    send('a');
    send('b');
    expect(again).toEqual(['b']);
    expect(source$.observed).toBe(true);
  });

  it('may be read again while their source is let go: what comes then is not for a reader that has left', () => {
    let isFirst = true;
    const { successes, failures } = splitResults(
      new Observable<Result>((subscriber) => {
        subscriber.next(resultOf(isFirst ? 'a' : 'b'));
        if (isFirst) subscriber.add(() => collect(failures));
        isFirst = false;
      }),
    );
    const { told, unsubscribe } = collect(successes);
    unsubscribe();
    expect(told).toEqual(['a']);
    expect(collect(successes).told).toEqual(['b']);
  });

  it('do not ask their source for a reader that has enough in what was kept', () => {
    const { send, source$, successes, failures } = splitLetters();
    const other = collect(successes);
    send('A');
    other.unsubscribe();
    expect(collect(failures.pipe(take(1))).told).toEqual(['A', 'complete']);
    expect(source$.observed).toBe(false);
  });

  it('do not ask their source again after its end, for a reader that comes while the rest is told', () => {
    const subscribed = vi.fn();
    const { successes, failures } = splitResults(
      concat(
        defer(() => {
          subscribed();
          return EMPTY;
        }),
        from(Array.from('AB', resultOf)),
      ),
    );
    collect(successes);
    const again: string[] = [];
    failures.subscribe(({ item }) => {
      if (item === 'A') failures.subscribe((result) => again.push(result.item));
    });
    expect(again).toEqual(['B']);
    expect(subscribed).toHaveBeenCalledOnce();
  });

  it('lose nothing to an onDropped that sends, reads or throws', () => {
    vi.useFakeTimers();
    const dropped: string[] = [];
    const { send, successes, failures } = splitLetters({
      capacity: 2,
      overflow: 'drop-oldest',
      onDropped: ({ item }) => {
        dropped.push(item);
        if (item === 'A') send('D');
        if (item === 'B') throw broken;
      },
    });
    collect(successes);
    send('ABC');
    expect(dropped).toEqual(['A', 'B']);
    expect(collect(failures).told).toEqual(['C', 'D']);
    // RxJS's rule for callbacks that throw.
    expect(() => vi.runAllTimers()).toThrow(broken);
    vi.useRealTimers();
  });

  it('fail when their source fails at once, and do not ask it again', () => {
    const subscribed = vi.fn();
    const { successes, failures } = splitResults(
      new Observable<Result>((subscriber) => {
        subscribed();
        subscriber.error(broken);
      }),
    );
    expect([collect(successes), collect(failures), collect(successes)].map(({ told }) => told)).toEqual([
      [broken],
      [broken],
      [broken],
    ]);
    expect(subscribed).toHaveBeenCalledOnce();
  });
});

describe('the results of a supervised stream', () => {
  it('are cancelled by the last reader, though the other side is unread and full', () => {
    const signals: AbortSignal[] = [];
    const deadLetters = createDeadLetterQueue<number>();
    const handler = (item: number, { signal }: HandlerContext): Observable<never> => {
      signals.push(signal);
      return item < 50 ? throwError(() => broken) : NEVER;
    };
    const result$ = concat(range(0, 60), NEVER).pipe(supervise(handler, { concurrency: 8, deadLetters }));
    const { successes } = splitResults(result$, { capacity: 10 });
    const subscription = successes.subscribe();
    expect(signals).toHaveLength(58);
    subscription.unsubscribe();
    expect(signals.slice(50).every(({ aborted }) => aborted)).toBe(true);
  });
});

describe('whatever the order of results, readers and meddling', () => {
  // More by hand: MILLRACE_RUNS=5000 npx vitest run spec/process/split-results.spec.ts
  const numRuns = Number(process.env['MILLRACE_RUNS'] ?? 500);

  it('nothing is lost or out of order, and neither side waits for the other, within the capacity', () => {
    fc.assert(
      fc.property(steps, ends, (plan, end) => {
        const run = new SplitRun(end, { capacity: 1_000 });
        run.run(plan);
        for (const side of Object.values(run.seen)) {
          expect(side.seen).toEqual(side.given);
          expect(side.dropped).toEqual([]);
          expect([...side.ends]).toEqual([end]);
        }
      }),
      { numRuns },
    );
  });

  it('what was told, what was dropped and an OverflowError account for all, beyond it', () => {
    const bounds = fc.record({
      capacity: fc.integer({ min: 1, max: 4 }),
      overflow: fc.constantFrom('drop-newest' as const, 'drop-oldest' as const, 'fail' as const),
    });
    const byNumber = (one: number, other: number): number => one - other;
    fc.assert(
      fc.property(steps, ends, bounds, (plan, end, options) => {
        const run = new SplitRun(end, options);
        run.run(plan);
        for (const { given, seen, dropped, ends: heard } of Object.values(run.seen)) {
          expect([...seen, ...dropped].toSorted(byNumber)).toEqual(given);
          expect(seen).toEqual(seen.toSorted(byNumber));
          expect([...heard]).toEqual([options.overflow === 'fail' && dropped.length > 0 ? 'OverflowError' : end]);
        }
        expect(run.mostKept).toBeLessThanOrEqual(options.capacity);
      }),
      { numRuns },
    );
  });
});

describe('a million results at once', { timeout: 30_000 }, () => {
  const MILLION = 1_000_000;
  const result$ = range(0, MILLION).pipe(
    map((index): Result => ({ outcome: index % 2 ? 'handled' : 'dead', item: '' })),
  );

  it('come out of their sides, all of them', () => {
    const source$ = new Subject<Result>();
    const { successes, failures } = splitResults(source$, { capacity: 1 });
    const sums = { successes: 0, failures: 0, ends: 0 };
    successes.subscribe({ next: () => sums.successes++, complete: () => sums.ends++ });
    failures.subscribe({ next: () => sums.failures++, complete: () => sums.ends++ });
    result$.subscribe(source$);
    expect(sums).toEqual({ successes: MILLION / 2, failures: MILLION / 2, ends: 2 });
  });

  it.each(['drop-oldest', 'drop-newest', 'fail'] as const)("pass an unread side by, with overflow '%s'", (overflow) => {
    let dropped = 0;
    const { successes, failures } = splitResults(result$, { overflow, onDropped: () => dropped++ });
    const { told } = collect(successes);
    expect(told).toHaveLength(MILLION / 2 + 1);
    expect(collect(failures).told).toHaveLength(1_025);
    expect(dropped).toBe(MILLION / 2 - 1_024);
  });

  it('come out of a side that is read late, without a bound', () => {
    const { successes, failures } = splitResults(result$, { capacity: Infinity });
    expect(collect(successes).told).toHaveLength(MILLION / 2 + 1);
    expect(collect(failures).told).toHaveLength(MILLION / 2 + 1);
  });
});

describe('bad input of splitResults', () => {
  it.each<[object, string]>([
    [{ capacity: 0 }, 'Expected capacity to be a whole number ≥ 1 or Infinity, got 0.'],
    [{ capacity: 1.5 }, 'Expected capacity to be a whole number ≥ 1 or Infinity, got 1.5.'],
    [{ capacity: Number.NaN }, 'Expected capacity to be a whole number ≥ 1 or Infinity, got NaN.'],
    [{ capacity: null }, 'Expected capacity to be a whole number ≥ 1 or Infinity, got null.'],
    [{ overflow: 'suspend' }, "Expected overflow to be one of 'drop-oldest', 'drop-newest', 'fail', got 'suspend'."],
    [{ onDropped: 'log' }, "Expected onDropped to be a function, got 'log'."],
    [{ onDropped: null }, 'Expected onDropped to be a function, got null.'],
  ])('refuses %o when it is called', (options, text) => {
    expect(() => splitResults(of(), options)).toThrow(new InvalidOptionError(text));
  });
});
