/// <reference lib="esnext.disposable" preserve="true" />
import type { BrokerDelivery, NackOptions } from '../../broker/broker-delivery.ts';
import type { BrokerMessage } from '../../broker/broker-message.ts';
import type { BrokerSubscription } from '../../broker/broker-subscription.ts';

/** Told of each settlement that the broker has taken. */
export type OnSettled = (delivery: BrokerDelivery, end: 'acked' | 'nacked', delayMs?: number) => void;

/** A subscription whose settlements are told. */
export class RecordedSubscription implements BrokerSubscription {
  readonly ready: Promise<void>;
  readonly #subscription: BrokerSubscription;
  readonly #onSettled: OnSettled;

  constructor(subscription: BrokerSubscription, onSettled: OnSettled) {
    this.ready = subscription.ready;
    this.#subscription = subscription;
    this.#onSettled = onSettled;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    const loop = this.#subscription[Symbol.asyncIterator]();
    const recorded = (result: IteratorResult<BrokerDelivery, undefined>): IteratorResult<BrokerDelivery, undefined> =>
      result.done ? result : { value: new RecordedDelivery(result.value, this.#onSettled), done: false };
    const iterator: AsyncIterableIterator<BrokerDelivery, undefined> = {
      next: async () => recorded(await loop.next()),
      return: async () => (await loop.return?.()) ?? { value: undefined, done: true },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  close(): Promise<void> {
    return this.#subscription.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class RecordedDelivery implements BrokerDelivery {
  readonly message: BrokerMessage;
  readonly deliveryCount: number;
  readonly sequence?: number;
  readonly #delivery: BrokerDelivery;
  readonly #onSettled: OnSettled;
  #isTold = false;

  constructor(delivery: BrokerDelivery, onSettled: OnSettled) {
    this.message = delivery.message;
    this.deliveryCount = delivery.deliveryCount;
    if (delivery.sequence !== undefined) this.sequence = delivery.sequence;
    this.#delivery = delivery;
    this.#onSettled = onSettled;
  }

  get signal(): AbortSignal {
    return this.#delivery.signal;
  }

  async ack(): Promise<void> {
    // Which call was the first is known before any is answered.
    const isFirst = this.#isFirst();
    await this.#delivery.ack();
    if (isFirst) this.#onSettled(this, 'acked');
  }

  async nack(options?: NackOptions): Promise<void> {
    const isFirst = this.#isFirst();
    await this.#delivery.nack(options);
    if (isFirst) this.#onSettled(this, 'nacked', options?.delayMs);
  }

  extend(): Promise<void> {
    return this.#delivery.extend();
  }

  #isFirst(): boolean {
    const isFirst = !this.#isTold;
    this.#isTold = true;
    return isFirst;
  }
}
