import { ClosedError } from '../core/errors.ts';
import type { EventStoreBackend } from './event-store-backend.ts';

/** The locks of a store: when it closes, those that are held are given up, and those that are waited for are refused. */
export class StoreLocks {
  readonly #backend: EventStoreBackend;
  readonly #held = new Set<() => void>();
  readonly #closing = new AbortController();

  constructor(backend: EventStoreBackend) {
    this.#backend = backend;
  }

  /** Waits for a lock, and takes it. */
  async take(name: string, signal: AbortSignal | undefined): Promise<() => void> {
    const { signal: closing } = this.#closing;
    const ending = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    ending.throwIfAborted();
    const release = await this.#backend.lock!(name, ending);
    const giveUp = (): void => {
      if (this.#held.delete(giveUp)) release();
    };
    this.#held.add(giveUp);
    // It may have been granted in the moment in which nobody wanted it any more.
    if (ending.aborted) giveUp();
    ending.throwIfAborted();
    return giveUp;
  }

  close(store: string): void {
    this.#closing.abort(new ClosedError(`event store '${store}'`));
    for (const giveUp of this.#held) giveUp();
  }
}
