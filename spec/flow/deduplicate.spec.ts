import * as fc from 'fast-check';
import { deduplicate } from 'millrace';
import { marbles } from 'millrace/testing';
import { from, NEVER, type Observable, of, retry, Subject, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

const itself = (item: string): string => item;
const upper = (item: string): Observable<string> => of(item.toUpperCase());

describe('deduplicate', () => {
  it(
    'does the work of each key once',
    marbles((m) => {
      const source$ = m.hot('  -a--b--a--c-|');
      const expected = '       -A--B-----C-|';
      m.expect(source$.pipe(deduplicate(itself, upper))).toBeObservable(expected);
    }),
  );

  it(
    'takes an item for a duplicate while the work of its key is in progress',
    marbles((m) => {
      const source$ = m.hot('  a-a-b---a|');
      const expected = '       ----A---B|';
      const work = (item: string): Observable<string> => m.cold(`----(${item.toUpperCase()}|)`);
      m.expect(source$.pipe(deduplicate(itself, work))).toBeObservable(expected);
    }),
  );

  it(
    'takes the same item again after its work failed: it was not done',
    marbles((m) => {
      // A key that is recorded before the work would make a duplicate of the redelivery, which is then lost.
      const source$ = m.hot('  a---a-b-a|');
      const expected = '       -----AB--|';
      const attempts = [m.cold('--#'), m.cold('-(A|)')];
      const work = (item: string): Observable<string> => (item === 'a' ? attempts.shift()! : m.cold('(B|)'));
      m.expect(source$.pipe(deduplicate(itself, work), retry(1))).toBeObservable(expected);
    }),
  );

  it(
    'takes the same item again after its work was unsubscribed',
    marbles((m) => {
      const source$ = m.hot('  a---a-----');
      const first = '          ^-!       ';
      const again = '          ---^      ';
      const expected = '       ---------A';
      const result$ = source$.pipe(deduplicate(itself, () => m.cold('-----(A|)')));
      m.expect(result$, first).toBeObservable('');
      m.expect(result$, again).toBeObservable(expected);
    }),
  );

  it(
    'remembers what was completed from one subscription to the next',
    marbles((m) => {
      const source$ = m.hot('  a-a-b-');
      const first = '          ^-!   ';
      const again = '          -^    ';
      const result$ = source$.pipe(deduplicate(itself, upper));
      m.expect(result$, first).toBeObservable('A-');
      m.expect(result$, again).toBeObservable('----B-');
    }),
  );

  it(
    'forgets the oldest of more than maxSize keys',
    marbles((m) => {
      const source$ = m.hot('  abcbcaca');
      const expected = '       ABC--A--';
      m.expect(source$.pipe(deduplicate(itself, upper, { maxSize: 2 }))).toBeObservable(expected);
    }),
  );

  it(
    'forgets a key when its age reaches maxAgeMs, counted from its completion',
    marbles((m) => {
      const source$ = m.hot('  a----aa-|');
      const expected = '       --A-----(A|)';
      const work = (): Observable<string> => m.cold('--(A|)');
      const options = { maxAgeMs: 4, scheduler: m.scheduler };
      m.expect(source$.pipe(deduplicate(itself, work, options))).toBeObservable(expected);
    }),
  );

  it(
    'works on so many items at a time as concurrency says, and still finds the duplicates among those that wait',
    marbles((m) => {
      const source$ = m.hot('  (aab|)');
      const expected = '       --A-(B|)';
      const work = (item: string): Observable<string> => m.cold(`--(${item.toUpperCase()}|)`);
      m.expect(source$.pipe(deduplicate(itself, work, { concurrency: 1 }))).toBeObservable(expected);
    }),
  );

  it('compares keys as a Map does', () => {
    const seen: unknown[] = [];
    from([NaN, NaN, 1, '1'])
      .pipe(
        deduplicate(
          (item) => item,
          (item) => of(item),
        ),
      )
      .subscribe((item) => seen.push(item));
    expect(seen).toEqual([NaN, 1, '1']);
  });

  it('passes the error of a key or a project that throws on, and does not count the item as done', () => {
    const source$ = new Subject<string>();
    const seen: unknown[] = [];
    let isBroken = true;
    const throwIfBroken = (item: string): Observable<string> => {
      if (isBroken) throw new Error('broken');
      return upper(item);
    };
    const result$ = source$.pipe(deduplicate(itself, throwIfBroken));
    const observer = { next: (item: string) => seen.push(item), error: (error: Error) => seen.push(error.message) };
    result$.subscribe(observer);
    source$.next('a');
    isBroken = false;
    result$.subscribe(observer);
    source$.next('a');
    expect(seen).toEqual(['broken', 'A']);

    from(['a'])
      .pipe(
        deduplicate(() => {
          throw new Error('no key');
        }, upper),
      )
      .subscribe(observer);
    expect(seen.at(-1)).toBe('no key');
  });

  it('leaves no timer, however long it remembers', () => {
    const scheduler = new VirtualTimeScheduler();
    const subscription = from(['a', 'b'])
      .pipe(deduplicate(itself, () => NEVER, { maxAgeMs: 10, scheduler }))
      .subscribe();
    expect(scheduler.actions).toHaveLength(0);
    subscription.unsubscribe();
  });

  it('remembers the newest keys that are young enough, and no other', () => {
    const arrivals = fc.array(fc.record({ key: fc.nat({ max: 6 }), waitMs: fc.nat({ max: 4 }) }), { maxLength: 40 });
    const bounds = fc.record({ maxSize: fc.integer({ min: 1, max: 5 }), maxAgeMs: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(arrivals, bounds, (items, { maxSize, maxAgeMs }) => {
        const clock = { now: () => time, schedule: () => expect.fail('no timer is needed') };
        const source$ = new Subject<number>();
        const done: number[] = [];
        const doneInModel: number[] = [];
        let remembered: { key: number; since: number }[] = [];
        let time = 0;
        source$
          .pipe(
            deduplicate(
              (key) => key,
              (key) => of(key),
              { maxSize, maxAgeMs, scheduler: clock },
            ),
          )
          .subscribe((key) => done.push(key));
        for (const { key, waitMs } of items) {
          time += waitMs;
          source$.next(key);
          remembered = remembered.filter(({ since }) => since + maxAgeMs > time);
          if (remembered.some((other) => other.key === key)) continue;
          doneInModel.push(key);
          remembered = [...remembered, { key, since: time }].slice(-maxSize);
        }
        expect(done).toEqual(doneInModel);
      }),
    );
  });
});
