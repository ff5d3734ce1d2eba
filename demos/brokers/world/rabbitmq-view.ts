import { connect } from 'amqplib';
import { removeRemains, sizeOf } from '../../shared/rabbitmq-remains.ts';
import type { ServerView } from '../../shared/server-view.ts';
import { groupOf } from '../services/service.ts';

/** Looks at a run's queues. A server does not count what has gone through them, so there is one more, which keeps everything. */
export async function openRabbitMqView(url: string, run: string): Promise<ServerView> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  const tap = `${run}.tap`;
  await channel.assertExchange(run, 'topic');
  await channel.assertQueue(tap);
  await channel.bindQueue(tap, run, '#');
  const prefix = `${run}.`;
  const groups = [`${groupOf(run, 'mail')}--welcome-mail`, `${groupOf(run, 'audit')}--audit-log`];
  return {
    events: async () => sizeOf(channel, tap),
    async unsettled() {
      const sizes = await Promise.all(groups.map(async (group) => sizeOf(channel, prefix + group)));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async remove() {
      await removeRemains(channel, { prefix, groups, letters: [groupOf(run, 'mail')] });
      await channel.deleteQueue(tap);
      await channel.deleteExchange(run);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}
