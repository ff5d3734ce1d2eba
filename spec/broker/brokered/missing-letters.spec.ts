import {
  type Broker,
  type BrokerLetterStore,
  BrokerUnavailableError,
  ClosedError,
  createBrokeredBus,
  memoryBroker,
  memoryBrokerStore,
  TopologyError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { changedBroker } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';

/** A broker whose letters cannot be kept, for this reason, or since it is closed. */
function withoutLetters(broker: Broker, error: Error): Broker {
  const fail = (): Promise<never> =>
    Promise.reject(broker.stats().state === 'closed' ? new ClosedError('broker') : error);
  const letters: BrokerLetterStore = { add: fail, remove: fail, check: fail, list: fail };
  return changedBroker(broker, { letterStore: () => letters });
}

const missing = new TopologyError(`Expected queue 'letters', got none.`);

describe('where dead letters should be kept, and nothing is', () => {
  it('says so when its handlers are to be ready', async () => {
    await using broker = memoryBroker();
    const bus = createBrokeredBus(withoutLetters(broker, missing), { group: 'g' });
    await bus.ready;
    bus.on(Tick, () => undefined, { name: 'count' });
    await expect(bus.ready).rejects.toBe(missing);
  });

  it('asks nothing of a broker that keeps none for it', async () => {
    await using broker = memoryBroker();
    await using memory = createBrokeredBus(broker, { group: 'memory' });
    const bus = createBrokeredBus(withoutLetters(broker, missing), { group: 'g', deadLetters: memory.deadLetters });
    bus.on(Tick, () => undefined, { name: 'count' });
    await bus.ready;
  });

  it('is ready all the same when its broker is away for a moment', async () => {
    await using broker = memoryBroker();
    const away = new BrokerUnavailableError('Expected a connection, got none.');
    const bus = createBrokeredBus(withoutLetters(broker, away), { group: 'g' });
    bus.on(Tick, () => undefined, { name: 'count' });
    await bus.ready;
  });

  it('tells who lists, redrives or discards, at once', async () => {
    await using broker = memoryBroker();
    for (const error of [missing, new ClosedError('broker')]) {
      const { deadLetters, errors } = createBrokeredBus(withoutLetters(broker, error), { group: 'g' });
      errors.subscribe();
      await expect(deadLetters.list()).rejects.toBe(error);
      await expect(deadLetters.redrive()).rejects.toBe(error);
      await expect(deadLetters.discard()).rejects.toBe(error);
    }
  });

  it(
    'leaves the dead event with the broker, whose next process buries it, and does not keep a drain',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      const fail = (): never => {
        throw new Error('broken');
      };
      {
        const broker = memoryBroker({ store });
        const bus = createBrokeredBus(withoutLetters(broker, missing), { group: 'g' });
        bus.errors.subscribe();
        bus.on(Tick, fail, { name: 'count' });
        await bus.publish(Tick, 7);
        const report = await bus.drain();
        expect(report).toMatchObject({ completed: false, handled: 0, dead: 0, abandoned: 1 });
        await broker.close();
      }
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, fail, { name: 'count' });
      await time.advance(60_000);
      expect(await bus.deadLetters.list()).toMatchObject([{ event: { data: 7 } }]);
    }),
  );
});
