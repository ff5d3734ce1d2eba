import type { SchedulerLike, Subscription } from 'rxjs';

const WINDOW_MS = 1_000;

/** Writes a line that tells how many were left out before it, and returns whether it was written. */
export type WriteLine = (leftOut: number) => boolean;

/**
 * Lets so many lines of one kind through in a second, and counts the others. They are told by the next line, or at the end of the second; so are those that
 * the logger could not write.
 */
export class LogQuota {
  readonly #summarize: WriteLine;
  readonly #maxPerSecond: number;
  readonly #scheduler: SchedulerLike;
  #windowStart = -Infinity;
  #written = 0;
  #leftOut = 0;
  #timer: Subscription | undefined;

  /** @param summarize - writes a line of nothing else */
  constructor(summarize: WriteLine, maxPerSecond: number, scheduler: SchedulerLike) {
    this.#summarize = summarize;
    this.#maxPerSecond = maxPerSecond;
    this.#scheduler = scheduler;
  }

  /** @param write - called only if there is room for it */
  offer(write: WriteLine): void {
    const sinceStart = this.#scheduler.now() - this.#windowStart;
    // A clock that was set back begins anew, too.
    if (sinceStart >= WINDOW_MS || sinceStart < 0) this.#begin();
    if (this.#written >= this.#maxPerSecond) {
      this.#leftOut++;
      this.#timer ??= this.#scheduler.schedule(() => this.flush(), WINDOW_MS - sinceStart);
      return;
    }
    this.#written++;
    const leftOut = this.#takeLeftOut();
    // As if it had been left out, until it is written: it may throw.
    this.#leftOut += leftOut + 1;
    if (write(leftOut)) this.#leftOut -= leftOut + 1;
  }

  /** Tells at once what was left out, if anything was. */
  flush(): void {
    const leftOut = this.#takeLeftOut();
    if (leftOut > 0 && !this.#summarize(leftOut)) this.#leftOut += leftOut;
  }

  #begin(): void {
    this.#windowStart = this.#scheduler.now();
    this.#written = 0;
  }

  #takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    return leftOut;
  }
}
