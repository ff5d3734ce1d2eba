import { type Context, configure } from 'rxjs-marbles';
import { expect } from 'vitest';

const stock = configure({
  run: true,
  frameworkMatcher: true,
  assertDeepEqual: (actual, expected) => {
    expect(actual).toStrictEqual(expected);
  },
});

/**
 * A marble test for `it`, or for `it.each` when the body takes a case: rxjs-marbles, wired for vitest.
 *
 * It refuses a body that returns a promise. The scheduler is flushed when the body *returns*, so what an
 * async body expects after its first `await` is never checked, and a wrong expectation passes.
 */
export function marbles<Case>(body: (m: Context, testCase: Case) => void): (testCase: Case) => void {
  return stock.marbles((m: Context, ...rest: Case[]) => {
    const result: unknown = body(m, ...(rest as [Case]));
    refusePromise(result);
  });
}

function refusePromise(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // The error below is the one to read.
  throw new TypeError(
    'Expected a marble test to return nothing, got a promise: what follows an await is never checked. ' +
      'Write it with Observables, or as an ordinary test with fake timers.',
  );
}
