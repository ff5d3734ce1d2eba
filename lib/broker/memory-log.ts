import { AgedMap } from '../core/aged-map.ts';
import type { BrokerMessage } from './broker-message.ts';

/** A message in the log, and how many groups have yet to settle it. */
export class StoredMessage {
  readonly message: BrokerMessage;
  readonly sequence: number;
  readonly storedAt: number;
  owed = 0;

  constructor(message: BrokerMessage, sequence: number, storedAt: number) {
    this.message = message;
    this.sequence = sequence;
    this.storedAt = storedAt;
  }
}

/**
 * What was published, in order: all that a group has yet to settle, and some of what all have settled, for groups that begin later.
 */
export class MemoryLog {
  readonly #historySize: number;
  readonly #stored = new Map<number, StoredMessage>();
  /** What nobody needs, in the order in which it was settled. */
  readonly #history = new AgedMap<number, StoredMessage>();
  #sequence = 0;

  constructor(historySize: number) {
    this.#historySize = historySize;
  }

  /** All that is kept. */
  get size(): number {
    return this.#stored.size;
  }

  /** Messages that some group has yet to settle. */
  get unsettled(): number {
    return this.#stored.size - this.#history.size;
  }

  /** Keeps a message: whoever needs it says so by `owe`, and if nobody does, it is to be released. */
  append(message: BrokerMessage, now: number): StoredMessage {
    const stored = new StoredMessage(message, ++this.#sequence, now);
    this.#stored.set(stored.sequence, stored);
    return stored;
  }

  /** One more group needs it. */
  owe(stored: StoredMessage): void {
    if (stored.owed++ === 0) this.#history.delete(stored.sequence);
  }

  /** One group needs it no more. */
  settle(stored: StoredMessage): void {
    if (--stored.owed === 0) this.release(stored);
  }

  /** Nobody needs it: it becomes history, and the oldest history goes. */
  release(stored: StoredMessage): void {
    this.#history.set(stored.sequence, stored);
    for (let { oldest } = this.#history; this.#history.size > this.#historySize; { oldest } = this.#history) {
      this.#history.delete(oldest!.key);
      this.#stored.delete(oldest!.key);
    }
  }

  /** All that is kept and that a group asks for, in order. */
  *select(isWanted: (stored: StoredMessage) => boolean): IterableIterator<StoredMessage> {
    for (const stored of this.#stored.values()) if (isWanted(stored)) yield stored;
  }
}
