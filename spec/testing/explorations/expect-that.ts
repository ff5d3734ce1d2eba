/** What must hold, and fails with all that is known if it does not. */
export function expectThat(holds: boolean, what: string, got: unknown): asserts holds {
  if (!holds) throw new Error(`Expected ${what}, got ${JSON.stringify(got)}`);
}
