import * as fc from 'fast-check';
import { batch, type BatchOptions, InvalidOptionError } from 'millrace';
import { marbles } from 'millrace/testing';
import { from, of, range, Subject, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';

describe('batch', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it(
    'gives out a batch when it is full, or when its first item has waited long enough',
    marbles((m) => {
      const source$ = m.hot('  -a-b-c-d-------|');
      const expected = '       -----x-----y---|';
      const values = { x: ['a', 'b', 'c'], y: ['d'] };
      const options = { maxSize: 3, maxWaitMs: 4, scheduler: m.scheduler };
      m.expect(source$.pipe(batch(options))).toBeObservable(expected, values);
      m.expect(source$).toHaveSubscriptions('^--------------!');
    }),
  );

  it(
    'counts the time from the first item of each batch, not from the last one or from the batch before',
    marbles((m) => {
      const source$ = m.hot('  -a--b---c--d---');
      const expected = '       ------x------y-';
      const values = { x: ['a', 'b'], y: ['c', 'd'] };
      m.expect(source$.pipe(batch({ maxWaitMs: 5, scheduler: m.scheduler }))).toBeObservable(expected, values);
    }),
  );

  it(
    'gives the next batch its whole time when one was full before its own',
    marbles((m) => {
      const source$ = m.hot('  -ab-c-----');
      const expected = '       --x----y--';
      const values = { x: ['a', 'b'], y: ['c'] };
      const options = { maxSize: 2, maxWaitMs: 3, scheduler: m.scheduler };
      m.expect(source$.pipe(batch(options))).toBeObservable(expected, values);
    }),
  );

  it(
    'gives out what is gathered when the source completes',
    marbles((m) => {
      const source$ = m.cold(' -a-b-|');
      const expected = '       -----(x|)';
      const result$ = source$.pipe(batch({ scheduler: m.scheduler }));
      m.expect(result$).toBeObservable(expected, { x: ['a', 'b'] });
    }),
  );

  it(
    'gives out what is gathered before it passes an error on',
    marbles((m) => {
      // RxJS's buffers lose it.
      const source$ = m.cold(' -a-b-#');
      const expected = '       -----(x#)';
      const result$ = source$.pipe(batch({ scheduler: m.scheduler }));
      m.expect(result$).toBeObservable(expected, { x: ['a', 'b'] });
    }),
  );

  it(
    'never gives out an empty batch, however long nothing comes',
    marbles((m) => {
      const source$ = m.cold(' 9ms a 9ms |');
      const expected = '       9ms x 9ms |';
      const options = { maxSize: 1, maxWaitMs: 2, scheduler: m.scheduler };
      m.expect(source$.pipe(batch(options))).toBeObservable(expected, { x: ['a'] });
      m.expect(m.cold('---|').pipe(batch(options))).toBeObservable('---|');
      m.expect(m.cold('---#').pipe(batch(options))).toBeObservable('---#');
    }),
  );

  it(
    'gathers what comes at one moment when maxWaitMs is 0',
    marbles((m) => {
      const source$ = m.hot('  -(ab)---c-');
      const expected = '       -x------y-';
      const values = { x: ['a', 'b'], y: ['c'] };
      m.expect(source$.pipe(batch({ maxWaitMs: 0, scheduler: m.scheduler }))).toBeObservable(expected, values);
    }),
  );

  it(
    'waits for a full batch however long it takes when maxWaitMs is Infinity',
    marbles((m) => {
      const source$ = m.hot('  a 99s b 99s |');
      const expected = '       99001ms x 99s |';
      const options = { maxSize: 2, maxWaitMs: Infinity, scheduler: m.scheduler };
      m.expect(source$.pipe(batch(options))).toBeObservable(expected, { x: ['a', 'b'] });
    }),
  );

  it(
    'gathers all there is when there is no bound',
    marbles((m) => {
      const source$ = m.cold(' abc 99s d|');
      const expected = '       --- 99s -(x|)';
      const options = { maxSize: Infinity, maxWaitMs: Infinity };
      m.expect(source$.pipe(batch(options))).toBeObservable(expected, { x: ['a', 'b', 'c', 'd'] });
    }),
  );

  it('has room for 100 items and waits for a second, by default', () => {
    vi.useFakeTimers();
    const seen: number[] = [];
    const source$ = new Subject<number>();
    source$.pipe(batch()).subscribe(({ length }) => seen.push(length));
    range(0, 101).subscribe((item) => source$.next(item));
    expect(seen).toEqual([100]);
    vi.advanceTimersByTime(999);
    expect(seen).toEqual([100]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([100, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives every batch an array of its own, which its reader may keep or change', () => {
    const batches: number[][] = [];
    from([1, 2, 3, 4])
      .pipe(batch({ maxSize: 2 }))
      .subscribe((items) => {
        batches.push(items);
        items.push(0);
      });
    expect(batches).toEqual([
      [1, 2, 0],
      [3, 4, 0],
    ]);
  });

  it('keeps an item that is undefined', () => {
    const seen: unknown[] = [];
    of(undefined, undefined)
      .pipe(batch())
      .subscribe((items) => seen.push(items));
    expect(seen).toEqual([[undefined, undefined]]);
  });

  it('puts an item that is sent while a batch is given out into the next one', () => {
    const scheduler = new VirtualTimeScheduler();
    const source$ = new Subject<number>();
    const seen: number[][] = [];
    source$.pipe(batch({ maxSize: 2, maxWaitMs: 5, scheduler })).subscribe((items) => {
      seen.push(items);
      if (seen.length === 1) source$.next(3);
    });
    source$.next(1);
    source$.next(2);
    expect(seen).toEqual([[1, 2]]);
    scheduler.flush();
    expect(seen).toEqual([[1, 2], [3]]);
  });

  it('gives out nothing of what is gathered when it is unsubscribed, and leaves no timer', () => {
    const scheduler = new VirtualTimeScheduler();
    const seen: unknown[] = [];
    const source$ = new Subject<number>();
    const subscription = source$.pipe(batch({ scheduler })).subscribe((items) => seen.push(items));
    source$.next(1);
    expect(scheduler.actions).toHaveLength(1);
    subscription.unsubscribe();
    expect(scheduler.actions).toHaveLength(0);
    expect(seen).toEqual([]);
  });

  it('sets one timer for a batch, and leaves none when it is full', () => {
    const scheduler = new VirtualTimeScheduler();
    const source$ = new Subject<number>();
    source$.pipe(batch({ maxSize: 3, scheduler })).subscribe();
    source$.next(1);
    source$.next(2);
    expect(scheduler.actions).toHaveLength(1);
    source$.next(3);
    expect(scheduler.actions).toHaveLength(0);
  });

  it('sets no timer for a batch that is full at once, nor for one that waits for ever', () => {
    const scheduler = new VirtualTimeScheduler();
    const source$ = new Subject<number>();
    source$.pipe(batch({ maxSize: 1, scheduler })).subscribe();
    source$.pipe(batch({ maxWaitMs: Infinity, scheduler })).subscribe();
    source$.next(1);
    expect(scheduler.actions).toHaveLength(0);
  });

  it.each<[BatchOptions, string]>([
    [{ maxSize: 0 }, 'Expected batch.maxSize to be a whole number ≥ 1 or Infinity, got 0.'],
    [{ maxSize: 1.5 }, 'Expected batch.maxSize to be a whole number ≥ 1 or Infinity, got 1.5.'],
    [{ maxSize: Number.NaN }, 'Expected batch.maxSize to be a whole number ≥ 1 or Infinity, got NaN.'],
    [{ maxSize: '5' as never }, "Expected batch.maxSize to be a whole number ≥ 1 or Infinity, got '5'."],
    [{ maxWaitMs: -1 }, 'Expected batch.maxWaitMs to be milliseconds ≥ 0 and ≤ 2147483647, got -1.'],
    [{ maxWaitMs: Number.NaN }, 'Expected batch.maxWaitMs to be milliseconds ≥ 0 and ≤ 2147483647, got NaN.'],
    [{ maxWaitMs: 2 ** 31 }, 'Expected batch.maxWaitMs to be milliseconds ≥ 0 and ≤ 2147483647, got 2147483648.'],
    [{ maxWaitMs: null as never }, 'Expected batch.maxWaitMs to be milliseconds ≥ 0 and ≤ 2147483647, got null.'],
  ])('refuses %o when it is made', (options, text) => {
    expect(() => batch(options)).toThrow(new InvalidOptionError(text));
  });

  it('gives out every item once, in order, in batches that are never empty, too large or too late', () => {
    const arrivals = fc.array(fc.nat({ max: 6 }), { maxLength: 60 });
    const ends = fc.constantFrom('complete', 'error');
    const policies = fc.record({
      maxSize: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constant(Infinity)),
      maxWaitMs: fc.oneof(fc.nat({ max: 12 }), fc.constant(Infinity)),
    });
    fc.assert(
      fc.property(arrivals, ends, policies, (waits, end, policy) => {
        const scheduler = new VirtualTimeScheduler();
        const source$ = new Subject<{ index: number; at: number }>();
        const sizes: number[] = [];
        const waited: number[] = [];
        const seen: unknown[] = [];
        source$.pipe(batch({ ...policy, scheduler })).subscribe({
          next: (items) => {
            sizes.push(items.length);
            waited.push(...items.map(({ at }) => scheduler.now() - at));
            seen.push(...items.map(({ index }) => index));
          },
          error: (error) => seen.push(error),
          complete: () => seen.push('complete'),
        });
        let time = 0;
        for (const [index, waitMs] of waits.entries()) {
          time += waitMs;
          scheduler.schedule(() => source$.next({ index, at: scheduler.now() }), time);
        }
        scheduler.schedule(() => (end === 'error' ? source$.error('error') : source$.complete()), time + 1);
        scheduler.flush();
        expect(seen).toEqual([...waits.keys(), end]);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(policy.maxSize);
        expect(Math.max(...waited)).toBeLessThanOrEqual(policy.maxWaitMs);
        expect(scheduler.actions).toHaveLength(0);
      }),
      { numRuns: 300 },
    );
  });
});
