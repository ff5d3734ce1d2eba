import { asyncScheduler } from 'rxjs';
import { type Loss, RestartableServer } from '../../support/restartable-broker.ts';
import type { BrokerRig, Network } from '../rig.ts';

/** The seams' own proof: a server in this process that can be stopped, and that loses what it is told to. */
export async function memoryRig(loss: Loss = 'nothing'): Promise<BrokerRig> {
  const server = new RestartableServer(asyncScheduler, loss);
  const network: Network = {
    get dialled() {
      return server.dialled;
    },
    cut: () => void server.stop().then(() => server.start()),
    shut: () => void server.stop(),
    halfOpen: () => void server.stop(),
    restore: () => server.start(),
  };
  let views = 0;
  return {
    title: 'memoryBroker() that can be stopped',
    capabilities: server.open().capabilities,
    network,
    sessionTimeoutMs: 1_000,
    settleMs: 0,
    target: undefined,
    open: async () => server.open(),
    kill: () => server.stop(),
    start: async () => server.start(),
    async watch(topic) {
      const bodies: string[] = [];
      const broker = server.open();
      const subscription = broker.subscribe({ topics: topic, group: `outside-${++views}` });
      void (async () => {
        for await (const delivery of subscription) {
          bodies.push(new TextDecoder().decode(delivery.message.body));
          await delivery.ack().catch(() => undefined);
        }
      })();
      return { bodies: async () => bodies, close: () => broker.close() };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...server.clients].map((client) => client.close()));
    },
  };
}
