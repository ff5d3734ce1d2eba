import { expectFunction } from '../core/options.ts';
import { createMarbles, type Marbles } from './virtual/marbles.ts';
import type { IsEqual } from './virtual/mismatch.ts';
import { createVirtualTest, type VirtualTest } from './virtual/virtual-test.ts';

/** How a runner compares: the one adapter that {@link createTestKit} needs. */
export interface Assertions {
  /** Throws unless the two are strictly equal, as `expect(actual).toStrictEqual(expected)` and `assert.deepStrictEqual` do. */
  readonly assertEqual: (actual: unknown, expected: unknown) => void;
}

/** The marble tests of one runner. */
export interface TestKit {
  /** Stock rxjs-marbles, in run mode. */
  readonly marbles: Marbles;
  /** Marbles in which promises are virtual, too. */
  readonly virtualTest: VirtualTest;
}

/**
 * Makes `marbles` and `virtualTest` that compare by your runner's own assertion: then its asymmetric matchers, equality testers and count of
 * assertions apply. The two that this module exports need no runner, and work in any.
 *
 * @throws InvalidOptionError without `assertEqual`
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { createTestKit } from 'millrace/testing';
 *
 * const { marbles } = createTestKit({ assertEqual: assert.deepStrictEqual });
 * marbles((m) => m.expect(m.cold('a|')).toBeObservable('a|'))();
 * ```
 */
export function createTestKit({ assertEqual }: Assertions): TestKit {
  expectFunction('assertEqual', assertEqual, true);
  const isEqual: IsEqual = (actual, expected) => {
    try {
      assertEqual(actual, expected);
      return true;
    } catch {
      return false;
    }
  };
  return { marbles: createMarbles(isEqual), virtualTest: createVirtualTest(isEqual) };
}
