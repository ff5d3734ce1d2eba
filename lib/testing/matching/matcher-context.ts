/** Compares two values in a way of its own; `undefined` says that it has nothing to say. */
type Tester = (...all: never[]) => boolean | undefined;

/** What vitest and jest give a matcher as `this`, as far as it is needed. */
export interface MatcherContext {
  /** Whether it comes after `.not`. */
  readonly isNot?: boolean;
  /** The testers that the user has added. */
  readonly customTesters: readonly Tester[];
  /** Deep equality; asymmetric matchers may be in the second value. */
  equals(actual: unknown, expected: unknown, testers?: readonly Tester[]): boolean;
  /** Helpers of the runner. */
  readonly utils: {
    /** Shows two values, and where they differ. */
    diff(expected: unknown, received: unknown): string | null | undefined;
    /** The call, as it was written. */
    matcherHint(name: string, received?: string, expected?: string, options?: { readonly isNot?: boolean }): string;
    /** Compares iterables. */
    readonly iterableEquality: Tester;
    /** Leaves out what is not expected. */
    readonly subsetEquality: Tester;
  };
}

/** What a matcher says. */
export interface MatcherResult {
  /** Whether it is as expected, were there no `.not`. */
  readonly pass: boolean;
  /** The text of the failure. */
  message(): string;
}

/** Whether a value holds all that is expected, and perhaps more; as `toMatchObject` sees it. */
export function holds(context: MatcherContext, actual: unknown, expected: unknown): boolean {
  const { customTesters, utils } = context;
  return context.equals(actual, expected, [...customTesters, utils.iterableEquality, utils.subsetEquality]);
}
