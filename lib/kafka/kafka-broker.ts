import type { Broker } from '../broker/broker.ts';
import { ServerBroker } from '../broker/server-broker.ts';
import { clientOf } from './dial.ts';
import { KafkaBody } from './kafka-body.ts';
import { Link } from './link.ts';
import { checkedOptions, type KafkaBrokerOptions } from './options.ts';

/**
 * Connects to Kafka 2.4 or newer. A group is a consumer group; a message's key is the record's, and chooses the partition as Kafka's own clients do. Messages of one key stay in order, also
 * when they are handed back: those behind wait in this process. What is acknowledged out of order is kept as a text beside the group's place, so that nobody repeats it.
 *
 * When partitions are dealt out again, deliveries of those that stay go on, and those of the others are lost to their subscription. A publish that resolves is with all replicas in sync. A message's
 * time is its record's timestamp, by which Kafka deletes old ones, too.
 *
 * @returns when it is connected; from then on it connects again by itself
 * @throws InvalidOptionError for an option that cannot work, or if `kafkajs` is not installed; BrokerUnavailableError without a connection
 *
 * @example
 * ```ts
 * import { kafkaBroker } from 'millrace/kafka';
 *
 * await using broker = await kafkaBroker({ connect: { brokers: '127.0.0.1:9092' } });
 * const mails = broker.subscribe({ topics: 'user.*', group: 'mail', maxInFlight: 8 });
 * await mails.ready;
 * const body = new TextEncoder().encode(JSON.stringify({ email: 'ada@example.com' }));
 * const [receipt] = await broker.publish({ id: 'e1', topic: 'user.signed_up', body, headers: {}, key: 'ada' });
 * console.log(receipt?.sequence); // its offset in the partition of the key 'ada'
 * ```
 */
export async function kafkaBroker(options: KafkaBrokerOptions): Promise<Broker> {
  const checked = checkedOptions(options);
  const link = await Link.open(await clientOf(checked), checked);
  return new ServerBroker(checked.name, new KafkaBody(link, checked));
}
