import {
  type BrokerCapabilities,
  type BrokeredOnOptions,
  createBrokeredBus,
  InvalidOptionError,
  memoryBroker,
  memoryBrokerStore,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { changedBroker, lesserBroker } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';
import { settled } from '../../support/virtual-clock.ts';

const handle = (): undefined => undefined;

function sorted(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((one, other) => one - other);
}

describe('a brokered bus', () => {
  it('is not made with a broker that was not awaited', async () => {
    await using broker = memoryBroker();
    // @ts-expect-error it does not compile
    const make = (): unknown => createBrokeredBus(Promise.resolve(broker), { group: 'g' });
    expect(make).toThrow('got a promise. Await it first.');
  });

  it.each([
    ['no group', {}, 'group'],
    ['a group with a space', { group: 'my group' }, 'group'],
    ['a group with a dot', { group: 'a.b' }, 'group'],
    ['a group that is not told from its handlers', { group: 'a--b' }, `'--'`],
    ['a group that is not told from its handlers, either', { group: 'a-' }, `'--'`],
    ['an empty source', { group: 'g', source: '' }, 'source'],
    ['ids of no function', { group: 'g', createId: 'x' }, 'createId'],
    ['chance of no function', { group: 'g', random: 5 }, 'random'],
    ['a key of no function', { group: 'g', key: 'id' }, 'key'],
    ['a codec that is none', { group: 'g', codec: { contentType: 'a/b' } }, 'codec.encode'],
    ['no lease', { group: 'g', leaseMs: 0 }, 'leaseMs'],
    ['no deliveries', { group: 'g', maxDeliveries: 0 }, 'maxDeliveries'],
    ['a group for options', 'g', 'options'],
    ['no options', undefined, 'group'],
  ])('is not made with %s', async (_, options, said) => {
    await using broker = memoryBroker();
    // @ts-expect-error none of them compiles
    const make = (): unknown => createBrokeredBus(broker, options);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(said);
  });

  it.each([undefined, null, 5, {}])('is not made without a broker: %s', (broker) => {
    // @ts-expect-error none of them compiles
    expect(() => createBrokeredBus(broker, { group: 'g' })).toThrow('memoryBroker()');
  });

  it('has a durable consumer for each handler, which goes on where it was', async () => {
    const store = memoryBrokerStore();
    const seen: number[] = [];
    await using broker = memoryBroker({ store });
    for (const first of [1, 3]) {
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
      await bus.publish(Tick, first);
      await settled();
      await bus.drain();
      await using other = createBrokeredBus(broker, { group: 'other' });
      await other.publish(Tick, first + 1);
    }
    expect(seen).toStrictEqual([1, 2, 3]);
    expect(store.stats().groups).toMatchObject([{ name: 'g--count', waiting: 1 }]);
  });

  it('shares the events of one name among the buses of a group, and gives each other name, and group, all', async () => {
    const store = memoryBrokerStore();
    const seen: Record<string, number[]> = { shared: [], named: [], grouped: [] };
    await using broker = memoryBroker({ store });
    await using one = createBrokeredBus(broker, { group: 'g' });
    await using two = createBrokeredBus(broker, { group: 'g' });
    await using three = createBrokeredBus(broker, { group: 'h' });
    for (const bus of [one, two]) {
      bus.on(Tick, ({ data }) => void seen['shared']!.push(data), { name: 'count', capacity: 0 });
    }
    two.on(Tick, ({ data }) => void seen['named']!.push(data), { name: 'mail' });
    three.on(Tick, ({ data }) => void seen['grouped']!.push(data), { name: 'count' });
    for (const data of [1, 2, 3, 4]) await one.publish(Tick, data);
    await settled();
    for (const all of Object.values(seen)) expect(sorted(all)).toStrictEqual([1, 2, 3, 4]);
    expect(
      store
        .stats()
        .groups.map(({ name }) => name)
        .toSorted(),
    ).toStrictEqual(['g--count', 'g--mail', 'h--count']);
  });

  it('begins where it is told, by the bus or by the handler', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g', from: 'earliest' });
    const seen: string[] = [];
    for (const data of [1, 2, 3]) await bus.publish(Tick, data);
    const note = (name: string, options: BrokeredOnOptions<unknown>): void => {
      bus.on(Tick, ({ data }) => void seen.push(`${name} ${data}`), { name, ...options });
    };
    note('all', {});
    note('new', { from: 'new' });
    note('last', { from: { sequence: 3 } });
    await settled();
    expect(seen.toSorted()).toStrictEqual(['all 1', 'all 2', 'all 3', 'last 3']);
  });
});

describe('a handler', () => {
  const LACKING: readonly (readonly [string, Partial<BrokerCapabilities>, BrokeredOnOptions<unknown>])[] = [
    ['orderAcrossRedelivery', { orderAcrossRedelivery: false }, { key: () => 1 }],
    ['redelivery', { redelivery: false }, { redelivery: { maxDeliveries: 2, delayMs: 0 } }],
    ['delayedRedelivery', { delayedRedelivery: false }, { redelivery: { maxDeliveries: 2, delayMs: 5 } }],
    ['delayedRedelivery', { delayedRedelivery: false }, { redelivery: { maxDeliveries: 2, delayMs: () => 5 } }],
    ['atomicPublish', { atomicPublish: false }, { isTransactional: true }],
  ];

  it.each(LACKING)('is refused without the capability %s, by its name', async (capability, lacks, options) => {
    const store = memoryBrokerStore();
    await using broker = lesserBroker(memoryBroker({ store }), lacks);
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const on = (): unknown => bus.on(Tick, handle, { name: 'count', ...options });
    expect(on).toThrow(InvalidOptionError);
    expect(on).toThrow(`'${capability}'`);
    expect(store.stats().groups).toStrictEqual([]);
  });

  it('may do without what it does not use', async () => {
    const { capabilities } = memoryBroker();
    const none = Object.fromEntries(
      Object.entries(capabilities).map(([name, level]) => [name, level === true ? false : level]),
    );
    const seen: unknown[] = [];
    await using broker = changedBroker(memoryBroker(), {
      capabilities: { ...capabilities, ...none, lease: 'none' },
      subscribe: (options) => {
        seen.push(options);
        return memoryBroker().subscribe(options);
      },
    });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    bus.on(Tick, handle, { name: 'count', concurrency: 3, capacity: 4 });
    expect(seen).toStrictEqual([
      { topics: ['tick'], group: 'g--count', consumer: 'count', maxInFlight: 7, from: 'new' },
    ]);
  });

  it.each([
    ['without a name', {}, 'got none'],
    ['with a name of other letters', { name: 'welcome mail' }, 'the name of a handler'],
    ['with an empty name', { name: '' }, 'the name of a handler'],
    ['with an overflow', { name: 'count', overflow: 'drop-oldest' }, 'overflow'],
    ['with an overflow', { name: 'count', overflow: 'fail' }, 'overflow'],
    ['without a bound', { name: 'count', capacity: Infinity }, 'capacity'],
    ['with no slot', { name: 'count', concurrency: 0 }, 'concurrency'],
    ['with one delivery at most', { name: 'count', redelivery: { maxDeliveries: 1 } }, 'redelivery.maxDeliveries'],
    ['with a redelivery of nothing', { name: 'count', redelivery: {} }, 'redelivery.maxDeliveries'],
    ['with a redelivery that is a number', { name: 'count', redelivery: 3 }, 'redelivery'],
    ['with a retry that is a number', { name: 'count', retry: 3 }, 'retry'],
    ['with a retry that asks nobody', { name: 'count', retry: { retryIf: true } }, 'retry.retryIf'],
    ['with a transaction over a batch', { name: 'count', isTransactional: true, batch: { maxSize: 2 } }, 'batch'],
    ['from nowhere', { name: 'count', from: 'latest' }, 'from'],
  ])('is refused %s', async (_, options, said) => {
    const store = memoryBrokerStore();
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const on = (): unknown => bus.on(Tick, handle, options as BrokeredOnOptions<unknown>);
    expect(on).toThrow(InvalidOptionError);
    expect(on).toThrow(said);
    expect(store.stats().groups).toStrictEqual([]);
    expect(bus.stats().handlers).toStrictEqual([]);
  });

  it('is refused if it is none, and if its name is taken, and nothing is left open', async () => {
    const store = memoryBrokerStore();
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    // @ts-expect-error no handler
    expect(() => bus.on(Tick, undefined, { name: 'count' })).toThrow(
      expect.objectContaining({ code: 'INVALID_HANDLER' }),
    );
    expect(store.stats().groups).toStrictEqual([]);
    bus.on(Tick, handle, { name: 'count' });
    expect(() => bus.on(Tick, handle, { name: 'count' })).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_HANDLER' }),
    );
    await bus.drain();
    expect(store.deleteGroup('g--count')).toBe(true);
  });

  it('may be refused by its broker, and its name is free then', async () => {
    const store = memoryBrokerStore();
    await using broker = memoryBroker({ store });
    await using bus = createBrokeredBus(broker, { group: 'g' });
    broker.subscribe({ topics: 'other', group: 'g--count' });
    expect(() => bus.on(Tick, handle, { name: 'count' })).toThrow('to subscribe to the topics that it has');
    expect(bus.stats().handlers).toStrictEqual([]);
    bus.on(Tick, handle, { name: 'other' });
  });

  it('may be an object, of one event, several, or a pattern', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: string[] = [];
    for (const [name, source] of Object.entries({ one: Tick, several: [Tick], pattern: '>' })) {
      bus.on(source as typeof Tick, { handle: ({ type }) => seen.push(`${name} ${type}`) }, { name });
    }
    await bus.publish(Tick, 1);
    await settled();
    expect(seen.toSorted()).toStrictEqual(['one tick', 'pattern tick', 'several tick']);
  });
});
