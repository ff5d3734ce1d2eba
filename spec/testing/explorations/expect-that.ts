/** What must hold, and fails with all that is known if it does not. */
export function expectThat(holds: boolean, what: string, got: unknown): asserts holds {
  if (!holds) throw new Error(`Expected ${what}, got ${JSON.stringify(got)}`);
}

/** What was seen to be wrong where a throw would only be a failed attempt. */
export class Breaches {
  readonly #all: unknown[] = [];

  note(look: () => void): void {
    try {
      look();
    } catch (breach) {
      this.#all.push(breach);
    }
  }

  /** @throws the first breach */
  expectNone(): void {
    if (this.#all.length > 0) throw this.#all[0];
  }
}
