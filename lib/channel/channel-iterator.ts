import type { Stock } from './stock.ts';
import type { Taker } from './taker.ts';

/** A call of `next` that waits for an item. */
class PendingNext<Item> implements Taker<Item> {
  previous: Taker<Item> | undefined = undefined;
  next: Taker<Item> | undefined = undefined;
  isEnlisted = false;
  readonly isIdle = true;
  readonly give: (item: Item) => void;
  readonly end: () => void;

  constructor(resolve: (result: IteratorResult<Item, undefined>) => void) {
    this.give = (value) => resolve({ value, done: false });
    this.end = () => resolve({ value: undefined, done: true });
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
    const stock = this.#stock;
    if (this.#isDone) return Promise.resolve({ value: undefined, done: true });
    if (stock.hasItem) return Promise.resolve({ value: stock.take(), done: false });
    return new Promise((resolve) => {
      const pending = new PendingNext<Item>((result) => {
        this.#pending.delete(pending);
        resolve(result);
      });
      this.#pending.add(pending);
      stock.enlist(pending);
    });
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
