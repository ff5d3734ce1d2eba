import { connect } from '@nats-io/transport-node';
import type { OutsideView } from '../rig.ts';
import type { ServerKind } from './server-rig.ts';

/** Core NATS, which keeps nothing: whoever looks on has to listen. */
export const nats: ServerKind = {
  kind: 'nats',
  title: 'Core NATS',
  service: 'nats',
  sessionTimeoutMs: 2_000,
  watch,
};

async function watch(url: string, topic: string): Promise<OutsideView> {
  const connection = await connect({ servers: url });
  const bodies: string[] = [];
  connection.subscribe(topic, { callback: (_, message) => void bodies.push(message.string()) });
  await connection.flush();
  return {
    async bodies() {
      await connection.flush();
      return bodies;
    },
    close: () => connection.close(),
  };
}
