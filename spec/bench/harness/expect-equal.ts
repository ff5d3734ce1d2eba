/** Fails the bench where a contestant's result is wrong: what does not work is not fast. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return;
  throw new Error(`Expected ${what} to be ${String(expected)}, got ${String(actual)}.`);
}

/** The same for a bound. */
export function expectAtMost(what: string, actual: number, bound: number): void {
  if (actual <= bound) return;
  throw new Error(`Expected at most ${bound} ${what}, got ${actual}.`);
}
