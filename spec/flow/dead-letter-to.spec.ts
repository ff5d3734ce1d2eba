import { createDeadLetterQueue, type DeadLetter, deadLetterTo, retryWithBackoff } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { concatMap, EMPTY, from, lastValueFrom, map, mergeMap, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

const letterOf = (error: unknown): string => `letter of ${String(error)}`;

describe('deadLetterTo', () => {
  it(
    'turns an error into a letter and completes',
    marbles((m) => {
      const source$ = m.cold('  -a-#', undefined, 'e');
      const expected = '        -a-|';
      const letters = '         ---L';
      const sink = new Subject<string>();
      m.expect(sink).toBeObservable(letters, { L: 'letter of e' });
      m.expect(source$.pipe(deadLetterTo(sink, letterOf))).toBeObservable(expected);
    }),
  );

  it(
    'sends no letter of a success',
    marbles((m) => {
      const sink = new Subject<string>();
      m.expect(sink).toBeObservable('----');
      m.expect(m.cold('-a-|').pipe(deadLetterTo(sink, letterOf))).toBeObservable('-a-|');
    }),
  );

  it(
    "ends one event's work only, put inside mergeMap",
    marbles((m) => {
      const source$ = m.hot('   a-b-c-|');
      const expected = '        a---c-|';
      const letters = '         --L';
      const sink = new Subject<string>();
      m.expect(sink).toBeObservable(letters, { L: 'letter of b' });
      const work = (event: string) => (event === 'b' ? throwError(() => event) : of(event));
      m.expect(source$.pipe(mergeMap((event) => work(event).pipe(deadLetterTo(sink, letterOf))))).toBeObservable(
        expected,
      );
    }),
  );

  it(
    'sends one letter after all attempts, put behind the retry',
    marbles((m) => {
      const source$ = m.cold('  -#', undefined, 'e');
      const letters = '         -----L';
      const expected = '        -----|';
      const sink = new Subject<string>();
      m.expect(sink).toBeObservable(letters, { L: 'letter of e' });
      const retry = retryWithBackoff<string>({ maxAttempts: 3, delayMs: 1, multiplier: 1, scheduler: m.scheduler });
      m.expect(source$.pipe(retry, deadLetterTo(sink, letterOf))).toBeObservable(expected);
    }),
  );

  it('keeps the letter of an error that is undefined', () => {
    const letters: string[] = [];
    throwError(() => undefined)
      .pipe(deadLetterTo({ next: (letter: string) => letters.push(letter) }, letterOf))
      .subscribe();
    expect(letters).toEqual(['letter of undefined']);
  });

  it(
    'takes the next event only when a sink that stores letters has answered, whose answer is no value of the result',
    virtualTest(async (m) => {
      const works = { a: m.cold('-#', {}, 'a'), b: m.cold('#', {}, 'b'), c: m.cold('x|') };
      const stored: string[] = [];
      const sink = {
        next: async (letter: string): Promise<string> => {
          await m.time.advance(3);
          stored.push(letter);
          return 'no value of the result';
        },
      };
      const result$ = from(['a', 'b', 'c'] as const).pipe(
        concatMap((event) => works[event].pipe(deadLetterTo(sink, letterOf))),
      );
      m.expect(result$).toBeObservable('-------x|');
      m.expect(works.b).toHaveSubscriptions('----(^!)');
      m.expect(works.c).toHaveSubscriptions('-------^!');
      await m.time.runAll();
      expect(stored).toEqual(['letter of a', 'letter of b']);
    }),
  );

  it(
    'fails when a sink could not store the letter: an error is not lost',
    virtualTest((m) => {
      const full = new Error('disk full');
      const sink = { next: () => Promise.reject(full) };
      m.expect(m.cold('-a-#').pipe(deadLetterTo(sink, letterOf))).toBeObservable('-a-#', undefined, full);
    }),
  );

  it('fails when the sink throws', async () => {
    const sink = {
      next: () => {
        throw new Error('no sink');
      },
    };
    await expect(lastValueFrom(throwError(() => 'e').pipe(deadLetterTo(sink, letterOf)))).rejects.toThrow('no sink');
  });

  it('takes a DeadLetterQueue for a sink', async () => {
    const queue = createDeadLetterQueue<string>();
    const toLetter = (error: unknown): DeadLetter<string> => ({
      id: '1',
      event: 'a',
      reason: 'exhausted',
      error,
      attempts: [],
      time: 0,
      redriven: 0,
    });
    const result$ = throwError(() => 'e').pipe(
      deadLetterTo(queue, toLetter),
      map(() => EMPTY),
    );
    expect(await lastValueFrom(result$, { defaultValue: 'empty' })).toBe('empty');
    expect(await queue.list()).toMatchObject([{ id: '1', error: 'e' }]);
  });
});
