/** Waits for so many of something. */
export class Countdown {
  /** Resolves when all have come. */
  readonly done: Promise<void>;
  #left: number;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(count: number) {
    this.#left = count;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  readonly tick = (): void => {
    if (--this.#left === 0) this.#resolve();
  };

  readonly fail = (error: unknown): void => this.#reject(error);
}
