import type { ObservableNotification } from 'rxjs';
import { type Context, configure } from 'rxjs-marbles';
import { expectFunction } from '../../core/options.ts';
import { isPromiseLike } from '../../core/schema.ts';
import { preview } from '../preview.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import { TestFailure } from '../test-failure.ts';
import { ExpectationPlaces } from './expectation-places.ts';
import { type IsEqual, mismatch } from './mismatch.ts';
import type { Moment } from './moment.ts';

/** Makes a marble test for `it`, or for `it.each` when the body takes more than its context. */
export type Marbles = <Rest extends readonly unknown[]>(
  body: (m: Context, ...rest: Rest) => void,
) => (...rest: Rest) => void;

/** Makes marble tests that compare as `isEqual` does. */
export function createMarbles(isEqual: IsEqual): Marbles {
  // A marble test is synchronous: there is one at a time.
  let expectations = new ExpectationPlaces();
  const stock = configure({
    run: true,
    frameworkMatcher: true,
    assertDeepEqual: (actual, expected) => assertEqual(actual, expected, isEqual, expectations.next()),
  });
  return <Rest extends readonly unknown[]>(body: (m: Context, ...rest: Rest) => void) => {
    expectFunction('the body of a marble test', body, true);
    // A runner that is given a function with parameters may take it for one with a callback: this one has none.
    return stock.marbles((m: Context, ...rest: unknown[]) => {
      expectations = new ExpectationPlaces();
      expectations.watch(m);
      refusePromise(body(m, ...(rest as unknown as Rest)));
      expectations.refuseForgotten();
    });
  };
}

/**
 * Stock rxjs-marbles, in run mode and with strict equality, for pipelines in which no promise appears: it is quicker than {@link virtualTest},
 * and RxJS's own. A mismatch shows both diagrams.
 *
 * It refuses a body that returns a promise: the clock runs when the body *returns*, so what an async body expects after its first `await` is
 * never checked, and a wrong expectation would pass.
 *
 * @example
 * ```ts
 * import { marbles } from 'millrace/testing';
 * import { debounceTime } from 'rxjs';
 *
 * const test = marbles((m) => {
 *   const typed$ = m.hot('a-b---c|');
 *   m.expect(typed$.pipe(debounceTime(3))).toBeObservable('-----b-(c|)');
 * });
 * test();
 * ```
 */
export const marbles: Marbles = /* @__PURE__ */ createMarbles(isStrictlyEqual);

function refusePromise(result: unknown): void {
  if (!isPromiseLike(result)) return;
  result.then(undefined, () => {}); // The error below is the one to read.
  throw new TestFailure(
    'Expected a marble test to return nothing, got a promise: what follows an await is never checked. ' +
      'Write it with virtualTest, in which promises are virtual, too.',
  );
}

function assertEqual(actual: unknown, expected: unknown, isEqual: IsEqual, place: Error | undefined): void {
  if (isEqual(actual, expected)) return;
  const drawn =
    areFrames(actual) && areFrames(expected)
      ? mismatch(actual.map(asMoment), expected.map(asMoment), undefined, isEqual)
      : undefined;
  const failure =
    drawn ?? new TestFailure(`Expected ${preview(expected)}, got ${preview(actual)}.`, { expected, actual });
  throw place === undefined ? failure : failure.at(place);
}

/** What RxJS's TestScheduler compares. */
interface Frame {
  readonly frame: number;
  readonly notification: ObservableNotification<unknown>;
}

function areFrames(value: unknown): value is readonly Frame[] {
  return Array.isArray(value) && value.every((entry: Partial<Frame>) => entry.notification !== undefined);
}

function asMoment({ frame, notification }: Frame): Moment {
  return { at: frame, notification };
}
