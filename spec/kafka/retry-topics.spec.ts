import type { BrokerDelivery } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { administer, kafkaUrl, openKafka, ownName, ownTopic, placesOf } from '../support/kafka.ts';

const message = { id: 'slow', key: 'k', body: Uint8Array.of(1), headers: { a: 'b' }, time: 1_700_000_000_000 };

describe.skipIf(kafkaUrl === undefined)(`nack({ delayMs }) with redelivery: 'retry-topics'`, () => {
  it('puts a message into the topic of the group, with its count, and frees its partition and its key', async () => {
    const [topic, group] = [await ownTopic(1), ownName('group')];
    await using broker = await openKafka({ redelivery: 'retry-topics' });
    expect(broker.capabilities.orderAcrossRedelivery).toBe(false);
    const subscription = broker.subscribe({ topics: topic, group, maxInFlight: 4, from: 'earliest' });
    await broker.publish([
      { ...message, topic },
      { ...message, topic, id: 'behind' },
    ]);
    const taken: BrokerDelivery[] = [];
    const at: number[] = [];
    void (async () => {
      for await (const delivery of subscription) {
        taken.push(delivery);
        at.push(performance.now());
        const isRefused = delivery.message.id === 'slow' && delivery.deliveryCount < 3;
        await (isRefused ? delivery.nack({ delayMs: 400 }) : delivery.ack());
      }
    })();
    await vi.waitFor(() => expect(taken.length).toBe(2), 10_000);
    // Its place is behind both, though one has not been handled.
    await vi.waitFor(async () => expect(await placesOf(group, topic)).toStrictEqual([2]), 5_000);
    await vi.waitFor(() => expect(taken.length).toBe(4), 10_000);
    const shown = taken.map(({ message: { id }, deliveryCount }) => `${id} ${deliveryCount}`);
    expect(shown).toStrictEqual(['slow 1', 'behind 1', 'slow 2', 'slow 3']);
    expect(taken[3]!.message).toStrictEqual({ ...message, topic });
    expect(at[2]! - at[0]!).toBeGreaterThan(380);
    expect(at[3]! - at[2]!).toBeGreaterThan(380);
    const names = await administer(async (admin) => admin.listTopics());
    expect(names).toContain(`_millrace.retry.${group}`);
  });

  it('survives the process that handed it back, and moves in one transaction where there are any', async () => {
    const [topic, group] = [await ownTopic(1), ownName('group')];
    const options = { redelivery: 'retry-topics', transactional: { id: group } } as const;
    {
      await using broker = await openKafka(options);
      const subscription = broker.subscribe({ topics: topic, group, from: 'earliest' });
      await broker.publish({ ...message, topic });
      const { value: delivery } = await subscription[Symbol.asyncIterator]().next();
      await delivery!.nack({ delayMs: 500 });
      expect(broker.stats().inFlight).toBe(0);
    }
    expect(await placesOf(group, topic)).toStrictEqual([1]);
    await using later = await openKafka(options);
    const subscription = later.subscribe({ topics: topic, group });
    const { value: again } = await subscription[Symbol.asyncIterator]().next();
    expect(again!.message).toStrictEqual({ ...message, topic });
    expect(again!.deliveryCount).toBe(2);
    await again!.ack();
  });

  it('matches no pattern', async () => {
    const [prefix, group] = [`${ownName('app')}.`, ownName('group')];
    await using broker = await openKafka({ redelivery: 'retry-topics', prefix });
    const all = broker.subscribe({ topics: '>', group: 'all', maxInFlight: 9 });
    const ids: string[] = [];
    void (async () => {
      for await (const delivery of all) {
        ids.push(`${delivery.message.topic} ${delivery.message.id}`);
        await delivery.ack();
      }
    })();
    await all.ready;
    const subscription = broker.subscribe({ topics: 'orders', group });
    await subscription.ready;
    await broker.publish({ ...message, topic: 'orders' });
    await broker.letterStore('letters').add({ ...message, topic: 'orders', id: 'letter' });
    const { value: delivery } = await subscription[Symbol.asyncIterator]().next();
    await delivery!.nack({ delayMs: 1 });
    const { value: again } = await subscription[Symbol.asyncIterator]().next();
    expect(again!.deliveryCount).toBe(2);
    await broker.publish({ ...message, topic: 'users', id: 'last' });
    await vi.waitFor(() => expect(ids).toContain('users last'), 10_000);
    expect(ids.toSorted()).toStrictEqual(['orders slow', 'users last']);
  });
});
