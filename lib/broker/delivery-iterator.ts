import type { BrokerDelivery } from './broker-delivery.ts';

/** Answers a call of `next` that waits. */
export type PendingNext = (result: IteratorResult<BrokerDelivery, undefined>) => void;

/** One loop over a subscription; several share it. */
export class DeliveryIterator implements AsyncIterableIterator<BrokerDelivery, undefined> {
  readonly #enlist: (next: PendingNext) => void;
  readonly #delist: (next: PendingNext) => void;
  readonly #pending = new Set<PendingNext>();
  #isDone = false;

  constructor(enlist: (next: PendingNext) => void, delist: (next: PendingNext) => void) {
    this.#enlist = enlist;
    this.#delist = delist;
  }

  next(): Promise<IteratorResult<BrokerDelivery, undefined>> {
    if (this.#isDone) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      const next: PendingNext = (result) => {
        this.#pending.delete(next);
        resolve(result);
      };
      this.#pending.add(next);
      this.#enlist(next);
    });
  }

  /** Ends this loop only: what it took stays unsettled. */
  return(): Promise<IteratorResult<BrokerDelivery, undefined>> {
    this.#isDone = true;
    for (const next of this.#pending) {
      this.#delist(next);
      next({ value: undefined, done: true });
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
