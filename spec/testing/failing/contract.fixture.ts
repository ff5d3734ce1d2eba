import { type Broker, memoryBroker, memoryBrokerStore } from 'millrace';
import { brokerContract } from 'millrace/testing';
import { it } from 'vitest';

const store = memoryBrokerStore();

/** Confirms in the wrong order. */
function brokenBroker(): Broker {
  const broker = memoryBroker({ store });
  return Object.assign(Object.create(broker) as Broker, {
    publish: async (...call: Parameters<Broker['publish']>) => (await broker.publish(...call)).toReversed(),
    subscribe: broker.subscribe.bind(broker),
    close: broker.close.bind(broker),
  });
}

const cases = brokerContract(brokenBroker, { delivery: 'at-most-once' }, { scale: 0.02, createId: () => 'x' });
const confirms = cases.find(({ name }) => name.startsWith('confirms the messages'));
it('a contract case with a broken fake', async () => void (await confirms?.run()));
