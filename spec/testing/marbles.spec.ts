import { createTestKit, marbles } from 'millrace/testing';
import { delay, map } from 'rxjs';
import { describe, expect, it } from 'vitest';

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

  it.each([
    [1, 'a|'],
    [2, 'aa|'],
  ] as const)(
    'hands all of a row on: %i',
    marbles((m, count, drawn) => {
      const letters$ = m.cold(`${'a'.repeat(count)}|`);
      m.expect(letters$).toBeObservable(drawn);
    }),
  );

  it('has no parameters that a runner could take for a callback', () => {
    expect(marbles((m, _given: string) => m.flush())).toHaveLength(0);
  });

  it('shows both diagrams when a frame differs', () => {
    const test = marbles((m) => m.expect(m.cold('a--b|')).toBeObservable('a-b|'));
    expect(test).toThrow(/expected {2}a-b\|\n {2}actual {4}a--b\|/u);
  });

  it('tells a missing property from an undefined one', () => {
    const test = marbles((m) => {
      const actual$ = m.cold('a|', { a: { id: 1, error: undefined } });
      m.expect(actual$).toBeObservable('a|', { a: { id: 1 } as { id: number; error: undefined } });
    });
    expect(test).toThrow('Expected the stream to be as drawn');
  });

  it('shows both subscriptions when one differs', () => {
    const test = marbles((m) => {
      const source$ = m.cold('a-|');
      m.expect(source$).toBeObservable('a-|');
      m.expect(source$).toHaveSubscriptions('^--!');
    });
    expect(test).toThrow(/subscribedFrame: 0, unsubscribedFrame: 3.*, got .*unsubscribedFrame: 2/su);
  });

  it('points at the line that expects what does not come', () => {
    const test = marbles((m) => {
      m.expect(m.cold('a|')).toBeObservable('a|');
      wrong(m);
    });
    function wrong(m: Parameters<Parameters<typeof marbles>[0]>[0]): void {
      m.expect(m.cold('a|')).toBeObservable('b|');
    }
    expect(test).toThrow(
      expect.objectContaining({ stack: expect.stringMatching(/^TestFailure: [^]*\n {4}at wrong \(/u) }),
    );
  });

  it('compares as the runner does, when it is given its assertion', () => {
    const { marbles: loose } = createTestKit({ assertEqual: (actual, expected) => expect(actual).toEqual(expected) });
    const body: Parameters<typeof loose>[0] = (m) => {
      const actual$ = m.cold('a|', { a: { id: 1, error: undefined } });
      m.expect(actual$).toBeObservable('a|', { a: { id: 1 } as { id: number; error: undefined } });
    };
    expect(loose(body)).not.toThrow();
    expect(marbles(body)).toThrow();
  });

  it('refuses a body that returns a promise, whatever it asserts', () => {
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake is the point
    const test = marbles(async (m) => {
      await Promise.resolve();
      m.expect(m.cold('a|')).toBeObservable('wrong|');
    });
    expect(test).toThrow('Expected a marble test to return nothing, got a promise');
  });

  it('refuses a body that returns what is like a promise', () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the likeness is the point
    const test = marbles(() => ({ then: () => {} }));
    expect(test).toThrow('Expected a marble test to return nothing, got a promise');
  });
});
