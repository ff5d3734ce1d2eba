import { circuitBreaker, CircuitOpenError, deadLetterTo } from 'millrace';
import { diagram, virtualTest } from 'millrace/testing';
import { concatMap, defer, map, Subject } from 'rxjs';
import { expect, it, vi } from 'vitest';

it(
  'spares a server that is down, and keeps what it was spared',
  virtualTest(async ({ time, hot }) => {
    const translate = vi
      .fn(async (word: string) => word.toUpperCase())
      .mockRejectedValueOnce(new Error('down'))
      .mockRejectedValueOnce(new Error('down'));
    const guarded = circuitBreaker<string>({ failureThreshold: 2, resetAfterMs: 10 });
    const letters$ = new Subject<{ word: string; error: unknown }>();
    const translated$ = hot('abcd 20ms e|').pipe(
      concatMap((word) =>
        defer(() => translate(word)).pipe(
          guarded,
          deadLetterTo(letters$, (error) => ({ word, error })),
        ),
      ),
    );

    const [words, letters] = [diagram(translated$), diagram(letters$.pipe(map(({ word }) => word)))];
    const spared: string[] = [];
    letters$.subscribe(({ word, error }) => error instanceof CircuitOpenError && spared.push(word));
    await time.runAll();

    expect(String(words)).toMatchInlineSnapshot(`"24ms E|"`);
    expect(String(letters)).toMatchInlineSnapshot(`"abcd"`);
    expect(spared).toEqual(['c', 'd']);
    expect(translate.mock.calls).toEqual([['a'], ['b'], ['e']]);
  }),
);
