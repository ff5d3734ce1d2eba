import { type AckOptions, type Broker, type BrokerDelivery, type BrokerMessage, InvalidOptionError } from 'millrace';
import { altered, type Flaws } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

/** Acknowledges in its own way, with a client that can publish. */
function acknowledging(
  ack: (delivery: BrokerDelivery, publish: readonly BrokerMessage[], broker: Broker) => Promise<void>,
): Flaws {
  let broker: Broker;
  return {
    subscribe: (inner, options) => {
      broker ??= inner;
      return inner.subscribe(options);
    },
    deliver: (delivery) => [
      altered(delivery, { ack: ({ publish = [] }: AckOptions = {}) => ack(delivery, publish, broker) }),
    ],
  };
}

const HAS_NOT = 'refuses to keep letters, or to publish with an acknowledgement, where it declares that it cannot';

export const atomicPublishDefects: readonly Defect[] = [
  {
    defect: 'keeps letters that it does not declare to keep',
    found: HAS_NOT,
    message:
      "Expected letterStore() without the capability 'letterStores' to be refused with InvalidOptionError, got no error.",
    make: flawed(() => ({ capabilities: { letterStores: false } })),
  },
  {
    defect: 'acknowledges, and forgets what it cannot publish with it',
    found: HAS_NOT,
    message:
      "Expected ack({ publish }) without the capability 'atomicPublish' to be refused with InvalidOptionError, got no error.",
    make: flawed(() => ({
      capabilities: { atomicPublish: false },
      deliver: (delivery) => [altered(delivery, { ack: () => delivery.ack() })],
    })),
  },
  {
    defect: 'acknowledges what it refuses to acknowledge',
    found: HAS_NOT,
    message: 'Expected whether the signal of the delivery is aborted then to be false, got true.',
    make: flawed(() => ({
      capabilities: { atomicPublish: false },
      ...acknowledging(async (delivery, publish) => {
        await delivery.ack();
        if (publish.length > 0) throw new InvalidOptionError('Expected no messages.');
      }),
    })),
  },
  {
    defect: 'publishes the first message of an acknowledgement',
    found: 'publishes what an acknowledgement carries',
    message: /^Within 2000 ms, expected all of 20 messages to be delivered, got 10 \(/,
    make: flawed(() => acknowledging((delivery, publish) => delivery.ack({ publish: publish.slice(0, 1) }))),
  },
  {
    defect: 'publishes with every call of ack',
    found: 'publishes with the first settlement alone, and only if it acknowledges',
    message:
      /^Expected only the 2 messages that were meant for it, got 'contract-\S+-out2' of topic 'contract-\S+\.output', too\.$/,
    make: flawed(() =>
      acknowledging(async (delivery, publish, broker) => {
        await broker.publish(publish);
        await delivery.ack();
      }),
    ),
  },
  {
    defect: 'publishes before it acknowledges, whatever comes of that',
    found: 'publishes nothing with the acknowledgement of what it has taken back',
    message:
      /^Expected only the 1 messages that were meant for it, got 'contract-\S+-out1' of topic 'contract-\S+\.output', too\.$/,
    make: flawed(() =>
      acknowledging(async (delivery, publish, broker) => {
        await broker.publish(publish);
        await delivery.ack();
      }),
    ),
  },
  {
    defect: 'acknowledges before it publishes, whatever comes of that',
    found: 'leaves a delivery unsettled whose acknowledgement carries what cannot be sent',
    message: 'Expected whether the signal of the delivery is aborted then to be false, got true.',
    make: flawed(() =>
      acknowledging(async (delivery, publish, broker) => {
        await delivery.ack();
        await broker.publish(publish);
      }),
    ),
  },
];
