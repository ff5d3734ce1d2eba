/** Tells the other tabs that something was appended, where the platform can; where it cannot, they look from time to time. */
export class WakeChannel {
  readonly #channel: BroadcastChannel | undefined;
  readonly #wakers = new Set<() => void>();

  constructor(database: string) {
    this.#channel = typeof BroadcastChannel === 'function' ? new BroadcastChannel(`millrace:${database}`) : undefined;
  }

  /** Wakes the other tabs. */
  tell(): void {
    this.#channel?.postMessage('appended');
  }

  /** Wakes this one. */
  wake(): void {
    for (const wake of this.#wakers) wake();
  }

  watch(wake: () => void): () => void {
    this.#wakers.add(wake);
    if (this.#channel !== undefined) this.#channel.onmessage = () => this.wake();
    return () => {
      this.#wakers.delete(wake);
    };
  }

  close(): void {
    this.#channel?.close();
  }
}
