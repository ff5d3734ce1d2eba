import { Chain, type Linked } from '../core/chain.ts';
import { OverflowError } from '../core/errors.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';

/** Where messages go, when there is room. */
export interface Shelf {
  hasRoomFor(message: BrokerMessage): boolean;
  accept(message: BrokerMessage): PublishReceipt;
}

/** One call of `publish`: its messages go in one after the other, and wait for room in between. */
export class PendingPublish implements Linked<PendingPublish> {
  previous: PendingPublish | undefined = undefined;
  next: PendingPublish | undefined = undefined;
  readonly receipts: PublishReceipt[] = [];
  readonly #messages: readonly BrokerMessage[];
  readonly #onEnd: (error?: unknown) => void;

  /** @param onEnd - told when all are in, or why not */
  constructor(messages: readonly BrokerMessage[], onEnd: (error?: unknown) => void) {
    this.#messages = messages;
    this.#onEnd = onEnd;
  }

  /** Messages that are not in yet. */
  get left(): number {
    return this.#messages.length - this.receipts.length;
  }

  /** Goes on as far as there is room. @returns whether it has ended */
  proceed(shelf: Shelf): boolean {
    for (const message of this.#messages.slice(this.receipts.length)) {
      if (!shelf.hasRoomFor(message)) return false;
      this.receipts.push(shelf.accept(message));
    }
    this.#onEnd();
    return true;
  }

  refuse(error: unknown): void {
    this.#onEnd(error);
  }
}

/** The publishers that wait for room: first in, first out. */
export class PublishLine {
  readonly #shelf: Shelf;
  readonly #mayWait: boolean;
  readonly #waiting = new Chain<PendingPublish>();

  /** @param mayWait - otherwise a publisher without room is refused */
  constructor(shelf: Shelf, mayWait: boolean) {
    this.#shelf = shelf;
    this.#mayWait = mayWait;
  }

  get size(): number {
    return this.#waiting.size;
  }

  push(publish: PendingPublish): void {
    this.#waiting.push(publish);
    this.advance();
    if (this.#mayWait || !this.has(publish)) return;
    this.withdraw(publish);
    publish.refuse(
      new OverflowError('the memory broker', `Raise capacity, settle faster, or choose overflow: 'suspend'.`),
    );
  }

  has(publish: PendingPublish): boolean {
    return publish.previous !== undefined || this.#waiting.first === publish;
  }

  /** Takes out one that waits no more; those behind it may have room. */
  withdraw(publish: PendingPublish): void {
    if (!this.has(publish)) return;
    this.#waiting.remove(publish);
    this.advance();
  }

  /** There may be room. */
  advance(): void {
    for (let { first } = this.#waiting; first?.proceed(this.#shelf); { first } = this.#waiting) {
      this.#waiting.remove(first);
    }
  }
}
