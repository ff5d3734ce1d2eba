import type { SchedulerLike, Subscription } from 'rxjs';
import { AGAIN_MS } from './pause.ts';

/** What a keeper needs. */
export interface CheckpointKeeperOptions {
  /** Writes whatever is the newest. */
  readonly write: () => Promise<void>;
  /** Milliseconds between two writes at least. */
  readonly everyMs: number;
  readonly scheduler: SchedulerLike;
  /** A write has failed; it is made again. */
  readonly onError: (error: unknown) => void;
}

/** Writes progress as it goes on: not more often than asked, never two writes at a time, and again what could not be written. */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  #timer: Subscription | undefined;
  #writing: Promise<void> | undefined;
  #isDirty = false;
  #isClosed = false;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
  }

  /** There is something new to write. */
  touch(): void {
    this.#isDirty = true;
    this.#schedule(this.#options.everyMs);
  }

  /** Writes what is new, once, and nothing after that. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.unsubscribe();
    await this.#writing;
    await this.#writeNews();
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed || this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#options.scheduler.schedule(() => {
      this.#timer = undefined;
      this.#writing = this.#writeNews();
    }, delayMs);
  }

  async #writeNews(): Promise<void> {
    if (!this.#isDirty) return;
    const { write, everyMs, onError } = this.#options;
    let delayMs = everyMs;
    this.#isDirty = false;
    try {
      await write();
    } catch (error) {
      this.#isDirty = true;
      delayMs = Math.max(everyMs, AGAIN_MS);
      onError(error);
    }
    this.#writing = undefined;
    if (this.#isDirty) this.#schedule(delayMs);
  }
}
