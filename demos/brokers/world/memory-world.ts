import { memoryBroker, memoryBrokerStore } from 'millrace';
import { groupOf } from '../services/service.ts';
import { services } from '../services/services.ts';
import type { BrokerWorld } from './broker-world.ts';
import { LifeInProcess } from './life-in-process.ts';

/** A broker in memory ends with its process: so everything is in this one, and who is killed is abandoned. */
export function openMemoryWorld(run: string): BrokerWorld {
  const store = memoryBrokerStore();
  const broker = memoryBroker({ store });
  return {
    where: 'in memory, in this process: it ends with it',
    begin: (service, settings, onReport) =>
      new LifeInProcess(memoryBroker({ store, name: service }), onReport, (host) => services[service](host, settings)),
    events: async () => store.stats().stored,
    unsettled: async () =>
      store.stats().groups.reduce((sum, { waiting, inFlight, delayed }) => sum + waiting + inFlight + delayed, 0),
    letters: (service) => broker.letterStore(groupOf(run, service)),
    [Symbol.asyncDispose]: async () => broker.close(),
  };
}
