import { TestFailure } from '../test-failure.ts';
import { callSite } from '../call-site.ts';

/**
 * The failure of an `expect(…)` that nothing follows.
 *
 * @param place - made where it was called
 */
export function forgottenMatcher(place: Error): TestFailure {
  return new TestFailure(
    `Expected a matcher after the expect(…) at ${callSite(place)}, which checks nothing: add .toBeObservable('…').`,
  ).at(place);
}
