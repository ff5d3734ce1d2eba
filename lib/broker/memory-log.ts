import { RingBuffer } from '../core/ring-buffer.ts';
import type { BrokerMessage } from './broker-message.ts';

/** A message in the log, and how many groups have yet to settle it. */
export class StoredMessage {
  readonly message: BrokerMessage;
  readonly sequence: number;
  readonly storedAt: number;
  owed = 0;
  /** Whether it stands in the line of what may go. */
  isListed = false;

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
  /** What nobody needs, in the order in which it was settled; and some that a later group needs again. */
  readonly #mayGo = new RingBuffer<StoredMessage>();
  #sequence = 0;
  #unsettled = 0;

  constructor(historySize: number) {
    this.#historySize = historySize;
  }

  /** All that is kept. */
  get size(): number {
    return this.#stored.size;
  }

  /** Messages that some group has yet to settle. */
  get unsettled(): number {
    return this.#unsettled;
  }

  append(message: BrokerMessage, now: number): StoredMessage {
    const stored = new StoredMessage(message, ++this.#sequence, now);
    this.#stored.set(stored.sequence, stored);
    return stored;
  }

  /** One more group needs it. */
  owe(stored: StoredMessage): void {
    if (stored.owed++ === 0) this.#unsettled++;
  }

  /** One group needs it no more. */
  settle(stored: StoredMessage): void {
    if (--stored.owed > 0) return;
    this.#unsettled--;
    this.release(stored);
  }

  /** Nobody needs it: it becomes history, and the oldest history goes. */
  release(stored: StoredMessage): void {
    if (!stored.isListed) this.#mayGo.push(stored);
    stored.isListed = true;
    while (this.size - this.#unsettled > this.#historySize) this.#forgetOldest();
  }

  /** All that is kept and that a group asks for, in order. */
  *select(isWanted: (stored: StoredMessage) => boolean): IterableIterator<StoredMessage> {
    for (const stored of this.#stored.values()) if (isWanted(stored)) yield stored;
  }

  #forgetOldest(): void {
    const stored = this.#mayGo.shift();
    if (stored === undefined) return;
    stored.isListed = false;
    if (stored.owed === 0) this.#stored.delete(stored.sequence);
  }
}
