import amqplib from 'amqplib';
import type { OutsideView } from '../rig.ts';
import type { ServerKind } from './server-rig.ts';

/** RabbitMQ, and a queue beside those of the groups that nobody but `amqplib` knows. */
export const rabbitmq: ServerKind = {
  kind: 'rabbitmq',
  title: 'RabbitMQ',
  service: 'rabbitmq',
  // Two heartbeats are missed.
  sessionTimeoutMs: 2_000,
  // Killed sooner, it has quorum queues that nobody leads any more: what it knows of a new one is half a second in memory alone.
  settleMs: 2_000,
  watch,
};

async function watch(url: string, topic: string): Promise<OutsideView> {
  const queue = `outside.${topic}`;
  await withChannel(url, async (channel) => {
    await channel.assertExchange('millrace', 'topic');
    await channel.assertQueue(queue, { arguments: { 'x-queue-type': 'quorum' } });
    await channel.bindQueue(queue, 'millrace', topic);
  });
  return {
    bodies: () =>
      withChannel(url, async (channel) => {
        const bodies: string[] = [];
        for (let got = await channel.get(queue); got !== false; got = await channel.get(queue)) {
          bodies.push(got.content.toString());
          channel.ack(got);
        }
        return bodies;
      }),
    close: async () => undefined,
  };
}

async function withChannel<Value>(url: string, use: (channel: amqplib.Channel) => Promise<Value>): Promise<Value> {
  const connection = await amqplib.connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  try {
    return await use(channel);
  } finally {
    await channel.close();
    await connection.close();
  }
}
