import { delay, map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { marbles } from './marbles.ts';

describe('marbles', () => {
  it(
    'runs in virtual time',
    marbles((m) => {
      const source$ = m.cold('a-b|');
      m.expect(source$.pipe(delay(1_000))).toBeObservable('1s a-(b|)');
    }),
  );

  it.each([
    { input: 'a', output: 'A' },
    { input: 'b', output: 'B' },
  ])(
    'hands the case of it.each on: $input',
    marbles((m, { input, output }: { input: string; output: string }) => {
      const source$ = m.cold(`-${input}|`);
      const upper$ = source$.pipe(map((letter: string) => letter.toUpperCase()));
      m.expect(upper$).toBeObservable(`-${output}|`);
    }),
  );

  it('fails when a frame differs', () => {
    const test = marbles((m) => m.expect(m.cold('a--b|')).toBeObservable('a-b|'));
    expect(test).toThrow(/deeply equal|strictly equal/u);
  });

  it('tells a missing property from an undefined one', () => {
    const test = marbles((m) => {
      const actual$ = m.cold('a|', { a: { id: 1, error: undefined } });
      m.expect(actual$).toBeObservable('a|', { a: { id: 1 } as { id: number; error: undefined } });
    });
    expect(test).toThrow(/strictly equal/u);
  });

  it('refuses a body that returns a promise, whatever it asserts', () => {
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake is the point
    const test = marbles(async (m) => {
      await Promise.resolve();
      m.expect(m.cold('a|')).toBeObservable('wrong|');
    });
    expect(test).toThrow('Expected a marble test to return nothing, got a promise');
  });
});
