import type { SchedulerLike, Subscription } from 'rxjs';
import type { EventStoreBackend } from './event-store-backend.ts';

/** How long to wait for what is written but held back, at first, in milliseconds. */
const BLOCKED_MS = 10;

/** Wakes the subscriptions of a store when there may be something to read. The database is watched while there is a subscription. */
export class Wakes {
  readonly #backend: EventStoreBackend;
  readonly #pollMs: number;
  readonly #scheduler: SchedulerLike;
  readonly #sleepers = new Set<() => void>();
  #count = 0;
  #watchers = 0;
  #unwatch: (() => void) | undefined;

  constructor(backend: EventStoreBackend, pollMs: number, scheduler: SchedulerLike) {
    this.#backend = backend;
    this.#pollMs = pollMs;
    this.#scheduler = scheduler;
  }

  /** How often it has woken: to be read before a page is. */
  get count(): number {
    return this.#count;
  }

  /** Something may have been appended. */
  wake(): void {
    this.#count++;
    for (const awaken of this.#sleepers) awaken();
  }

  /** Keeps the database watched, until the returned function is called. */
  watch(): () => void {
    if (this.#watchers++ === 0) this.#unwatch = this.#backend.watch(() => this.wake());
    return () => {
      if (--this.#watchers === 0) this.#stop();
    };
  }

  /**
   * Waits until something has woken since `seen` was read, the poll time is over, or the signal is aborted.
   *
   * @param blocked - how often it has looked in vain for what is held back: it looks again soon, and less and less often
   */
  wait(seen: number, blocked: number, signal: AbortSignal | undefined): Promise<void> {
    if (seen !== this.#count || signal?.aborted === true) return Promise.resolve();
    const waitMs = blocked === 0 ? this.#pollMs : Math.min(this.#pollMs, BLOCKED_MS * 2 ** (blocked - 1));
    return new Promise((resolve) => {
      const awaken = (): void => {
        timer.unsubscribe();
        signal?.removeEventListener('abort', awaken);
        this.#sleepers.delete(awaken);
        resolve();
      };
      const timer: Subscription = this.#scheduler.schedule(awaken, waitMs);
      signal?.addEventListener('abort', awaken, { once: true });
      this.#sleepers.add(awaken);
    });
  }

  /** Wakes all for the last time. */
  close(): void {
    this.#stop();
    this.wake();
  }

  #stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
