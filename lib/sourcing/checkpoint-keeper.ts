import type { SchedulerLike, Subscription } from 'rxjs';

/** Writes progress as it goes on: not more often than asked, never two writes at a time, and always the newest. */
export class CheckpointKeeper {
  readonly #write: () => Promise<void>;
  readonly #everyMs: number;
  readonly #scheduler: SchedulerLike;
  #timer: Subscription | undefined;
  #writing: Promise<void> | undefined;
  #isDirty = false;

  constructor(write: () => Promise<void>, everyMs: number, scheduler: SchedulerLike) {
    this.#write = write;
    this.#everyMs = everyMs;
    this.#scheduler = scheduler;
  }

  /** There is something new to write. */
  touch(): void {
    this.#isDirty = true;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = this.#scheduler.schedule(() => {
      this.#timer = undefined;
      void this.flush();
    }, this.#everyMs);
  }

  /** Writes what is new. */
  async flush(): Promise<void> {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    await this.#writing;
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#writing = this.#write();
    await this.#writing;
    this.#writing = undefined;
    if (this.#isDirty) this.touch();
  }
}
