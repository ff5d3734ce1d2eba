import {
  type Broker,
  ClosedError,
  memoryBroker,
  memoryBrokerStore,
  type MemoryBrokerStoreOptions,
  OverflowError,
} from 'millrace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keep, messageOf, messagesOf, shown } from '../support/broker-messages.ts';
import { CountingScheduler } from '../support/stepped-clock.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

// What every broker does is in its contract; here is what this one does beyond it.

/** How each promise has ended so far. */
function watch(promises: Readonly<Record<string, Promise<unknown>>>): string[] {
  const ended: string[] = [];
  for (const [name, promise] of Object.entries(promises)) {
    promise.then(
      () => ended.push(`${name} confirmed`),
      (error: Error) => ended.push(`${name} ${error.name}`),
    );
  }
  return ended;
}

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

function brokerWith(options: MemoryBrokerStoreOptions = {}): {
  broker: Broker;
  store: ReturnType<typeof memoryBrokerStore>;
} {
  const store = memoryBrokerStore({ scheduler: clock, ...options });
  return { broker: memoryBroker({ store }), store };
}

describe('a memory broker whose groups have not settled as much as it may hold', () => {
  it('lets publishers wait for room, first in, first out', async () => {
    const { broker, store } = brokerWith({ capacity: 2 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 10 }));
    const ended = watch({
      ab: broker.publish(messagesOf('ab')),
      cd: broker.publish(messagesOf('cd')),
      e: broker.publish(messageOf('e')),
    });
    await settled();
    expect({ ended, kept: shown(kept) }).toEqual({ ended: ['ab confirmed'], kept: 'a b' });
    expect(store.stats()).toMatchObject({ unsettled: 2, suspended: 2 });
    expect(broker.stats().publishing).toBe(3);
    await kept[0]!.ack();
    await settled();
    // Half of a call is in: the call itself is not.
    expect({ ended, kept: shown(kept) }).toEqual({ ended: ['ab confirmed'], kept: 'a b c' });
    expect(broker.stats().publishing).toBe(2);
    await Promise.all([kept[1]!.ack(), kept[2]!.ack()]);
    await settled();
    expect({ ended, kept: shown(kept) }).toEqual({
      ended: ['ab confirmed', 'cd confirmed', 'e confirmed'],
      kept: 'a b c d e',
    });
    expect(store.stats()).toMatchObject({ unsettled: 2, suspended: 0 });
    expect(broker.stats().publishing).toBe(0);
  });

  it('answers each call with receipts of its own, however often it had to wait', async () => {
    const { broker } = brokerWith({ capacity: 1 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 9 }));
    const publishing = broker.publish(messagesOf('abc'));
    for (const index of [0, 1]) {
      await settled();
      await kept[index]!.ack();
    }
    expect(await publishing).toEqual([
      { id: 'a', isDuplicate: false, isRouted: true, sequence: 1 },
      { id: 'b', isDuplicate: false, isRouted: true, sequence: 2 },
      { id: 'c', isDuplicate: false, isRouted: true, sequence: 3 },
    ]);
  });

  it('listens to no signal of a publisher that has its answer', async () => {
    const { broker } = brokerWith({ capacity: 1 });
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await broker.publish(messageOf('a'), { signal });
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls[0]?.slice(0, 2)).toEqual(added.mock.calls[0]?.slice(0, 2));
  });

  it('forgets a publisher that gives up, and lets those behind it go', async () => {
    const { broker, store } = brokerWith({ capacity: 1 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 10 }));
    const controller = new AbortController();
    const ended = watch({
      a: broker.publish(messageOf('a')),
      b: broker.publish(messageOf('b'), { signal: controller.signal }),
      c: broker.publish(messageOf('c', { topic: 'nobody.wants.it' })),
    });
    await settled();
    expect(ended).toEqual(['a confirmed']);
    controller.abort(new RangeError('too late'));
    await settled();
    expect(ended).toEqual(['a confirmed', 'b RangeError', 'c confirmed']);
    await kept[0]!.ack();
    await settled();
    expect(shown(kept)).toBe('a');
    expect(store.stats()).toMatchObject({ unsettled: 0, suspended: 0, stored: 2 });
  });

  it('refuses publishers that wait when it closes, and those of no other client', async () => {
    const { broker, store } = brokerWith({ capacity: 1 });
    const other = memoryBroker({ store });
    const kept = keep(other.subscribe({ topics: 'orders', group: 'g', maxInFlight: 10 }));
    const ended = watch({
      a: broker.publish(messageOf('a')),
      b: broker.publish(messageOf('b')),
      c: other.publish(messageOf('c')),
    });
    await broker.close();
    await settled();
    expect(ended).toEqual(['a confirmed', 'b ClosedError']);
    await kept[0]!.ack();
    await settled();
    expect({ ended, kept: shown(kept) }).toEqual({
      ended: ['a confirmed', 'b ClosedError', 'c confirmed'],
      kept: 'a c',
    });
  });

  it('refuses them with overflow fail, and says how to get room', async () => {
    const { broker, store } = brokerWith({ capacity: 1, overflow: 'fail' });
    broker.subscribe({ topics: 'orders', group: 'g' });
    await broker.publish(messageOf('a'));
    await expect(broker.publish(messageOf('b'))).rejects.toThrow(
      new OverflowError('the memory broker', `Raise capacity, settle faster, or choose overflow: 'suspend'.`),
    );
    // What nobody waits for needs no room.
    await broker.publish(messageOf('c', { topic: 'nobody.wants.it' }));
    expect(store.stats()).toMatchObject({ unsettled: 1, suspended: 0 });
  });

  it('gives up the oldest of the group in which most waits with overflow drop-oldest', async () => {
    const { broker, store } = brokerWith({ capacity: 3, overflow: 'drop-oldest' });
    broker.subscribe({ topics: 'orders', group: 'stalled' });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'slow', maxInFlight: 1 }));
    await broker.publish(messagesOf('abcde'));
    await settled();
    for (let index = 0; index < 5; index++) {
      await kept[index]?.ack();
      await settled();
    }
    expect(broker.capabilities.delivery).toBe('at-most-once');
    // `a` is in the hands of one group: of the other it goes, but it keeps its room.
    expect(shown(kept)).toBe('a d e');
    const late = keep(memoryBroker({ store }).subscribe({ topics: 'orders', group: 'stalled', maxInFlight: 10 }));
    await settled();
    expect({ late: shown(late), dropped: store.stats().dropped }).toEqual({ late: 'd e', dropped: 5 });
  });

  it('lets publishers wait when there is nothing to drop that is not in hands', async () => {
    const { broker, store } = brokerWith({ capacity: 1, overflow: 'drop-oldest' });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 5 }));
    const ended = watch({ a: broker.publish(messageOf('a')), b: broker.publish(messageOf('b')) });
    await settled();
    expect({ ended, suspended: store.stats().suspended }).toEqual({ ended: ['a confirmed'], suspended: 1 });
    await kept[0]!.ack();
    await settled();
    expect(ended).toEqual(['a confirmed', 'b confirmed']);
  });
});

describe('the history of a memory broker', () => {
  it('is bounded: what was settled first goes first', async () => {
    const { broker, store } = brokerWith({ historySize: 2 });
    await broker.publish(messagesOf('abcd'));
    expect(store.stats()).toMatchObject({ stored: 2, unsettled: 0 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', from: 'earliest', maxInFlight: 9 }));
    await settled();
    expect(shown(kept)).toBe('c d');
  });

  it('is beyond what is unsettled, and takes it in when it is settled', async () => {
    const { broker, store } = brokerWith({ historySize: 1 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 9 }));
    await broker.publish(messagesOf('abc'));
    await settled();
    expect(store.stats()).toMatchObject({ stored: 3, unsettled: 3 });
    for (const delivery of kept) await delivery.ack();
    expect(store.stats()).toMatchObject({ stored: 1, unsettled: 0 });
  });

  it('is not lost while a later group works on it', async () => {
    const { broker, store } = brokerWith({ historySize: 2 });
    await broker.publish(messagesOf('ab'));
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', from: 'earliest', maxInFlight: 9 }));
    await broker.publish(messagesOf('xyz', { topic: 'others' }));
    await settled();
    expect(store.stats()).toMatchObject({ stored: 4, unsettled: 2 });
    expect(shown(kept)).toBe('a b');
    const later = keep(broker.subscribe({ topics: '>', group: 'later', from: 'earliest', maxInFlight: 9 }));
    await settled();
    expect(shown(later)).toBe('a b y z');
    for (const delivery of [...kept, ...later]) await delivery.ack();
    expect(store.stats()).toMatchObject({ stored: 2, unsettled: 0 });
  });

  it('begins with the very moment that a group asks for', async () => {
    const { broker } = brokerWith();
    for (const message of messagesOf('abc')) {
      await broker.publish(message);
      await clock.advance(10);
    }
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', from: { time: 10 }, maxInFlight: 9 }));
    await settled();
    expect(shown(kept)).toBe('b c');
  });
});

describe('de-duplication in memory', () => {
  it('lasts as long as its window', async () => {
    const { broker } = brokerWith({ deduplicationWindowMs: 1_000 });
    const publish = async (): Promise<boolean> => (await broker.publish(messageOf('a')))[0]!.isDuplicate;
    expect(await publish()).toBe(false);
    await clock.advance(999);
    expect(await publish()).toBe(true);
    await clock.advance(1);
    expect(await publish()).toBe(false);
  });

  it('takes no room and does not wait', async () => {
    const { broker } = brokerWith({ capacity: 1 });
    broker.subscribe({ topics: 'orders', group: 'g' });
    await broker.publish(messageOf('a'));
    expect(await broker.publish(messageOf('a'))).toEqual([{ id: 'a', isDuplicate: true, isRouted: true }]);
  });

  it('forgets what never found room', async () => {
    const { broker } = brokerWith({ capacity: 1 });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g' }));
    await broker.publish(messageOf('a'));
    const abandoned = broker.publish(messageOf('b'), { signal: AbortSignal.timeout(0) });
    await expect(abandoned).rejects.toThrow('timeout');
    await settled();
    await kept[0]!.ack();
    expect(await broker.publish(messageOf('b'))).toMatchObject([{ id: 'b', isDuplicate: false }]);
  });
});

describe('a receipt', () => {
  it('says where a message is, and whether anybody will get it', async () => {
    const { broker } = brokerWith({ historySize: 0 });
    broker.subscribe({ topics: 'orders', group: 'g' });
    expect(await broker.publish([messageOf('a'), messageOf('b', { topic: 'others' })])).toEqual([
      { id: 'a', isDuplicate: false, isRouted: true, sequence: 1 },
      { id: 'b', isDuplicate: false, isRouted: false, sequence: 2 },
    ]);
  });
});

describe('a group in memory', () => {
  it('keeps the order of a key over its topics', async () => {
    const { broker } = brokerWith();
    const kept = keep(broker.subscribe({ topics: ['users', 'orders'], group: 'g', maxInFlight: 9 }));
    await broker.publish([
      messageOf('a', { key: 'ada', topic: 'users' }),
      messageOf('b', { key: 'ada' }),
      messageOf('c', { key: 'bob' }),
      messageOf('d'),
    ]);
    await settled();
    expect(shown(kept)).toBe('a c d');
    await kept[0]!.ack();
    await settled();
    expect(shown(kept)).toBe('a c d b');
  });

  it('keeps its topics', () => {
    const { broker } = brokerWith();
    broker.subscribe({ topics: ['users', 'orders'], group: 'g' });
    expect(() => broker.subscribe({ topics: ['orders', 'users'], group: 'g' })).not.toThrow();
    expect(() => broker.subscribe({ topics: 'orders', group: 'g' })).toThrow(
      "Expected group 'g' to subscribe to the topics that it has, 'users', 'orders', got 'orders'. Choose another group, or delete this one first.",
    );
  });

  it('is there until it is deleted, which makes room', async () => {
    const { broker, store } = brokerWith({ capacity: 2 });
    const subscription = broker.subscribe({ topics: 'orders', group: 'gone' });
    const kept = keep(subscription);
    await broker.publish(messagesOf('ab'));
    const ended = watch({ c: broker.publish(messageOf('c')) });
    await settled();
    expect(store.deleteGroup('gone')).toBe(false);
    await kept[0]!.nack({ delayMs: 5 });
    await subscription.close();
    expect({ ended, stats: store.stats().groups }).toEqual({
      ended: [],
      stats: [{ name: 'gone', waiting: 1, inFlight: 0, delayed: 1 }],
    });
    expect(store.deleteGroup('gone')).toBe(true);
    expect(store.deleteGroup('gone')).toBe(false);
    await settled();
    expect(ended).toEqual(['c confirmed']);
    expect(store.stats()).toMatchObject({ unsettled: 0, groups: [] });
  });

  it('gives what is handed back before what has never been delivered', async () => {
    const { broker } = brokerWith();
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 2 }));
    await broker.publish(messagesOf('abcd'));
    await settled();
    await kept[0]!.nack();
    await clock.advance(0);
    expect(shown(kept)).toBe('a b c');
    await kept[1]!.ack();
    await settled();
    expect(shown(kept)).toBe('a b c a2');
  });

  it('waits a turn before what is handed back comes again, so that a loop that refuses all starves nobody', async () => {
    const broker = memoryBroker();
    await broker.publish([]);
    const subscription = broker.subscribe({ topics: 'orders', group: 'g' });
    await broker.publish(messageOf('poison'));
    let refused = 0;
    const loop = (async () => {
      for await (const delivery of subscription) {
        refused++;
        await delivery.nack();
      }
    })();
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    await broker.close();
    await loop;
    expect(refused).toBeGreaterThan(1);
    expect(refused).toBeLessThan(100);
  });

  it('takes turns among its subscriptions', async () => {
    const { broker } = brokerWith();
    const subscribe = (): ReturnType<typeof keep> =>
      keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 9 }));
    const kept = [subscribe(), subscribe(), subscribe()];
    for (const message of messagesOf('abcdef')) {
      await broker.publish(message);
      await settled();
    }
    expect(kept.map(shown)).toEqual(['a d', 'b e', 'c f']);
  });
});

describe('timers of a memory broker', () => {
  it('run for deliveries with a lease, until they are settled', async () => {
    const counting = new CountingScheduler(clock);
    const { broker } = brokerWith({ scheduler: counting });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 3, leaseMs: 1_000 }));
    await broker.publish(messagesOf('abc'));
    await settled();
    expect(counting.outstanding).toBe(3);
    await kept[0]!.ack();
    await kept[1]!.extend();
    expect(counting.outstanding).toBe(2);
    await broker.close();
    expect(counting.outstanding).toBe(0);
  });

  it('stop when nobody is left to take what waits its delay, and go on with the next', async () => {
    const counting = new CountingScheduler(clock);
    const { broker } = brokerWith({ scheduler: counting });
    const subscription = broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 2 });
    const kept = keep(subscription);
    await broker.publish(messagesOf('ab'));
    await settled();
    await kept[0]!.nack({ delayMs: 1_000 });
    await kept[1]!.nack({ delayMs: 3_000 });
    expect(counting.outstanding).toBe(2);
    await clock.advance(500);
    await subscription.close();
    expect(counting.outstanding).toBe(0);
    await clock.advance(2_000);
    const late = keep(broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 2 }));
    await clock.advance(0);
    expect(shown(late)).toBe('a2');
    await clock.advance(499);
    expect(shown(late)).toBe('a2');
    await clock.advance(1);
    expect(shown(late)).toBe('a2 b2');
  });
});

describe('a dead letter of a memory broker', () => {
  it('says where it comes from', async () => {
    const { broker, store } = brokerWith();
    const letters = keep(broker.subscribe({ topics: 'dead', group: 'letters' }));
    const deadLetter = { topic: 'dead', maxDeliveries: 2 };
    const subscription = broker.subscribe({ topics: 'orders', group: 'g', deadLetter });
    const kept = keep(subscription);
    await broker.publish(messageOf('a', { headers: { tenant: 'acme' } }));
    await settled();
    await kept[0]!.nack();
    await clock.advance(0);
    // A process that ends with it in hand has been delivered to, too.
    await subscription.close();
    await settled();
    expect(letters[0]?.message.headers).toEqual({
      tenant: 'acme',
      'dead-letter-topic': 'orders',
      'dead-letter-group': 'g',
      'dead-letter-deliveries': '2',
    });
    expect(store.stats()).toMatchObject({ unsettled: 1 });
  });
});

describe('a loop over a subscription', () => {
  it('that is left takes nothing that it has not been given', async () => {
    const { broker } = brokerWith();
    const subscription = broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 9 });
    const loop = subscription[Symbol.asyncIterator]();
    const waiting = [loop.next(), loop.next()];
    await loop.return?.();
    await broker.publish(messagesOf('ab'));
    expect(await Promise.all(waiting)).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ]);
    expect(await loop.next()).toEqual({ value: undefined, done: true });
    const other = keep(subscription);
    await settled();
    expect(shown(other)).toBe('a b');
  });

  it('may ask for several at once: the answers are in order', async () => {
    const { broker } = brokerWith();
    const loop = broker.subscribe({ topics: 'orders', group: 'g', maxInFlight: 2 })[Symbol.asyncIterator]();
    const answers = [loop.next(), loop.next(), loop.next()];
    await broker.publish(messagesOf('abc'));
    const [first, second] = await Promise.all(answers.slice(0, 2));
    expect(shown([first!.value!, second!.value!])).toBe('a b');
    // The third is given when there is room.
    await first!.value!.ack();
    expect(shown([(await answers[2]!).value!])).toBe('c');
  });

  it('ends at once when its subscription is closed', async () => {
    const { broker } = brokerWith();
    const subscription = broker.subscribe({ topics: 'orders', group: 'g' });
    await subscription.close();
    expect(await subscription[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });
});

describe('a closed memory broker', () => {
  let broker: Broker;
  beforeEach(() => {
    ({ broker } = brokerWith());
  });
  afterEach(() => broker.close());

  it('refuses with its name', async () => {
    await broker.close();
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(new ClosedError(`broker 'memory'`));
    expect(() => broker.subscribe({ topics: 'orders', group: 'g' })).toThrow(ClosedError);
  });
});

it('keeps the bytes of a Buffer whose owner uses it again', async () => {
  const { broker } = brokerWith();
  const subscription = broker.subscribe({ topics: 'orders', group: 'workers' });
  const body = Buffer.from('first');

  await broker.publish({ id: 'e1', topic: 'orders', body, headers: {} });
  body.fill('x');
  const { value: delivery } = await subscription[Symbol.asyncIterator]().next();

  expect(new TextDecoder().decode(delivery?.message.body)).toBe('first');
});
