const SPANS = 12;
const SPAN_MS = 5_000;

/** How often something happened within the last minute, to within five seconds. */
export class RecentCount {
  private readonly counts: Uint32Array = new Uint32Array(SPANS);
  /** The number of the span that is counted now. */
  private span: number;

  constructor(now: number) {
    this.span = spanOf(now);
  }

  add(now: number): void {
    this.forget(now);
    this.counts[this.span % SPANS]!++;
  }

  count(now: number): number {
    this.forget(now);
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  private forget(now: number): void {
    const span = spanOf(now);
    // Of a clock that was set back, nothing is known.
    for (let next = Math.max(this.span + 1, span - SPANS + 1); next <= span; next++) this.counts[next % SPANS] = 0;
    if (span > this.span) this.span = span;
  }
}

function spanOf(now: number): number {
  return Math.floor(now / SPAN_MS);
}
