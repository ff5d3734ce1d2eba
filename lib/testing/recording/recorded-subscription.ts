/// <reference lib="esnext.disposable" preserve="true" />
import type { AckOptions, BrokerDelivery, NackOptions } from '../../broker/broker-delivery.ts';
import type { BrokerMessage } from '../../broker/broker-message.ts';
import type { BrokerSubscription } from '../../broker/broker-subscription.ts';

/** Told of the settlements that the broker has taken. */
export interface SettlementRecorder {
  acked(delivery: BrokerDelivery, publish?: readonly BrokerMessage[]): void;
  nacked(delivery: BrokerDelivery, delayMs?: number): void;
}

/** A subscription whose settlements are told. */
export class RecordedSubscription implements BrokerSubscription {
  readonly ready: Promise<void>;
  readonly #subscription: BrokerSubscription;
  readonly #recorder: SettlementRecorder;

  constructor(subscription: BrokerSubscription, recorder: SettlementRecorder) {
    this.ready = subscription.ready;
    this.#subscription = subscription;
    this.#recorder = recorder;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    const loop = this.#subscription[Symbol.asyncIterator]();
    const recorded = (result: IteratorResult<BrokerDelivery, undefined>): IteratorResult<BrokerDelivery, undefined> =>
      result.done ? result : { value: new RecordedDelivery(result.value, this.#recorder), done: false };
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
  readonly #recorder: SettlementRecorder;
  #isTold = false;

  constructor(delivery: BrokerDelivery, recorder: SettlementRecorder) {
    this.message = delivery.message;
    this.deliveryCount = delivery.deliveryCount;
    if (delivery.sequence !== undefined) this.sequence = delivery.sequence;
    this.#delivery = delivery;
    this.#recorder = recorder;
  }

  get isOver(): boolean {
    return this.#delivery.isOver;
  }

  get signal(): AbortSignal {
    return this.#delivery.signal;
  }

  async ack(options?: AckOptions): Promise<void> {
    // Which call was the first is known before any is answered.
    const isFirst = this.#isFirst();
    await this.#delivery.ack(options);
    if (isFirst) this.#recorder.acked(this, options?.publish);
  }

  async nack(options?: NackOptions): Promise<void> {
    const isFirst = this.#isFirst();
    await this.#delivery.nack(options);
    if (isFirst) this.#recorder.nacked(this, options?.delayMs);
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
