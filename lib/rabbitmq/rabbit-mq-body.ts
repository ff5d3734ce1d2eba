import type { Broker } from '../broker/broker.ts';
import type { BrokerBody, LiveSubscription } from '../broker/broker-body.ts';
import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from '../broker/broker-message.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { capabilitiesOf } from './capabilities.ts';
import { DelayQueues } from './delay-queues.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import { Publisher } from './publisher.ts';
import { RabbitMqLetterStore } from './rabbit-mq-letter-store.ts';
import { RabbitMqSubscription } from './rabbit-mq-subscription.ts';
import type { Surroundings } from './subscription-surroundings.ts';
import { Topology } from './topology.ts';
import { toWire } from './wire.ts';

/** The parts of a broker of RabbitMQ, put together. */
export class RabbitMqBody implements BrokerBody {
  readonly capabilities: BrokerCapabilities;
  readonly link: Link;
  readonly #options: CheckedOptions;
  readonly #topology: Topology;
  readonly #publisher: Publisher;
  readonly #around: Surroundings;
  readonly #letterStores = new Map<string, RabbitMqLetterStore>();

  constructor(link: Link, options: CheckedOptions) {
    this.capabilities = capabilitiesOf(options);
    this.link = link;
    this.#options = options;
    this.#topology = new Topology(options);
    this.#publisher = new Publisher(link, this.#topology, options);
    this.#around = {
      link,
      topology: this.#topology,
      publisher: this.#publisher,
      delayQueues: new DelayQueues(link, this.#topology),
      options,
    };
  }

  get publishing(): number {
    return this.#publisher.size;
  }

  now(): number {
    return this.#options.scheduler.now();
  }

  async publish(
    messages: readonly BrokerMessage[],
    signal: AbortSignal | undefined,
  ): Promise<readonly PublishReceipt[]> {
    return this.#publisher.publish(messages.map(toWire), this.#topology.exchange, signal);
  }

  subscribe(
    broker: Pick<Broker, 'capabilities' | 'name'>,
    options: CheckedSubscription,
    onClosed: (subscription: LiveSubscription) => void,
  ): LiveSubscription {
    this.#topology.expectPossible(options);
    return new RabbitMqSubscription({ ...this.#around, broker }, options, onClosed);
  }

  letterStore(name: string): BrokerLetterStore {
    const store = this.#letterStores.get(name) ?? new RabbitMqLetterStore(this.#around, name);
    this.#letterStores.set(name, store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#letterStores.values(), async (store) => store.settled()));
    await this.#publisher.close();
    await this.link.close();
  }
}
