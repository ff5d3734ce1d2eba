import { MemoryBackend } from '../../lib/sourcing/memory-backend.ts';

/** Locks as a database may have them; the signal ends a wait. */
export class LockingBackend extends MemoryBackend {
  readonly held = new Set<string>();
  #freed: (() => void)[] = [];

  async lock(name: string, signal: AbortSignal): Promise<() => void> {
    while (this.held.has(name)) {
      await new Promise<void>((resolve, reject) => {
        this.#freed.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    this.held.add(name);
    return () => {
      this.held.delete(name);
      for (const free of this.#freed.splice(0)) free();
    };
  }
}
