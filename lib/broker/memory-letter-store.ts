import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage } from './broker-message.ts';

/** Letters in memory. */
export class MemoryLetterStore implements BrokerLetterStore {
  readonly #letters = new Map<string, BrokerMessage>();

  async add(letter: BrokerMessage): Promise<void> {
    this.#letters.set(letter.id, letter);
  }

  async remove(id: string): Promise<void> {
    this.#letters.delete(id);
  }

  /** With bytes of their own, as they are from a real broker. */
  async list(): Promise<readonly BrokerMessage[]> {
    return Array.from(this.#letters.values(), (letter) =>
      Object.freeze({ ...letter, body: new Uint8Array(letter.body) }),
    );
  }
}
