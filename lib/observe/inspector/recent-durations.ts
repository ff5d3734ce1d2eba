import { Histogram, percentilesOf, type Percentiles } from './histogram.ts';

/** Milliseconds that each of the two halves takes. */
const HALF_MS = 30_000;

/**
 * The durations of the last half a minute to a minute: who is called at night wants to know how long it takes now, and the mean of a week would hide it. Two
 * histograms take turns: when one has counted for half a minute, the other is cleared and goes on.
 */
export class RecentDurations {
  private current: Histogram = new Histogram();
  private previous: Histogram = new Histogram();
  private since: number;

  constructor(now: number) {
    this.since = now;
  }

  /** @param weight - how many durations it stands for */
  add(durationMs: number, weight: number, now: number): void {
    this.forget(now);
    // A clock that was set back must not count a duration below 0.
    this.current.add(durationMs > 0 ? durationMs : 0, weight);
  }

  percentiles(now: number): Percentiles {
    this.forget(now);
    return percentilesOf(this.current, this.previous);
  }

  private forget(now: number): void {
    const age = now - this.since;
    if (age < HALF_MS) return;
    const { current, previous } = this;
    previous.clear();
    if (age >= 2 * HALF_MS) current.clear();
    this.current = previous;
    this.previous = current;
    this.since = now - (age % HALF_MS);
  }
}
