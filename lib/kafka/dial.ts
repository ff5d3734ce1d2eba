import { InvalidOptionError } from '../core/errors.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { CheckedOptions } from './options.ts';
import { connectSocket, type SocketFactory, wholeResponses } from './whole-responses.ts';

/** Who cannot connect is to say so soon: it is tried again from here. */
const RETRY = { retries: 2, initialRetryTime: 50, maxRetryTime: 500 };

/** The client; `kafkajs` is loaded only here: whoever brings one needs no second copy. */
export async function clientOf({ client, connect, name }: CheckedOptions): Promise<KafkaClient> {
  if (client !== undefined) return client;
  const { Kafka, logLevel } = await import('kafkajs').catch((cause: unknown) => {
    throw new InvalidOptionError(
      "Expected the package 'kafkajs' for connect, got none. Run 'npm install kafkajs', or give an instance of its Kafka as client.",
      'INVALID_OPTION',
      { cause },
    );
  });
  const { brokers, socketFactory = connectSocket, ...more } = connect!;
  // What it has to say is in errors, states and stats.
  const quiet = { clientId: name, requestTimeout: 10_000, logLevel: logLevel.NOTHING, retry: RETRY };
  return new Kafka({
    ...quiet,
    ...more,
    brokers: [...brokers],
    socketFactory: wholeResponses(socketFactory as SocketFactory),
  });
}
