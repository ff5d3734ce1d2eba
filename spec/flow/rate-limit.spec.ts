import * as fc from 'fast-check';
import { InvalidOptionError, OverflowError, rateLimit, type RateLimitOptions } from 'millrace';
import { marbles } from 'millrace/testing';
import { EMPTY, of, range, type SchedulerAction, Subject, type Subscription, take, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SteppedClock } from '../support/stepped-clock.ts';

describe('rateLimit', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it(
    'lets items pass at once until the limit is reached, and the next when its time has come',
    marbles((m) => {
      const source$ = m.hot('  -abc-----d-|');
      const expected = '       -ab--c---d-|';
      const options = { limit: 2, windowMs: 4, scheduler: m.scheduler };
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
      m.expect(source$).toHaveSubscriptions('^----------!');
    }),
  );

  it(
    'slides its window: each item makes room for one, windowMs after it passed',
    marbles((m) => {
      // Fixed windows that begin at 0, 5, … would let b, c, and d pass within 2 ms.
      const source$ = m.hot('  ----abcdef---');
      const expected = '       ----ab---cd---ef';
      const options = { limit: 2, windowMs: 5, scheduler: m.scheduler };
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
    }),
  );

  it(
    'lets an item pass at the very moment at which the window has gone by',
    marbles((m) => {
      const source$ = m.hot('  a--b--c-d');
      const expected = '       a--b--c--d';
      m.expect(source$.pipe(rateLimit({ limit: 1, windowMs: 3, scheduler: m.scheduler }))).toBeObservable(expected);
    }),
  );

  it(
    'keeps the order: what comes while others wait goes behind them',
    marbles((m) => {
      const source$ = m.hot('  (abc)d---e');
      const expected = '       a--b--c--d--e';
      m.expect(source$.pipe(rateLimit({ limit: 1, windowMs: 3, scheduler: m.scheduler }))).toBeObservable(expected);
    }),
  );

  it(
    'completes after what waits',
    marbles((m) => {
      const source$ = m.cold(' (abc|)');
      const expected = '       a--b--(c|)';
      const options = { limit: 1, windowMs: 3, scheduler: m.scheduler };
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
      m.expect(EMPTY.pipe(rateLimit(options))).toBeObservable('|');
      m.expect(source$).toHaveSubscriptions('(^!)');
    }),
  );

  it(
    'passes an error on after what waits, and at once if nothing does',
    marbles((m) => {
      const options = { limit: 1, windowMs: 9, scheduler: m.scheduler };
      const source$ = m.cold(' (ab)#');
      const expected = '       a--------(b#)';
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
      m.expect(m.cold('a-#').pipe(rateLimit(options))).toBeObservable('a-#');
    }),
  );

  it.each([
    { overflow: 'drop-newest' as const, expected: 'a----b----c----e', dropped: 'd' },
    { overflow: 'drop-oldest' as const, expected: 'a----c----d----e', dropped: 'b' },
  ])(
    'lets no more than capacity wait, and tells what it drops: $overflow',
    marbles((m, { overflow, expected, dropped }) => {
      const source$ = m.hot('(abcd)---e--');
      const dropped$ = new Subject<string>();
      const onDropped = (item: string): void => dropped$.next(item);
      const options = { limit: 1, windowMs: 5, capacity: 2, overflow, onDropped, scheduler: m.scheduler };
      m.expect(dropped$).toBeObservable(dropped);
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
    }),
  );

  it.each(['drop-newest', 'drop-oldest'] as const)(
    'drops each item that cannot pass at once where none may wait: %s',
    marbles((m, overflow) => {
      const source$ = m.hot('  abc-de');
      const expected = '       a---d-';
      const dropped = '        -bc--e';
      const dropped$ = new Subject<string>();
      const onDropped = (item: string): void => dropped$.next(item);
      const options = { limit: 1, windowMs: 4, capacity: 0, overflow, onDropped, scheduler: m.scheduler };
      m.expect(dropped$).toBeObservable(dropped);
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected);
    }),
  );

  it(
    'fails when more than capacity would wait: the source is released at once, and what waits passes first',
    marbles((m) => {
      const source$ = m.hot('  -ab-c-d');
      const expected = '       -a----(b#)';
      const options = { limit: 1, windowMs: 5, capacity: 1, scheduler: m.scheduler };
      const error = new OverflowError(
        'the queue of rateLimit (capacity 1)',
        'Raise limit or capacity, or choose another overflow.',
      );
      m.expect(source$.pipe(rateLimit(options))).toBeObservable(expected, undefined, error);
      m.expect(source$).toHaveSubscriptions('^---!');
    }),
  );

  it('fails at once where none may wait, with an OverflowError', () => {
    const source$ = new Subject<number>();
    const told: unknown[] = [];
    source$.pipe(rateLimit({ limit: 1, capacity: 0 })).subscribe({ error: (error) => told.push(error) });
    source$.next(1);
    source$.next(2);
    expect(told).toEqual([expect.any(OverflowError)]);
    expect(told[0]).toMatchObject({
      code: 'OVERFLOW',
      message:
        'Expected room in the queue of rateLimit (capacity 0), got a full one. Raise limit or capacity, or choose another overflow.',
    });
    expect(source$.observed).toBe(false);
  });

  it('fails after what waits when onDropped throws', () => {
    const scheduler = new VirtualTimeScheduler();
    const told: unknown[] = [];
    const onDropped = (): never => {
      throw new Error('broken');
    };
    range(0, 5)
      .pipe(rateLimit({ limit: 1, capacity: 1, overflow: 'drop-newest', onDropped, scheduler }))
      .subscribe({ next: (item) => told.push(item), error: (error: Error) => told.push(error.message) });
    expect(told).toEqual([0]);
    scheduler.flush();
    expect(told).toEqual([0, 1, 'broken']);
  });

  it('has a window of a second, by default', () => {
    vi.useFakeTimers();
    const seen: number[] = [];
    range(0, 3)
      .pipe(rateLimit({ limit: 1 }))
      .subscribe((item) => seen.push(item));
    vi.advanceTimersByTime(999);
    expect(seen).toEqual([0]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([0, 1]);
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual([0, 1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one timer, and only while something waits', () => {
    const clock = new SteppedClock();
    const source$ = new Subject<string>();
    source$.pipe(rateLimit({ limit: 1, windowMs: 5, scheduler: clock })).subscribe();
    source$.next('a');
    expect(clock.actions).toHaveLength(0);
    source$.next('b');
    source$.next('c');
    expect(clock.actions).toHaveLength(1);
    clock.step();
    expect(clock.actions).toHaveLength(1);
    clock.step();
    expect(clock.actions).toHaveLength(0);
  });

  it('leaves no timer when it is unsubscribed, and gives out nothing of what waits', () => {
    const scheduler = new VirtualTimeScheduler();
    const seen: number[] = [];
    const subscription = range(0, 3)
      .pipe(rateLimit({ limit: 1, scheduler }))
      .subscribe((item) => seen.push(item));
    expect(scheduler.actions).toHaveLength(1);
    subscription.unsubscribe();
    expect(scheduler.actions).toHaveLength(0);
    expect(seen).toEqual([0]);
  });

  it('leaves no timer when its reader has enough in the middle of what may pass', () => {
    const scheduler = new VirtualTimeScheduler();
    const seen: number[] = [];
    range(0, 9)
      .pipe(rateLimit({ limit: 3, scheduler }), take(5))
      .subscribe((item) => seen.push(item));
    scheduler.flush();
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(scheduler.actions).toHaveLength(0);
    expect(scheduler.now()).toBe(1_000);
  });

  it('takes what is sent while an item is given out, whether that came at once or has waited', () => {
    const clock = new SteppedClock();
    const source$ = new Subject<number>();
    const seen: [item: number, atMs: number][] = [];
    const timers: number[] = [];
    source$.pipe(rateLimit({ limit: 2, windowMs: 5, scheduler: clock })).subscribe((item) => {
      seen.push([item, clock.now()]);
      if (item < 6) source$.next(item + 1);
      timers.push(clock.actions.length);
    });
    source$.next(1);
    while (clock.step()) timers.push(clock.actions.length);
    expect(Math.max(...timers)).toBe(1);
    expect(timers.at(-1)).toBe(0);
    expect(seen).toEqual([
      [1, 0],
      [2, 0],
      [3, 5],
      [4, 5],
      [5, 10],
      [6, 10],
    ]);
  });

  it('waits again when a timer fires early', () => {
    const early = new EarlyClock();
    const seen: [item: number, atMs: number][] = [];
    range(0, 2)
      .pipe(rateLimit({ limit: 1, windowMs: 10, scheduler: early }))
      .subscribe((item) => seen.push([item, early.now()]));
    early.flush();
    expect(seen).toEqual([
      [0, 0],
      [1, 10],
    ]);
  });

  it('does not wait for an hour when the clock is set back by one', () => {
    const scheduler = new VirtualTimeScheduler();
    let setBackMs = 0;
    const clock = {
      now: () => scheduler.now() - setBackMs,
      schedule: scheduler.schedule.bind(scheduler),
    };
    const source$ = new Subject<number>();
    const seen: [item: number, atMs: number][] = [];
    source$
      .pipe(rateLimit({ limit: 1, windowMs: 10, scheduler: clock }))
      .subscribe((item) => seen.push([item, scheduler.now()]));
    source$.next(0);
    setBackMs = 3_600_000;
    source$.next(1);
    source$.next(2);
    scheduler.flush();
    expect(seen).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
    ]);
  });

  it('keeps items that are undefined', () => {
    const scheduler = new VirtualTimeScheduler();
    const seen: unknown[] = [];
    of(undefined, undefined)
      .pipe(rateLimit({ limit: 1, scheduler }))
      .subscribe({ next: (item) => seen.push(item), complete: () => seen.push('complete') });
    scheduler.flush();
    expect(seen).toEqual([undefined, undefined, 'complete']);
  });

  it('counts for each subscriber', () => {
    const seen: number[] = [];
    const limited$ = of(1).pipe(rateLimit({ limit: 1 }));
    limited$.subscribe((item) => seen.push(item));
    limited$.subscribe((item) => seen.push(item));
    expect(seen).toEqual([1, 1]);
  });

  it.each<[object, string]>([
    [{}, 'Expected limit to be a whole number ≥ 1, got undefined.'],
    [{ limit: 0 }, 'Expected limit to be a whole number ≥ 1, got 0.'],
    [{ limit: 1.5 }, 'Expected limit to be a whole number ≥ 1, got 1.5.'],
    [{ limit: Infinity }, 'Expected limit to be a whole number ≥ 1, got Infinity.'],
    [{ limit: Number.NaN }, 'Expected limit to be a whole number ≥ 1, got NaN.'],
    [{ limit: '5' }, "Expected limit to be a whole number ≥ 1, got '5'."],
    [{ limit: 1, windowMs: 0 }, 'Expected windowMs to be milliseconds > 0 and ≤ 2147483647, got 0.'],
    [{ limit: 1, windowMs: Infinity }, 'Expected windowMs to be milliseconds > 0 and ≤ 2147483647, got Infinity.'],
    [{ limit: 1, windowMs: Number.NaN }, 'Expected windowMs to be milliseconds > 0 and ≤ 2147483647, got NaN.'],
    [{ limit: 1, capacity: -1 }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got -1.'],
    [{ limit: 1, capacity: 0.5 }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got 0.5.'],
    [{ limit: 1, capacity: null }, 'Expected capacity to be a whole number ≥ 0 or Infinity, got null.'],
    [
      { limit: 1, overflow: 'suspend' },
      "Expected overflow to be one of 'fail', 'drop-oldest', 'drop-newest', got 'suspend'.",
    ],
    [{ limit: 1, overflow: 'drop-oldest' }, 'Expected onDropped to be a function, got undefined.'],
    [{ limit: 1, overflow: 'drop-newest', onDropped: 'log' }, "Expected onDropped to be a function, got 'log'."],
    [{ limit: 1, onDropped: 5 }, 'Expected onDropped to be a function, got 5.'],
  ])('refuses %o when it is made', (options, text) => {
    expect(() => rateLimit(options as RateLimitOptions<unknown>)).toThrow(new InvalidOptionError(text));
  });

  it('lets never more than limit pass in any window, keeps the order, loses nothing, and holds nothing back that may pass', () => {
    const arrivals = fc.array(fc.nat({ max: 7 }), { maxLength: 60 });
    const bounds = fc.record({ limit: fc.integer({ min: 1, max: 5 }), windowMs: fc.integer({ min: 1, max: 15 }) });
    fc.assert(
      fc.property(arrivals, bounds, fc.boolean(), (waits, { limit, windowMs }, fails) => {
        const scheduler = new VirtualTimeScheduler();
        const source$ = new Subject<number>();
        const passedAt: number[] = [];
        const seen: unknown[] = [];
        source$.pipe(rateLimit({ limit, windowMs, scheduler })).subscribe({
          next: (item) => {
            seen.push(item);
            passedAt.push(scheduler.now());
          },
          error: (error) => seen.push(error),
          complete: () => seen.push('complete'),
        });
        let time = 0;
        const inModel: number[] = [];
        for (const [index, waitMs] of waits.entries()) {
          scheduler.schedule(() => source$.next(index), (time += waitMs));
          inModel.push(Math.max(time, inModel.at(-1) ?? 0, (inModel.at(-limit) ?? -Infinity) + windowMs));
        }
        scheduler.schedule(() => (fails ? source$.error('error') : source$.complete()), time);
        scheduler.flush();

        expect(seen).toEqual([...waits.keys(), fails ? 'error' : 'complete']);
        expect(passedAt).toEqual(inModel);
        for (const from of passedAt) {
          expect(passedAt.filter((at) => at >= from && at < from + windowMs).length).toBeLessThanOrEqual(limit);
        }
        expect(scheduler.actions).toHaveLength(0);
      }),
      { numRuns: 300 },
    );
  });

  it('lets each item pass or tells of it, and lets never more than capacity wait', () => {
    const arrivals = fc.array(fc.nat({ max: 4 }), { maxLength: 60 });
    const bounds = fc.record({
      limit: fc.integer({ min: 1, max: 3 }),
      windowMs: fc.integer({ min: 1, max: 15 }),
      capacity: fc.nat({ max: 4 }),
      overflow: fc.constantFrom('drop-newest' as const, 'drop-oldest' as const),
    });
    fc.assert(
      fc.property(arrivals, bounds, (waits, options) => {
        const scheduler = new VirtualTimeScheduler();
        const source$ = new Subject<number>();
        const passed: number[] = [];
        const dropped: number[] = [];
        const waiting: number[] = [];
        const onDropped = (item: number): unknown => dropped.push(item);
        source$.pipe(rateLimit({ ...options, onDropped, scheduler })).subscribe((item) => passed.push(item));
        let time = 0;
        for (const [index, waitMs] of waits.entries()) {
          scheduler.schedule(
            () => {
              source$.next(index);
              waiting.push(index + 1 - passed.length - dropped.length);
            },
            (time += waitMs),
          );
        }
        scheduler.flush();
        expect([...passed, ...dropped].toSorted((one, other) => one - other)).toEqual([...waits.keys()]);
        expect(passed).toEqual(passed.toSorted((one, other) => one - other));
        expect(Math.max(...waiting)).toBeLessThanOrEqual(options.capacity);
      }),
      { numRuns: 300 },
    );
  });
});

/** Its timers fire 3 ms before they are due, if they are that long: as those of Node do by a part of one. */
class EarlyClock extends VirtualTimeScheduler {
  override schedule<State>(
    work: (this: SchedulerAction<State>, state?: State) => void,
    delayMs = 0,
    state?: State,
  ): Subscription {
    return super.schedule(work, delayMs > 3 ? delayMs - 3 : delayMs, state);
  }
}
