import type {
  Broker,
  BrokerCapabilities,
  BrokerDelivery,
  BrokerLetterStore,
  BrokerMessage,
  BrokerPublishOptions,
  BrokerState,
  BrokerStats,
  BrokerSubscription,
  PublishReceipt,
  SubscribeOptions,
} from 'millrace';
import type { Observable } from 'rxjs';

/** What is wrong with a broker; all else is as it is. */
export interface Flaws {
  /** What it says of itself. */
  readonly capabilities?: Partial<BrokerCapabilities>;
  readonly publish?: (
    inner: Broker,
    messages: readonly BrokerMessage[],
    options?: BrokerPublishOptions,
  ) => Promise<readonly PublishReceipt[]>;
  /** What it makes of a subscription's options. */
  readonly options?: (options: SubscribeOptions) => SubscribeOptions;
  readonly subscribe?: (inner: Broker, options: SubscribeOptions) => BrokerSubscription;
  /** What it makes of a delivery: another, or several, or none. */
  readonly deliver?: (delivery: BrokerDelivery, options: SubscribeOptions) => readonly BrokerDelivery[];
  readonly closeSubscription?: (inner: BrokerSubscription) => Promise<void>;
  readonly states?: (inner: Broker) => Observable<BrokerState>;
  readonly letterStore?: (inner: Broker, name: string) => BrokerLetterStore;
  readonly stats?: (inner: Broker) => BrokerStats;
  readonly close?: (inner: Broker) => Promise<void>;
  readonly dispose?: (inner: Broker) => Promise<void>;
}

/** A broker with flaws. */
export class BrokenBroker implements Broker {
  readonly name = 'broken';
  readonly capabilities: BrokerCapabilities;
  readonly #inner: Broker;
  readonly #flaws: Flaws;

  constructor(inner: Broker, flaws: Flaws) {
    this.capabilities = { ...inner.capabilities, ...flaws.capabilities };
    this.#inner = inner;
    this.#flaws = flaws;
  }

  publish(
    messages: BrokerMessage | readonly BrokerMessage[],
    options?: BrokerPublishOptions,
  ): Promise<readonly PublishReceipt[]> {
    const { publish } = this.#flaws;
    return publish === undefined
      ? this.#inner.publish(messages, options)
      : publish(this.#inner, [messages].flat(), options);
  }

  subscribe(wanted: SubscribeOptions): BrokerSubscription {
    const { options = (same) => same, subscribe, deliver, closeSubscription } = this.#flaws;
    const given = options(wanted);
    const subscription = subscribe === undefined ? this.#inner.subscribe(given) : subscribe(this.#inner, given);
    if (deliver === undefined && closeSubscription === undefined) return subscription;
    return alteredSubscription(subscription, {
      ...(deliver !== undefined && { deliver: (delivery) => deliver(delivery, given) }),
      ...(closeSubscription !== undefined && { close: () => closeSubscription(subscription) }),
    });
  }

  get states(): Observable<BrokerState> {
    const { states = ({ states: same }) => same } = this.#flaws;
    return states(this.#inner);
  }

  letterStore(name: string): BrokerLetterStore {
    const { letterStore = (inner) => inner.letterStore(name) } = this.#flaws;
    return letterStore(this.#inner, name);
  }

  stats(): BrokerStats {
    const { stats = (inner) => inner.stats() } = this.#flaws;
    return stats(this.#inner);
  }

  close(): Promise<void> {
    const { close = (inner) => inner.close() } = this.#flaws;
    return close(this.#inner);
  }

  [Symbol.asyncDispose](): Promise<void> {
    const { dispose = () => this.close() } = this.#flaws;
    return dispose(this.#inner);
  }
}

/** What is different in a subscription. */
export interface SubscriptionChanges {
  readonly ready?: Promise<void>;
  readonly deliver?: (delivery: BrokerDelivery) => readonly BrokerDelivery[];
  readonly close?: () => Promise<void>;
  readonly dispose?: () => Promise<void>;
}

/** A subscription with changes. */
export function alteredSubscription(
  inner: BrokerSubscription,
  {
    ready = inner.ready,
    deliver = (delivery) => [delivery],
    close = () => inner.close(),
    dispose = close,
  }: SubscriptionChanges,
): BrokerSubscription {
  return {
    ready,
    close,
    [Symbol.asyncDispose]: dispose,
    [Symbol.asyncIterator]: () => alteredLoop(inner[Symbol.asyncIterator](), deliver),
  };
}

function alteredLoop(
  loop: AsyncIterableIterator<BrokerDelivery, undefined>,
  deliver: (delivery: BrokerDelivery) => readonly BrokerDelivery[],
): AsyncIterableIterator<BrokerDelivery, undefined> {
  const buffer: BrokerDelivery[] = [];
  const iterator: AsyncIterableIterator<BrokerDelivery, undefined> = {
    next: async () => {
      while (buffer.length === 0) {
        const { done, value } = await loop.next();
        if (done === true) return { value: undefined, done };
        buffer.push(...deliver(value));
      }
      return { value: buffer.shift()!, done: false };
    },
    return: async () => (await loop.return?.()) ?? { value: undefined, done: true },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

/** A delivery with changes. */
export function altered(delivery: BrokerDelivery, changes: Partial<BrokerDelivery>): BrokerDelivery {
  return {
    message: delivery.message,
    deliveryCount: delivery.deliveryCount,
    ...(delivery.sequence !== undefined && { sequence: delivery.sequence }),
    get isOver() {
      return delivery.isOver;
    },
    get signal() {
      return changes.signal ?? delivery.signal;
    },
    ack: (options) => delivery.ack(options),
    nack: (options) => delivery.nack(options),
    extend: () => delivery.extend(),
    ...without(changes, 'signal'),
  };
}

/** A delivery with a message that is not quite what was published. */
export function withMessage(delivery: BrokerDelivery, changes: Partial<BrokerMessage>): readonly BrokerDelivery[] {
  return [altered(delivery, { message: { ...delivery.message, ...changes } })];
}

/** Never resolves. */
export function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

/** A copy that lacks one part. */
export function without<Part extends object, Name extends keyof Part>(part: Part, name: Name): Omit<Part, Name> {
  const { [name]: _, ...rest } = part;
  return rest;
}
