/** What a seam has counted. */
export interface SeamReport {
  /** Messages whose publication was confirmed. */
  readonly confirmed: number;
  /** Those of them that were handled at least once. */
  readonly handled: number;
  /** Those of them that are among the dead letters. */
  readonly dead: number;
  /** How often a message was handled that had been handled before. */
  readonly repeats: number;
  /** Messages whose publication was given up, and of which it is unknown whether the broker has them. */
  readonly unknown: number;
  /** Different messages that the server has, as its own client says. */
  readonly outside: number;
}

/** Books of numbered messages: what was confirmed is handled or dead in the end. */
export class Ledger {
  readonly confirmed = new Set<number>();
  /** Given up by their publishers. */
  readonly unknown = new Set<number>();
  readonly dead = new Set<number>();
  /** How often each was handled. */
  readonly handled = new Map<number, number>();

  /** How often any message was handled. */
  get handlings(): number {
    let sum = 0;
    for (const count of this.handled.values()) sum += count;
    return sum;
  }

  handle(number: number): void {
    this.handled.set(number, (this.handled.get(number) ?? 0) + 1);
  }

  /** Confirmed, and neither handled nor dead. */
  get missing(): readonly number[] {
    return [...this.confirmed].filter((number) => !this.handled.has(number) && !this.dead.has(number));
  }

  /** @param bodies - what the server was given, as its own client says */
  report(bodies: readonly string[]): SeamReport {
    const outside = new Set(bodies.map(Number));
    const unseen = [...this.confirmed].filter((number) => !outside.has(number));
    if (unseen.length > 0) {
      throw new Error(`Expected the server to have all that it has confirmed, got none of ${listOf(unseen)}.`);
    }
    const { missing } = this;
    if (missing.length > 0) {
      throw new Error(
        `Expected ${this.confirmed.size} confirmed messages to be handled or dead, got neither of ${listOf(missing)}.`,
      );
    }
    const both = [...this.dead].filter((number) => this.handled.has(number));
    if (both.length > 0) throw new Error(`Expected no message to be handled and dead, got ${listOf(both)}.`);
    const strangers = [...this.handled.keys(), ...this.dead].filter((number) => !outside.has(number));
    if (strangers.length > 0) throw new Error(`Expected what was published alone, got ${listOf(strangers)}, too.`);
    const handled = [...this.confirmed].filter((number) => this.handled.has(number)).length;
    return {
      confirmed: this.confirmed.size,
      handled,
      dead: this.confirmed.size - handled,
      repeats: this.handlings - this.handled.size,
      unknown: this.unknown.size,
      outside: outside.size,
    };
  }
}

function listOf(numbers: readonly number[]): string {
  const some = numbers.slice(0, 5).join(', ');
  return `${numbers.length} (${some}${numbers.length > 5 ? ', …' : ''})`;
}
