import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { OutsideView } from '../rig.ts';
import type { ServerKind } from './server-rig.ts';

/** JetStream, whose stream keeps all that it was given: whoever looks on reads it in the end. */
export const jetStream: ServerKind = {
  kind: 'jetstream',
  title: 'JetStream',
  service: 'nats',
  // Leases are renewed: what takes longer than this is still its consumer's.
  sessionTimeoutMs: 2_000,
  watch,
};

async function watch(url: string, topic: string): Promise<OutsideView> {
  return {
    bodies: () => withConnection(url, async (connection) => readAll(connection, `events.${topic}`)),
    close: async () => undefined,
  };
}

async function readAll(connection: NatsConnection, subject: string): Promise<readonly string[]> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('events', { subjects_filter: subject });
  const count = state.subjects?.[subject] ?? 0;
  const bodies: string[] = [];
  const consumer = await jetstream(connection).consumers.get('events', { filter_subjects: subject });
  while (bodies.length < count) {
    for await (const message of await consumer.fetch({ max_messages: 500, expires: 2_000 })) {
      bodies.push(message.string());
      if (bodies.length === count) break;
    }
  }
  return bodies;
}

async function withConnection<Value>(url: string, use: (connection: NatsConnection) => Promise<Value>): Promise<Value> {
  const connection = await connect({ servers: url });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}
