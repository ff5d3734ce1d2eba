import type { Broker } from '../broker/broker.ts';
import { ServerBroker } from '../broker/server-broker.ts';
import type { RabbitMqConnection } from './amqp.ts';
import { type Dial, dialer, firstConnection } from './dial.ts';
import { Link } from './link.ts';
import { checkedOptions, type CheckedOptions, type RabbitMqBrokerOptions } from './options.ts';
import { RabbitMqBody } from './rabbit-mq-body.ts';

/**
 * Connects to RabbitMQ 3.10 or newer. A group is a durable quorum queue, bound to its topics; a publish that resolves is confirmed by all queues that it was routed to,
 * and its receipt says whether there were any.
 *
 * `deliveryCount` counts what the server has sent to a process, also what was read ahead (up to `maxInFlight`) and went back unseen when the process ended. Delays are
 * kept by queues beside the group's own. A delivery that is unsettled for longer than the server's `consumer_timeout`, 30 minutes, is lost to its subscription.
 *
 * A server that is killed within a second after a group was first made may never find that queue again (seen with 3.10).
 *
 * @returns when it is connected; from then on it connects again by itself
 * @throws InvalidOptionError for an option that cannot work, or if `amqplib` is not installed; BrokerUnavailableError without a connection
 *
 * @example
 * ```ts
 * import { rabbitMqBroker } from 'millrace/rabbitmq';
 *
 * await using broker = await rabbitMqBroker({ connect: { url: 'amqp://app:secret@127.0.0.1:5672' } });
 * const mails = broker.subscribe({ topics: 'user.*', group: 'mail', maxInFlight: 8 });
 * await mails.ready;
 * const body = new TextEncoder().encode(JSON.stringify({ email: 'ada@example.com' }));
 * const [receipt] = await broker.publish({ id: 'e1', topic: 'user.signed_up', body, headers: {} });
 * console.log(receipt?.isRouted); // true
 * ```
 */
export async function rabbitMqBroker(options: RabbitMqBrokerOptions): Promise<Broker> {
  const checked = checkedOptions(options);
  if (checked.client !== undefined) return brokerOn(checked, checked.client, undefined);
  const dial = await dialer(checked);
  return brokerOn(checked, await firstConnection(dial, checked), dial);
}

function brokerOn(options: CheckedOptions, connection: RabbitMqConnection, dial: Dial | undefined): Broker {
  const link = new Link(connection, dial, options.scheduler);
  return new ServerBroker(options.name, new RabbitMqBody(link, options));
}
