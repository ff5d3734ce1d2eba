import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { groupOf } from '../services/service.ts';
import type { ServerView } from '../../shared/server-view.ts';

/** Looks at a run's stream and its consumers. */
export async function openNatsView(url: string, run: string): Promise<ServerView> {
  const connection = await connect({ servers: url });
  const { streams, consumers } = await jetstreamManager(connection);
  return {
    async events() {
      return (await streams.info(run)).state.messages;
    },
    async unsettled() {
      const all = await consumers.list(run).next();
      return all.reduce((sum, { num_pending: waiting, num_ack_pending: inFlight }) => sum + waiting + inFlight, 0);
    },
    async remove() {
      const names = await streams.names().next();
      const own = names.filter((name) => name === run || name === `millrace-letters-${groupOf(run, 'mail')}@${run}`);
      for (const name of own) await streams.delete(name);
    },
    [Symbol.asyncDispose]: async () => connection.close(),
  };
}
