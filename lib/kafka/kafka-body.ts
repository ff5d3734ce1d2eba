import type { Broker } from '../broker/broker.ts';
import type { BrokerBody, LiveSubscription } from '../broker/broker-body.ts';
import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from '../broker/broker-message.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { capabilitiesOf } from './capabilities.ts';
import { KafkaLetterStore } from './kafka-letter-store.ts';
import { KafkaSubscription } from './kafka-subscription.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import { Publisher } from './publisher.ts';
import type { Surroundings } from './subscription-surroundings.ts';
import { Topics } from './topics.ts';
import { expectKafkaTopic, type Outbound, toWire } from './wire.ts';

/** The parts of a broker of Kafka, put together. */
export class KafkaBody implements BrokerBody {
  readonly capabilities: BrokerCapabilities;
  readonly link: Link;
  readonly #options: CheckedOptions;
  readonly #around: Surroundings;
  readonly #working = new Set<Promise<unknown>>();

  constructor(link: Link, options: CheckedOptions) {
    this.capabilities = capabilitiesOf(options);
    this.link = link;
    this.#options = options;
    const topics = new Topics(link, options);
    this.#around = {
      link,
      topics,
      publisher: new Publisher(link, topics, options),
      options,
      outbound: (message) => outbound(message, options),
    };
  }

  get publishing(): number {
    return this.#around.publisher.size;
  }

  now(): number {
    return this.#options.scheduler.now();
  }

  async publish(
    messages: readonly BrokerMessage[],
    signal: AbortSignal | undefined,
  ): Promise<readonly PublishReceipt[]> {
    const { publisher, outbound: recordOf } = this.#around;
    return publisher.publish(messages.map(recordOf), signal);
  }

  subscribe(
    broker: Pick<Broker, 'capabilities' | 'name'>,
    options: CheckedSubscription,
    onClosed: (subscription: LiveSubscription) => void,
  ): LiveSubscription {
    for (const topic of options.topics) {
      if (!/[*>]/u.test(topic)) expectKafkaTopic('topics', topic, this.#options.prefix);
    }
    return new KafkaSubscription({ ...this.#around, broker }, options, onClosed);
  }

  letterStore(name: string): BrokerLetterStore {
    const store = new KafkaLetterStore(this.#around, name);
    return {
      add: async (letter) => this.#work(store.add(letter)),
      remove: async (id) => this.#work(store.remove(id)),
      check: async () => this.#work(store.check()),
      list: async () => this.#work(store.list()),
    };
  }

  async close(): Promise<void> {
    await this.#around.publisher.close();
    await Promise.allSettled(this.#working);
    await this.link.close();
  }

  /** Who closes waits for it. */
  async #work<Value>(promise: Promise<Value>): Promise<Value> {
    this.#working.add(promise);
    try {
      return await promise;
    } finally {
      this.#working.delete(promise);
    }
  }
}

function outbound(message: BrokerMessage, { prefix, maxMessageBytes }: CheckedOptions): Outbound {
  expectKafkaTopic('message.topic', message.topic, prefix);
  const record = toWire(message, prefix);
  if (record.size <= maxMessageBytes) return record;
  throw new InvalidOptionError(
    `Expected message '${message.id}' to be at most ${maxMessageBytes} bytes with its headers, got about ${record.size}. Put what is large elsewhere, or raise maxMessageBytes, and message.max.bytes of the server.`,
  );
}
