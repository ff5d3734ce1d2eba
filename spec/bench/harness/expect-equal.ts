/** Fails the bench where a contestant's result is wrong: what does not work is not fast. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return;
  throw new Error(`Expected ${what} to be ${String(expected)}, got ${String(actual)}.`);
}
