import * as fc from 'fast-check';
import { InvalidOptionError, mergeMapByKey } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import {
  defer,
  EMPTY,
  finalize,
  from,
  map,
  NEVER,
  type Observable,
  of,
  range,
  Subject,
  take,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import type { Context } from 'rxjs-marbles';
import { describe, expect, it } from 'vitest';
import { countAlive } from '../support/garbage.ts';
import { MANY } from '../support/many.ts';

/** Upper and lower case of a letter have one key. */
const letterOf = (item: string): string => item.toLowerCase();

const itself = (item: string): Observable<string> => of(item);

/** Works that are drawn, by their item. */
const drawn =
  (m: Context, works: Readonly<Record<string, string>>) =>
  (item: string): Observable<string> =>
    m.cold(works[item]!);

describe('mergeMapByKey', () => {
  it(
    'works on the items of a key one at a time, as they came, while other keys flow on',
    marbles((m) => {
      const source$ = m.hot('  -a-b-A-----|');
      const expected = '       ----a-b-A--|';
      const works = { a: '---(a|)', b: '---(b|)', A: '---(A|)' };
      m.expect(source$.pipe(mergeMapByKey(letterOf, drawn(m, works)))).toBeObservable(expected);
    }),
  );

  it(
    'begins the next of a key when the work before it has completed, not when it has emitted',
    marbles((m) => {
      const first$ = m.cold('  a-a---|');
      const second$ = m.cold('       A|');
      const source$ = m.hot('  (aA|)');
      const expected = '       a-a---A|';
      const result$ = source$.pipe(mergeMapByKey(letterOf, (item) => (item === 'a' ? first$ : second$)));
      m.expect(result$).toBeObservable(expected);
      m.expect(second$).toHaveSubscriptions('------^!');
    }),
  );

  it(
    'works on so many items at a time as concurrency says',
    marbles((m) => {
      const source$ = m.hot('  (abc|)');
      const expected = '       ---a-b---(c|)';
      const works = { a: '---(a|)', b: '-----(b|)', c: '------(c|)' };
      m.expect(source$.pipe(mergeMapByKey(letterOf, drawn(m, works), 2))).toBeObservable(expected);
    }),
  );

  it(
    'lets keys take turns at a place that is free, so that a busy one starves nobody',
    marbles((m) => {
      const source$ = m.hot('  (aAab|)');
      const expected = '       --a-b-A-(a|)';
      const works = { a: '--(a|)', A: '--(A|)', b: '--(b|)' };
      m.expect(source$.pipe(mergeMapByKey(letterOf, drawn(m, works), 1))).toBeObservable(expected);
    }),
  );

  it(
    'completes when the source has and all work is done, what waited included',
    marbles((m) => {
      const works = { a: '----(a|)', A: '----(A|)' };
      const result$ = m.cold('(aA|)').pipe(mergeMapByKey(letterOf, drawn(m, works)));
      m.expect(result$).toBeObservable('----a---(A|)');
      m.expect(m.cold('---|').pipe(mergeMapByKey(letterOf, drawn(m, works)))).toBeObservable('---|');
      m.expect(m.cold('(a|)').pipe(mergeMapByKey(letterOf, () => EMPTY))).toBeObservable('|');
    }),
  );

  it(
    'passes an error of the source on at once, and releases all work',
    marbles((m) => {
      const work$ = m.cold('   -----|');
      const source$ = m.cold(' ab-#');
      const expected = '       ---#';
      m.expect(source$.pipe(mergeMapByKey(letterOf, () => work$))).toBeObservable(expected);
      m.expect(work$).toHaveSubscriptions(['^--!', '-^-!']);
    }),
  );

  it(
    'passes an error of any work on at once, releases the source and all other work, and begins no other',
    marbles((m) => {
      const other$ = m.cold('  --------|');
      const never$ = m.cold('     |');
      const source$ = m.hot('  abA----');
      const expected = '       ---#';
      const works: Record<string, Observable<string>> = { a: m.cold('---#'), b: other$, A: never$ };
      m.expect(source$.pipe(mergeMapByKey(letterOf, (item) => works[item]!))).toBeObservable(expected);
      m.expect(source$).toHaveSubscriptions('^--!');
      m.expect(other$).toHaveSubscriptions('-^-!');
      m.expect(never$).toHaveSubscriptions([]);
    }),
  );

  it(
    'releases the source and all work when it is unsubscribed, and begins no other',
    marbles((m) => {
      const work$ = m.cold('   -----|');
      const source$ = m.hot('  abA----');
      const unsub = '          ---!';
      m.expect(source$.pipe(mergeMapByKey(letterOf, () => work$)), unsub).toBeObservable('----');
      m.expect(source$).toHaveSubscriptions('^--!');
      m.expect(work$).toHaveSubscriptions(['^--!', '-^-!']);
    }),
  );

  it('compares keys as a Map does', () => {
    const started: unknown[] = [];
    const items = [NaN, NaN, 0, -0, 1, '1', undefined, undefined, null];
    from(items)
      .pipe(
        mergeMapByKey(
          (item) => item,
          (item) => defer(() => (started.push(item), NEVER)),
        ),
      )
      .subscribe();
    expect(started).toEqual([NaN, 0, 1, '1', undefined, null]);
  });

  it('tells project the place of the item in the source, whenever its turn comes', () => {
    const told: [string, number][] = [];
    const work$ = new Subject<void>();
    from(['a', 'A', 'b'])
      .pipe(
        mergeMapByKey(letterOf, (item, index) => {
          told.push([item, index]);
          return work$.pipe(take(1));
        }),
      )
      .subscribe();
    work$.next();
    expect(told).toEqual([
      ['a', 0],
      ['b', 2],
      ['A', 1],
    ]);
  });

  it(
    'takes works of every kind that RxJS takes, and items that are undefined',
    virtualTest((m) => {
      const works = [Promise.resolve(1), [2, 3], of(4)];
      const result$ = of(undefined, undefined, undefined).pipe(
        mergeMapByKey(
          (item) => item,
          (_, index) => works[index]!,
        ),
      );
      m.expect(result$).toBeObservable('(abcd|)', { a: 1, b: 2, c: 3, d: 4 });
    }),
  );

  it.each<{ thrower: string; key: (item: string) => string; project: (item: string) => Observable<string> }>([
    { thrower: 'key', key: fail, project: itself },
    { thrower: 'project', key: letterOf, project: fail },
    { thrower: 'work', key: letterOf, project: () => defer(fail) },
  ])('fails, and releases the source, when its $thrower throws', ({ key, project }) => {
    const source$ = new Subject<string>();
    const told: unknown[] = [];
    source$.pipe(mergeMapByKey(key, project)).subscribe({ error: (error: Error) => told.push(error.message) });
    source$.next('a');
    expect(told).toEqual(['broken']);
    expect(source$.observed).toBe(false);
  });

  it('fails when the project of an item that has waited throws', () => {
    const source$ = new Subject<string>();
    const work$ = new Subject<string>();
    const told: unknown[] = [];
    source$
      .pipe(mergeMapByKey(letterOf, (item) => (item === 'a' ? work$ : fail())))
      .subscribe({ error: (error: Error) => told.push(error.message) });
    source$.next('a');
    source$.next('A');
    work$.complete();
    expect(told).toEqual(['broken']);
    expect(source$.observed).toBe(false);
  });

  it('begins the next work when the one before it has been released', () => {
    const steps: string[] = [];
    const ends = [new Subject<never>(), new Subject<never>()];
    range(0, 2)
      .pipe(
        mergeMapByKey(
          () => 'one',
          (index) =>
            defer(() => {
              steps.push(`begin ${index}`);
              return ends[index]!;
            }).pipe(finalize(() => steps.push(`release ${index}`))),
        ),
      )
      .subscribe();
    for (const end$ of ends) end$.complete();
    expect(steps).toEqual(['begin 0', 'release 0', 'begin 1', 'release 1']);
  });

  it('takes what is sent while an item is given out, each once and in order', () => {
    const source$ = new Subject<number>();
    const seen: number[] = [];
    source$
      .pipe(
        mergeMapByKey(
          () => 'one',
          (item) => of(item),
        ),
      )
      .subscribe((item) => {
        seen.push(item);
        if (item < 20_000) source$.next(item + 1);
      });
    source$.next(0);
    expect(seen).toEqual([...Array(20_001).keys()]);
  });

  it.each([
    {
      works: 'behind an asynchronous one of the same key',
      keys: 1,
      concurrency: Infinity,
      isSlow: (n: number) => n === 0,
    },
    { works: 'behind an asynchronous one of another key', keys: 7, concurrency: 1, isSlow: (n: number) => n === 0 },
    { works: 'between asynchronous ones', keys: 7, concurrency: 3, isSlow: (n: number) => n % 1_000 === 0 },
  ])('ends a million synchronous works $works', { timeout: 30_000 }, ({ keys, concurrency, isSlow }) => {
    const scheduler = new VirtualTimeScheduler();
    let count = 0;
    let isComplete = false;
    range(0, MANY)
      .pipe(
        mergeMapByKey(
          (item) => item % keys,
          (item) => (isSlow(item) ? timer(1, scheduler).pipe(map(() => item)) : of(item)),
          concurrency,
        ),
      )
      .subscribe({ next: () => count++, complete: () => (isComplete = true) });
    scheduler.flush();
    expect(count).toBe(MANY);
    expect(isComplete).toBe(true);
  });

  it('keeps no trace of a key whose work is done', async () => {
    const source$ = new Subject<object>();
    const keys: WeakRef<object>[] = [];
    const subscription = source$
      .pipe(
        mergeMapByKey(
          (item) => item,
          () => of(1),
        ),
      )
      .subscribe();
    (function flood(): void {
      for (let index = 0; index < 1_000; index++) {
        const key = { index };
        keys.push(new WeakRef(key));
        source$.next(key);
      }
    })();
    expect(await countAlive(keys)).toBeLessThan(100);
    subscription.unsubscribe();
  });

  it.each<[unknown[], string]>([
    [[undefined, itself], 'Expected key to be a function, got undefined.'],
    [['id', itself], "Expected key to be a function, got 'id'."],
    [[letterOf, undefined], 'Expected project to be a function, got undefined.'],
    [[letterOf, EMPTY], 'Expected project to be a function, got an object.'],
    [[letterOf, itself, 0], 'Expected concurrency to be a whole number ≥ 1 or Infinity, got 0.'],
    [[letterOf, itself, 1.5], 'Expected concurrency to be a whole number ≥ 1 or Infinity, got 1.5.'],
    [[letterOf, itself, Number.NaN], 'Expected concurrency to be a whole number ≥ 1 or Infinity, got NaN.'],
    [[letterOf, itself, '4'], "Expected concurrency to be a whole number ≥ 1 or Infinity, got '4'."],
  ])('refuses %o when it is made', (args, text) => {
    expect(() => mergeMapByKey(...(args as [() => unknown, () => Observable<unknown>, number]))).toThrow(
      new InvalidOptionError(text),
    );
  });

  it('never works on two items of a key nor on too many at once, keeps the order of each key, and begins every item once', () => {
    const item = fc.record({
      key: fc.nat({ max: 3 }),
      afterMs: fc.nat({ max: 4 }),
      workMs: fc.integer({ min: -1, max: 6 }),
    });
    const concurrencies = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), concurrencies, (items, concurrency) => {
        const scheduler = new VirtualTimeScheduler();
        const source$ = new Subject<number>();
        const started: number[] = [];
        const ended: (number | string)[] = [];
        const active = new Set<number>();
        const faults: string[] = [];

        function work(index: number): Observable<number> {
          const { key, workMs } = items[index]!;
          started.push(index);
          if ([...active].some((other) => items[other]!.key === key)) faults.push(`two of key ${key}`);
          active.add(index);
          if (active.size > concurrency) faults.push(`${active.size} at once`);
          const done$ = workMs < 0 ? of(index) : timer(workMs, scheduler).pipe(map(() => index));
          return done$.pipe(finalize(() => active.delete(index)));
        }

        source$.pipe(mergeMapByKey((index) => items[index]!.key, work, concurrency)).subscribe({
          next: (index) => ended.push(index),
          complete: () => ended.push('complete'),
        });
        let time = 0;
        for (const [index, { afterMs }] of items.entries()) {
          scheduler.schedule(() => source$.next(index), (time += afterMs));
        }
        scheduler.schedule(() => source$.complete(), time);
        scheduler.flush();

        expect(faults).toEqual([]);
        expect(started.toSorted((one, other) => one - other)).toEqual([...items.keys()]);
        expect(ended).toHaveLength(items.length + 1);
        expect(ended.at(-1)).toBe('complete');
        for (const indices of [started, ended.slice(0, -1).map(Number)]) {
          for (const key of [0, 1, 2, 3]) {
            const ofKey = indices.filter((index) => items[index]!.key === key);
            expect(ofKey).toEqual(ofKey.toSorted((one, other) => one - other));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets no place stand idle while an item could begin', () => {
    const item = fc.record({ key: fc.nat({ max: 3 }), workMs: fc.nat({ max: 6 }) });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), fc.integer({ min: 1, max: 4 }), (items, concurrency) => {
        const scheduler = new VirtualTimeScheduler();
        const waiting = new Set(items.keys());
        const active = new Set<number>();
        const work = (index: number): Observable<unknown> => {
          waiting.delete(index);
          active.add(index);
          return timer(items[index]!.workMs, scheduler).pipe(finalize(() => active.delete(index)));
        };
        range(0, items.length)
          .pipe(mergeMapByKey((index) => items[index]!.key, work, concurrency))
          .subscribe();
        while (waiting.size > 0) {
          const busy = new Set([...active].map((index) => items[index]!.key));
          const couldBegin = [...waiting].some((index) => !busy.has(items[index]!.key));
          expect(active.size === concurrency || !couldBegin).toBe(true);
          scheduler.maxFrames = scheduler.frame + 1;
          scheduler.flush();
          scheduler.frame = scheduler.maxFrames;
        }
      }),
    );
  });
});

function fail(): never {
  throw new Error('broken');
}
