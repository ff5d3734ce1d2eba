import { expectName } from '../core/options.ts';
import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage } from './broker-message.ts';
import { checkedMessage } from './check-message.ts';

/** What every broker asks of a letter: that it could be sent, while the broker is open. */
export class CheckedLetterStore implements BrokerLetterStore {
  readonly #store: BrokerLetterStore;
  readonly #now: () => number;
  readonly #expectOpen: () => void;

  /**
   * @param now - for letters without a time
   * @param expectOpen - throws a ClosedError when the broker is closed
   */
  constructor(store: BrokerLetterStore, now: () => number, expectOpen: () => void) {
    this.#now = now;
    this.#store = store;
    this.#expectOpen = expectOpen;
  }

  async add(letter: BrokerMessage): Promise<void> {
    this.#expectOpen();
    await this.#store.add(checkedMessage(letter, this.#now()));
  }

  async remove(id: string): Promise<void> {
    this.#expectOpen();
    await this.#store.remove(expectName('id', id));
  }

  async check(): Promise<void> {
    this.#expectOpen();
    await this.#store.check?.();
  }

  async list(): Promise<readonly BrokerMessage[]> {
    this.#expectOpen();
    return this.#store.list();
  }
}
