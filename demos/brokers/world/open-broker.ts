import type { Broker } from 'millrace';
import type { ServerKind } from './kinds.ts';

/** Where the broker of a run is. */
export interface BrokerAddress {
  readonly kind: ServerKind;
  readonly url: string;
  /** Names what the run has on it. */
  readonly run: string;
}

/** Connects to a broker. All that services know of it is what this returns. */
export async function openBroker({ kind, url, run }: BrokerAddress): Promise<Broker> {
  return openers[kind](url, run);
}

/** Nothing of a broker is loaded that is not used. */
const openers: Readonly<Record<ServerKind, (url: string, run: string) => Promise<Broker>>> = {
  async nats(url, run) {
    const { jetStreamBroker } = await import('millrace/nats');
    return jetStreamBroker({ connect: { servers: url }, stream: { name: run }, subjectPrefix: `${run}.` });
  },
  async kafka(url, run) {
    const { kafkaBroker } = await import('millrace/kafka');
    return kafkaBroker({
      connect: { brokers: url },
      prefix: `${run}.`,
      topics: { partitions: 4 },
      // A killed process keeps its partitions for so long.
      sessionTimeoutMs: 3_000,
    });
  },
  async rabbitmq(url, run) {
    const { rabbitMqBroker } = await import('millrace/rabbitmq');
    return rabbitMqBroker({ connect: { url }, exchange: { name: run }, prefix: `${run}.` });
  },
};
