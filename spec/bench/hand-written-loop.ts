import { withTimeout } from './contestants/pool/decorators.ts';
import type { Job } from './contestants/pool/job.ts';
import { HandWrittenInbox } from './hand-written-inbox.ts';
import { retryByHand } from './hand-written-retry.ts';

/**
 * What a good engineer writes where speed counts: a ring buffer, and so many async loops that take from it; with backpressure, retries and
 * dead letters. It has no order per key, no abort signal, no stats, no pause, no drain with a deadline, and an event between attempts
 * keeps its slot.
 */
export class HandWrittenLoop {
  readonly #inbox: HandWrittenInbox;
  readonly #options: Omit<Job, 'events' | 'key'>;
  readonly #loops: Promise<void>[];

  constructor(options: Omit<Job, 'events' | 'key'>) {
    const { handle, timeoutMs, capacity, concurrency } = options;
    this.#inbox = new HandWrittenInbox(capacity);
    this.#options = timeoutMs === undefined ? options : { ...options, handle: withTimeout(handle, timeoutMs) };
    this.#loops = Array.from({ length: concurrency }, () => this.#loop());
  }

  /** `false` when it is full. */
  trySend(event: number): boolean {
    return this.#inbox.trySend(event);
  }

  /** Waits for room, and hands an event over; for one producer. */
  async send(event: number): Promise<void> {
    while (!this.#inbox.trySend(event)) await this.#inbox.room();
  }

  /** Resolves when there is room; for one producer. */
  room(): Promise<void> {
    return this.#inbox.room();
  }

  /** Finishes what it has. */
  async drain(): Promise<void> {
    this.#inbox.close();
    await Promise.all(this.#loops);
  }

  async #loop(): Promise<void> {
    const inbox = this.#inbox;
    const { handle } = this.#options;
    for (;;) {
      const event = inbox.take();
      if (event !== undefined) {
        try {
          await handle(event);
        } catch (error) {
          await retryByHand(event, error, this.#options);
        }
      } else if (inbox.isClosed) return;
      else await inbox.arrival();
    }
  }
}
