import type { SchedulerLike, Subscription } from 'rxjs';
import { TestFailure } from '../test-failure.ts';

/** A wait that ends by itself, or with the deadline. */
interface Wait {
  readonly isReached: () => boolean;
  readonly describe: () => string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The time limit of a case. Whatever the case waits for then fails, and says what it was waiting for. */
export class Deadline {
  readonly #limitMs: number;
  readonly #timer: Subscription;
  readonly #waits = new Set<Wait>();
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(limitMs: number, scheduler: SchedulerLike) {
    this.#limitMs = limitMs;
    this.#timer = scheduler.schedule(() => this.#expire(), limitMs);
  }

  /**
   * Waits until something is so. It is looked at again whenever `changed` is called.
   *
   * @param describe - what was expected, and what there is: `'all of 10 messages, got 9'`
   */
  until(isReached: () => boolean, describe: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const wait: Wait = { isReached, describe, resolve, reject };
      this.#waits.add(wait);
      if (this.#failure !== undefined) this.#reject(wait, this.#failure.error);
      else if (isReached()) this.#resolve(wait);
      else if (this.#isOver) this.#reject(wait, this.#lateness(wait));
    });
  }

  /**
   * Waits for a promise.
   *
   * @param what - what it stands for, or a function that says also how far that has come
   */
  async within<Value>(promise: PromiseLike<Value>, what: string | (() => string)): Promise<Value> {
    let result: { readonly value: Value } | undefined;
    const ended = Promise.resolve(promise).then((value) => {
      result = { value };
      this.changed();
    });
    await Promise.race([
      ended,
      this.until(
        () => result !== undefined,
        () => (typeof what === 'string' ? `${what}, got no answer` : what()),
      ),
    ]);
    return result === undefined ? promise : result.value;
  }

  /** Something has happened. */
  changed(): void {
    for (const wait of this.#waits) if (wait.isReached()) this.#resolve(wait);
  }

  /** Something has gone wrong outside of what is waited for: every wait fails with it. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const wait of this.#waits) this.#reject(wait, error);
  }

  end(): void {
    this.#timer.unsubscribe();
    this.#waits.clear();
  }

  #expire(): void {
    this.#isOver = true;
    for (const wait of this.#waits) this.#reject(wait, this.#lateness(wait));
  }

  #lateness({ describe }: Wait): TestFailure {
    return new TestFailure(`Within ${this.#limitMs} ms, expected ${describe()}.`);
  }

  #resolve(wait: Wait): void {
    this.#waits.delete(wait);
    wait.resolve();
  }

  #reject(wait: Wait, error: unknown): void {
    this.#waits.delete(wait);
    wait.reject(error);
  }
}
