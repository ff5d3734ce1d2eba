import type { EventStore } from 'millrace';
import { deposit } from './deposits.ts';

/** Appends an event each millisecond, until it is told to end. */
export class SteadyAppends {
  /** How many there are, the one that is being written included. */
  count: number;
  readonly #store: EventStore;
  readonly #appending: Promise<void>;
  #isOver = false;

  /** @param first - the amount of the first one */
  constructor(store: EventStore, first: number = 0) {
    this.count = first;
    this.#store = store;
    this.#appending = this.#append();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#appending;
  }

  async #append(): Promise<void> {
    while (!this.#isOver) {
      await this.#store.append('account-1', deposit(this.count++));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
