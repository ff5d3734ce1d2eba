import type { SchedulerLike, Subscription } from 'rxjs';

/** What has been held since when, and what is due; with one timer for all. */
export class Leases<Held> {
  readonly #scheduler: SchedulerLike;
  readonly #onDue: (held: Held) => void;
  /** The one that is due first is first, as all have the same time. */
  readonly #since = new Map<Held, number>();
  #periodMs = Infinity;
  #timer: Subscription | undefined;

  /** @param onDue - told of what has been held for the whole period; it is not held any more, unless it is begun again */
  constructor(scheduler: SchedulerLike, onDue: (held: Held) => void) {
    this.#scheduler = scheduler;
    this.#onDue = onDue;
  }

  /** Says how long they last; to be said before any begins. */
  set periodMs(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Begins one, or begins it again. */
  begin(held: Held): void {
    this.#since.delete(held);
    this.#since.set(held, this.#scheduler.now());
    this.#timer ??= this.#watch(this.#periodMs);
  }

  end(held: Held): void {
    this.#since.delete(held);
  }

  close(): void {
    this.#timer?.unsubscribe();
    this.#since.clear();
  }

  #watch(delayMs: number): Subscription {
    return this.#scheduler.schedule(() => {
      this.#timer = undefined;
      const waitMs = this.#check();
      if (waitMs !== undefined) this.#timer ??= this.#watch(waitMs);
    }, delayMs);
  }

  /** @returns milliseconds until the next one is due */
  #check(): number | undefined {
    const now = this.#scheduler.now();
    for (const [held, since] of this.#since) {
      const waitMs = since + this.#periodMs - now;
      if (waitMs > 0) return waitMs;
      this.#since.delete(held);
      this.#onDue(held);
    }
    return undefined;
  }
}
