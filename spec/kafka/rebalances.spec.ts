import type { Broker, BrokerDelivery, BrokerMessage, BrokerSubscription } from 'millrace';
import { DeliveryLostError } from 'millrace';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../lib/kafka/murmur2.ts';
import { kafkaUrl, openKafka, ownName, ownTopic, placesOf } from '../support/kafka.ts';

const PARTITIONS = 4;
const open: Broker[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (broker) => broker.close()));
});

async function opened(...options: Parameters<typeof openKafka>): Promise<Broker> {
  const broker = await openKafka(...options);
  open.push(broker);
  return broker;
}

/** One for each partition in turn, by keys that Kafka puts there. */
function messages(topic: string, count: number, keys = 64): readonly BrokerMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    topic,
    key: `key-${index % keys}`,
    body: Uint8Array.of(index),
    headers: {},
  }));
}

function take(
  subscription: BrokerSubscription,
  handle: (delivery: BrokerDelivery) => unknown = () => {},
): BrokerDelivery[] {
  const taken: BrokerDelivery[] = [];
  void (async () => {
    for await (const delivery of subscription) {
      taken.push(delivery);
      handle(delivery);
    }
  })();
  return taken;
}

const until = async (isSo: () => unknown, timeout = 15_000): Promise<void> =>
  vi.waitFor(async () => expect(await isSo()).toBeTruthy(), { timeout, interval: 10 });

const idsOf = (deliveries: readonly BrokerDelivery[]): readonly string[] => deliveries.map(({ message: { id } }) => id);

describe.skipIf(kafkaUrl === undefined)('a group whose partitions are dealt out again', { timeout: 60_000 }, () => {
  it('goes on with what stays, loses the rest with its signals aborted, and repeats nothing that was acknowledged', async () => {
    const [topic, group] = [await ownTopic(PARTITIONS), ownName('group')];
    const first = await opened();
    const one = first.subscribe({ topics: topic, group, maxInFlight: 16 });
    let isHolding = true;
    const held = take(one, (delivery) => (isHolding ? undefined : void delivery.ack()));
    await one.ready;
    const all = messages(topic, 64);
    await first.publish(all.slice(0, 16));
    await until(() => held.length === 16);
    await first.publish(all.slice(16));

    const two = (await opened()).subscribe({ topics: topic, group, maxInFlight: 64 });
    const others = take(two, (delivery) => void delivery.ack());
    await two.ready;
    await until(() => held.some(({ isOver }) => isOver));
    const [lost, kept] = [
      held.slice(0, 16).filter(({ isOver }) => isOver),
      held.slice(0, 16).filter(({ isOver }) => !isOver),
    ];
    expect(kept.length).toBeGreaterThan(0);
    expect(lost.every(({ signal }) => signal.aborted)).toBe(true);
    await expect(lost[0]!.ack()).rejects.toThrow(DeliveryLostError);
    await until(() => idsOf(others).includes(lost.at(-1)!.message.id));

    // What stayed is finished where it is, and given to nobody else.
    isHolding = false;
    for (const delivery of held) if (!delivery.isOver) await delivery.ack();
    await until(() => new Set([...idsOf(others), ...idsOf(held)]).size === 64);
    await until(() => first.stats().inFlight === 0);
    expect(idsOf(others).filter((id) => idsOf(kept).includes(id))).toStrictEqual([]);
    await one.close();
    await two.close();
    const places = await placesOf(group, topic);
    expect(places.reduce((sum, place) => sum + place, 0)).toBe(64);
  });

  it('loses nothing while members come and go under retries', async () => {
    const [topic, group] = [await ownTopic(PARTITIONS), ownName('group')];
    const broker = await opened();
    const done = new Map<string, number>();
    const tries = new Map<string, number>();
    const work = (delivery: BrokerDelivery): void => {
      const { id } = delivery.message;
      const count = (tries.get(id) ?? 0) + 1;
      tries.set(id, count);
      const isRetried = count < 3;
      const settling = isRetried ? delivery.nack({ delayMs: 20 }) : delivery.ack();
      settling.then(
        () => !isRetried && done.set(id, (done.get(id) ?? 0) + 1),
        (error: unknown) => expect(error).toBeInstanceOf(DeliveryLostError),
      );
    };
    const staying = broker.subscribe({ topics: topic, group, maxInFlight: 16 });
    take(staying, work);
    await staying.ready;
    const published = messages(topic, 600);
    const publishing = (async () => {
      for (const message of published) await broker.publish(message);
    })();
    for (let round = 0; round < 3; round++) {
      const passing = (await opened()).subscribe({ topics: topic, group, maxInFlight: 16 });
      take(passing, work);
      await passing.ready;
      await passing.close();
    }
    await publishing;
    await until(() => done.size === 600, 30_000);
    const repeats = [...done.values()].filter((count) => count > 1).length;
    console.info(`rebalances under retries: 600 messages, ${repeats} acknowledged more than once`);
    await staying.close();
    expect((await placesOf(group, topic)).reduce((sum, place) => sum + place, 0)).toBe(600);
  });

  it('keeps the members whose handlers take longer than the session', async () => {
    const [topic, group] = [await ownTopic(PARTITIONS), ownName('group')];
    const short = { sessionTimeoutMs: 1_000, heartbeatMs: 100 };
    const one = (await opened(short)).subscribe({ topics: topic, group, maxInFlight: 2 });
    const two = (await opened(short)).subscribe({ topics: topic, group, maxInFlight: 2 });
    const [ones, twos] = [take(one), take(two)];
    await Promise.all([one.ready, two.ready]);
    await open[0]!.publish(messages(topic, 2_000));
    await until(() => ones.length === 2 && twos.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect([...ones, ...twos].map(({ isOver }) => isOver)).toStrictEqual([false, false, false, false]);
    for (const delivery of [...ones, ...twos]) await delivery.ack();
    await until(() => ones.length === 4 && twos.length === 4);
    expect(new Set([...idsOf(ones), ...idsOf(twos)]).size).toBe(8);
  });
});

describe.skipIf(kafkaUrl === undefined)('what a group has done', { timeout: 60_000 }, () => {
  it('is committed up to the first that is unsettled, and what lies behind is not repeated', async () => {
    const [topic, group] = [await ownTopic(1), ownName('group')];
    const broker = await opened();
    const subscription = broker.subscribe({ topics: topic, group, maxInFlight: 16 });
    const taken = take(subscription);
    await subscription.ready;
    await broker.publish(messages(topic, 16));
    await until(() => taken.length === 16);
    // Random times: all but one of them are done, from the last to the first.
    const open5 = taken.find(({ sequence }) => sequence === 5)!;
    for (const delivery of taken.toReversed()) if (delivery !== open5) await delivery.ack();
    await until(async () => (await placesOf(group, topic))[0] === 5);
    // As a member that is killed: its places stay as they were committed.
    await subscription.close();
    const later = (await opened()).subscribe({ topics: topic, group, maxInFlight: 16 });
    const again = take(later, (delivery) => void delivery.ack());
    await until(() => again.length > 0);
    await broker.publish({ ...messages(topic, 1)[0]!, id: 'last' });
    await until(() => idsOf(again).includes('last'));
    expect(idsOf(again)).toStrictEqual(['m5', 'last']);
    // It was given out before.
    expect(again[0]!.deliveryCount).toBe(2);
    await until(async () => (await placesOf(group, topic))[0] === 17);
  });

  it('is never ahead of the work, whatever is settled out of order', async () => {
    const [topic, group] = [await ownTopic(PARTITIONS), ownName('group')];
    const broker = await opened({ commitEveryMs: 5 });
    const published = messages(topic, 2_000);
    const unsettled = Array.from({ length: PARTITIONS }, () => new Set<number>());
    const partition = ({ key }: BrokerMessage): Set<number> => unsettled[partitionOf(Buffer.from(key!), PARTITIONS)]!;
    const receipts = await broker.publish(published);
    for (const [index, { sequence }] of receipts.entries()) partition(published[index]!).add(sequence!);
    const subscription = broker.subscribe({ topics: topic, group, maxInFlight: 16, from: 'earliest' });
    take(subscription, (delivery) => {
      // Some are slow, so that much is settled behind them.
      const workMs = Math.random() < 0.01 ? 300 : Math.random() * 10;
      setTimeout(() => {
        partition(delivery.message).delete(delivery.sequence!);
        void delivery.ack();
      }, workMs);
    });
    await subscription.ready;
    const isDone = (): boolean => unsettled.every(({ size }) => size === 0);
    let looks = 0;
    for (; !isDone(); looks++) {
      const places = await placesOf(group, topic);
      for (const [index, place] of places.entries()) {
        expect(place).toBeLessThanOrEqual(Math.min(...unsettled[index]!));
      }
    }
    expect(looks).toBeGreaterThan(3);
    await subscription.close();
    expect((await placesOf(group, topic)).reduce((sum, place) => sum + place, 0)).toBe(2_000);
  });

  it('waits in the server beyond maxInFlight and a little that is fetched ahead', async () => {
    const [topic, group] = [await ownTopic(PARTITIONS), ownName('group')];
    const broker = await opened();
    const body = new Uint8Array(100_000);
    const large = messages(topic, 600).map(({ id, key }) => ({ id, key: key!, topic, body, headers: {} }));
    for (let round = 0; round < 12; round++) await broker.publish(large.slice(round * 50, (round + 1) * 50));
    const before = memory();
    const subscription = broker.subscribe({ topics: topic, group, maxInFlight: 4, from: 'earliest' });
    const taken = take(subscription);
    await until(() => taken.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(taken.length).toBe(4);
    expect(broker.stats().inFlight).toBe(4);
    // 60 MB wait there; a fetch is 10 MB at most, a partition's part of it 1 MB.
    expect(memory() - before).toBeLessThan(30_000_000);
  });
});

function memory(): number {
  const { arrayBuffers, external } = process.memoryUsage();
  return Math.max(arrayBuffers, external);
}
