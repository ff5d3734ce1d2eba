import { whenAborted } from '../core/when-aborted.ts';

/** A wait that ends when something is so. */
interface Wait {
  readonly isReached: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Waits for conditions, which are looked at whenever something has changed. */
export class Waits {
  readonly #waits = new Set<Wait>();
  #failure: { readonly error: unknown } | undefined;

  /** Resolves when it is so, now or later; rejects with the signal's reason. */
  until(isReached: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) reject(signal.reason);
      else if (this.#failure !== undefined) reject(this.#failure.error);
      else if (isReached()) resolve();
      else this.#add(isReached, resolve, reject, signal);
    });
  }

  /** Something has changed. */
  changed(): void {
    for (const wait of this.#waits) if (wait.isReached()) wait.resolve();
  }

  /** Nothing changes any more. */
  failAll(error: unknown): void {
    this.#failure = { error };
    for (const wait of this.#waits) wait.reject(error);
  }

  #add(
    isReached: () => boolean,
    resolve: () => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ): void {
    const end = (): void => {
      this.#waits.delete(wait);
      takeBack?.();
    };
    const wait: Wait = {
      isReached,
      resolve: () => {
        end();
        resolve();
      },
      reject: (error) => {
        end();
        reject(error);
      },
    };
    const takeBack = signal && whenAborted(signal, () => wait.reject(signal.reason));
    this.#waits.add(wait);
  }
}
