import { type Channel, connect } from 'amqplib';
import { type RabbitMqRemains, removeRemains, sizeOf } from '../shared/rabbitmq-remains.ts';

/** The exchanges of a run, and what RabbitMQ says of it, asked with its own client. */
export interface Exchanges extends AsyncDisposable {
  /** Begins the names of all queues. */
  readonly prefix: string;
  /** Where alerts are published. */
  readonly topics: string;
  /** The one behind it, which routes by headers. */
  readonly headers: string;
  /** Puts the headers exchange behind the other one, and begins to count everything. */
  bindHeaders(): Promise<void>;
  /** How many strong quakes it has routed, */
  strong(): Promise<number>;
  /** and how many of all, since `bindHeaders`. */
  all(): Promise<number>;
  /** How many messages wait in these groups' queues. */
  waiting(groups: readonly string[]): Promise<number>;
  /** Removes all of it, and what brokers have made, when nobody uses it any more. */
  remove(made: Omit<RabbitMqRemains, 'prefix'>): Promise<void>;
}

/** Makes the exchange for alerts, with a queue of its own that keeps what is strong. */
export async function openExchanges(url: string, run: string): Promise<Exchanges> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const prefix = `${run}.`;
  const [topics, headers, strong, all] = [`${run}.topics`, `${run}.headers`, `${run}.tap-strong`, `${run}.tap-all`];
  await channel.assertExchange(topics, 'topic');
  await openTap(channel, strong, topics, 'quake.*.strong');
  return {
    prefix,
    topics,
    headers,
    async bindHeaders() {
      await channel.assertExchange(headers, 'headers');
      await channel.bindExchange(headers, topics, '#');
      await openTap(channel, all, topics, '#');
    },
    strong: async () => sizeOf(channel, strong),
    all: async () => sizeOf(channel, all),
    async waiting(groups) {
      const sizes = await Promise.all(groups.map(async (group) => sizeOf(channel, prefix + group)));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async remove(made) {
      await removeRemains(channel, { prefix, ...made });
      for (const queue of [strong, all]) await channel.deleteQueue(queue);
      for (const exchange of [headers, topics]) await channel.deleteExchange(exchange);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}

async function openTap(channel: Channel, queue: string, exchange: string, pattern: string): Promise<void> {
  await channel.assertQueue(queue);
  await channel.bindQueue(queue, exchange, pattern);
}
