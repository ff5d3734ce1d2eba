type Holds = (actual: unknown, expected: unknown) => boolean;

/** The candidates, the ones first that hold most of what is expected; equally near ones in their order. */
export function nearestFirst<Candidate>(
  candidates: readonly Candidate[],
  expected: unknown,
  holds: Holds,
): readonly Candidate[] {
  const nearness = new Map(candidates.map((candidate) => [candidate, held(candidate, expected, holds)]));
  return candidates.toSorted((one, other) => nearness.get(other)! - nearness.get(one)!);
}

/** What of a value was asked for: in a diff, the rest would only be noise. */
export function askedFor(actual: unknown, expected: unknown): unknown {
  if (!hasParts(actual) || !hasParts(expected) || Array.isArray(actual)) return actual;
  const names = Object.keys(expected).filter((name) => name in actual);
  return Object.fromEntries(names.map((name) => [name, askedFor(actual[name], expected[name])]));
}

/** How many of the expected leaves a value holds. */
function held(actual: unknown, expected: unknown, holds: Holds): number {
  if (!hasParts(expected)) return holds(actual, expected) ? 1 : 0;
  if (!hasParts(actual)) return 0;
  return Object.keys(expected).reduce((sum, name) => sum + held(actual[name], expected[name], holds), 0);
}

/** Whether a value is a plain object or an array. */
function hasParts(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
