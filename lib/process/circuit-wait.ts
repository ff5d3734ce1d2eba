import type { SchedulerLike, Subscription } from 'rxjs';
import type { CircuitBreaker } from '../flow/circuit.ts';

/** Holds attempts back while a circuit is open, and says when to try again. */
export class CircuitWait {
  readonly #breaker: CircuitBreaker;
  readonly #scheduler: SchedulerLike;
  readonly #onReady: () => void;
  #timer: Subscription | undefined;

  constructor(breaker: CircuitBreaker, scheduler: SchedulerLike, onReady: () => void) {
    this.#breaker = breaker;
    this.#scheduler = scheduler;
    this.#onReady = onReady;
  }

  /** A pass for an attempt, or none: then `onReady` is called when there might be one. */
  tryStart(now: number): number | undefined {
    const pass = this.#breaker.tryStart(now);
    const waitMs = this.#breaker.waitMs(now);
    // Half-open, it waits for the end of its trial, not for a time.
    if (pass === undefined && waitMs > 0) {
      this.#timer ??= this.#scheduler.schedule(() => {
        this.#timer = undefined;
        this.#onReady();
      }, waitMs);
    }
    return pass;
  }

  close(): void {
    this.#timer?.unsubscribe();
  }
}
