/** Remembers when the last `limit` items passed. It has no clock: it is told the time when it is asked. */
export class SlidingWindow {
  readonly #limit: number;
  readonly #windowMs: number;
  /** Used in a circle, once it is full. */
  readonly #passedAt: number[] = [];
  #oldest = 0;
  #now = -Infinity;
  #setBackMs = 0;

  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /** Milliseconds until the next item may pass; not above 0, if it may. */
  waitMs(time: number): number {
    const now = this.#steady(time);
    if (this.#passedAt.length < this.#limit) return 0;
    return (this.#passedAt[this.#oldest] ?? now) + this.#windowMs - now;
  }

  /** Lets an item pass, or not. */
  tryPass(time: number): boolean {
    if (this.waitMs(time) > 0) return false;
    this.#passedAt[this.#oldest] = this.#now;
    this.#oldest = (this.#oldest + 1) % this.#limit;
    return true;
  }

  /** A clock that is set back by an hour does not hold items back for an hour. */
  #steady(time: number): number {
    this.#setBackMs = Math.max(this.#setBackMs, this.#now - time);
    return (this.#now = time + this.#setBackMs);
  }
}
