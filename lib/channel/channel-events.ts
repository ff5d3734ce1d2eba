import { Observable, type Subscriber } from 'rxjs';
import type { Stock } from './stock.ts';
import type { Taker } from './taker.ts';

/** A subscriber that takes items as they come. */
class SubscribedTaker<Item> implements Taker<Item> {
  previous: Taker<Item> | undefined = undefined;
  next: Taker<Item> | undefined = undefined;
  isEnlisted = false;
  readonly keepsMore = false;
  readonly #stock: Stock<Item>;
  readonly #subscriber: Subscriber<Item>;

  constructor(stock: Stock<Item>, subscriber: Subscriber<Item>) {
    this.#stock = stock;
    this.#subscriber = subscriber;
  }

  get isIdle(): boolean {
    return !this.#subscriber.closed;
  }

  give(item: Item): void {
    this.#subscriber.next(item);
  }

  /** A loop: what is sent meanwhile waits in the stock, as this one is not enlisted. */
  goOn(): void {
    while (this.isIdle && this.#stock.hasItemFor(this)) this.#stock.serve(this);
    if (this.isIdle) this.#stock.enlist(this);
  }

  end(): void {
    this.#subscriber.complete();
  }
}

/** The items of a channel as an Observable: each subscriber is a consumer of its own. */
export function channelEvents<Item>(stock: Stock<Item>): Observable<Item> {
  return new Observable((subscriber) => {
    const taker = new SubscribedTaker(stock, subscriber);
    subscriber.add(() => stock.delist(taker));
    taker.goOn();
  });
}
