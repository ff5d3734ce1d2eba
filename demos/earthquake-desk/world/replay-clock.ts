/** The longest step. What the summary shows, it shows for almost an hour: with smaller steps a reader can miss nothing. */
const LONGEST_STEP_MS = 50 * 60_000;

/**
 * The clock of the replay. It runs at its speed, but waits for its reader: between two readings it never goes on by more than 50 minutes, so that
 * the replay is complete on a slow machine too.
 */
export class ReplayClock {
  readonly end: number;
  readonly #speed: number;
  #now: number;
  #readAt: number;

  constructor(start: number, end: number, speed: number) {
    this.end = end;
    this.#speed = speed;
    this.#now = start;
    this.#readAt = performance.now();
  }

  /** Simulated epoch milliseconds. */
  read(): number {
    const readAt = performance.now();
    const step = Math.min((readAt - this.#readAt) * this.#speed, LONGEST_STEP_MS);
    this.#readAt = readAt;
    this.#now = Math.min(this.#now + step, this.end);
    return Math.round(this.#now);
  }
}
