import type { Stock } from './stock.ts';
import type { Taker } from './taker.ts';

/** A call of `next`, until it has its item. */
class PendingNext<Item> implements Taker<Item> {
  previous: Taker<Item> | undefined = undefined;
  next: Taker<Item> | undefined = undefined;
  isEnlisted = false;
  readonly isIdle = true;
  readonly keepsMore = false;
  readonly #siblings: Set<PendingNext<Item>>;
  readonly #resolve: (result: IteratorResult<Item, undefined>) => void;

  constructor(siblings: Set<PendingNext<Item>>, resolve: (result: IteratorResult<Item, undefined>) => void) {
    this.#siblings = siblings;
    this.#resolve = resolve;
    siblings.add(this);
  }

  give(value: Item): void {
    this.#siblings.delete(this);
    this.#resolve({ value, done: false });
  }

  /** Another call asks for another item. */
  goOn(): void {}

  end(): void {
    this.#siblings.delete(this);
    this.#resolve({ value: undefined, done: true });
  }
}

/** Iterates over the items of a channel as they come; several do so at once, each with items of its own. */
export class ChannelIterator<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #stock: Stock<Item>;
  readonly #pending = new Set<PendingNext<Item>>();
  #isDone = false;

  constructor(stock: Stock<Item>) {
    this.#stock = stock;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#isDone) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#stock.ask(new PendingNext(this.#pending, resolve)));
  }

  /** Ends this loop only: calls of `next` that wait are done. */
  return(): Promise<IteratorResult<Item, undefined>> {
    this.#isDone = true;
    for (const pending of this.#pending) {
      this.#stock.delist(pending);
      pending.end();
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
