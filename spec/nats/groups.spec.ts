import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Broker, DeliveryLostError } from 'millrace';
import { jetStreamBroker, natsBroker, type NatsDrop } from 'millrace/nats';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keep, messageOf, messagesOf, shown } from '../support/broker-messages.ts';
import { natsUrl, ownName } from '../support/nats.ts';

describe.skipIf(natsUrl === undefined)('a group of JetStream', () => {
  let client: NatsConnection;
  let jsm: JetStreamManager;
  let name: string;
  let broker: Broker;

  beforeAll(async () => {
    client = await connect({ servers: natsUrl! });
    jsm = await jetstreamManager(client);
  });

  beforeEach(async () => {
    name = ownName('groups');
    broker = await jetStreamBroker({
      connect: { servers: natsUrl! },
      stream: { name },
      subjectPrefix: `${name}.`,
      ackWaitMs: 600,
    });
  });

  afterEach(async () => {
    await broker.close();
    await jsm.streams.delete(name);
  });

  afterAll(async () => client.close());

  it('leaves what is beyond maxInFlight on the server', async () => {
    await broker.publish(Array.from({ length: 10_000 }, (_, index) => messageOf(`m${index}`)));
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', from: 'earliest', maxInFlight: 7 });
    const kept = keep(subscription);
    await expect.poll(() => kept.length).toBe(7);
    await kept[3]!.ack();
    await expect.poll(() => kept.length).toBe(8);
    await sleep(100);
    const info = await jsm.consumers.info(name, 'all');
    expect([kept.length, info.num_ack_pending, info.num_pending]).toStrictEqual([8, 7, 9_992]);
  });

  it('has asked for no more than it has room for, after many messages came one by one', async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 4, leaseMs: 60_000 });
    await subscription.ready;
    const kept = keep(subscription);
    for (let count = 0; count < 10; count++) {
      await broker.publish(messageOf(`one${count}`));
      await expect.poll(() => kept.length, { interval: 5 }).toBe(count + 1);
      await kept[count]!.ack();
    }
    await broker.publish(Array.from({ length: 50 }, (_, index) => messageOf(`m${index}`)));
    await expect.poll(() => kept.length).toBe(14);
    await sleep(100);
    expect([kept.length, broker.stats().inFlight]).toStrictEqual([14, 4]);
  });

  it('is given nothing that its topics do not match, and everything that they do once, in order', async () => {
    const subscription = broker.subscribe({ topics: ['a.*', 'a.x', '*.y', 'b.>'], group: 'all', maxInFlight: 4 });
    await subscription.ready;
    const topics = ['a.x', 'c.x', 'a.y', 'c.y', 'b', 'b.q.r', 'a.x.z', 'b.y'];
    await broker.publish(topics.map((topic) => messageOf(topic, { topic })));
    const got: string[] = [];
    for await (const delivery of subscription) {
      got.push(delivery.message.topic);
      await delivery.ack();
      if (got.length === 5) break;
    }
    expect(got).toStrictEqual(['a.x', 'a.y', 'c.y', 'b.q.r', 'b.y']);
    await expect.poll(async () => (await jsm.consumers.info(name, 'all')).num_ack_pending).toBe(0);
  });

  it('keeps a delivery without leaseMs for as long as its process is there', async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 4 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messageOf('a'));
    await expect.poll(() => kept.length).toBe(1);
    await sleep(1_500);
    expect(shown(kept)).toBe('a');
    await kept[0]!.ack();
  });

  it('gives what is unsettled to another process when the first has vanished', async () => {
    const lost = await connect({ servers: natsUrl! });
    const first = await jetStreamBroker({ client: lost, stream: { name }, subjectPrefix: `${name}.`, ackWaitMs: 600 });
    const subscription = first.subscribe({ topics: 'orders', group: 'all', maxInFlight: 4 });
    await subscription.ready;
    const [one, two] = [subscription[Symbol.asyncIterator](), subscription[Symbol.asyncIterator]()];
    await broker.publish(messagesOf('ab'));
    const kept = [(await one.next()).value!, (await two.next()).value!];
    await lost.close();
    const heirs = keep(broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 4 }));
    await expect.poll(() => shown(heirs), { timeout: 5_000 }).toBe('a2 b2');
    expect(kept.every(({ isOver }) => isOver)).toBe(true);
    await first.close();
  });

  it('extends a lease for a handler that takes longer', async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 4, leaseMs: 300 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messagesOf('ab'));
    await expect.poll(() => kept.length).toBe(2);
    for (let count = 0; count < 6; count++) {
      await sleep(150);
      await kept[0]!.extend();
    }
    await kept[0]!.ack();
    expect(kept.filter(({ message }) => message.id === 'a')).toHaveLength(1);
    expect(kept.filter(({ message }) => message.id === 'b').length).toBeGreaterThan(1);
  });

  it('is made again where it was when its consumer is deleted', { timeout: 30_000 }, async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 2 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messagesOf('abcd'));
    await expect.poll(() => shown(kept)).toBe('a b');
    await kept[0]!.ack();
    await expect.poll(() => shown(kept)).toBe('a b c');
    await jsm.consumers.delete(name, 'all');
    await broker.publish(messageOf('e'));
    await kept[1]!.ack().catch(() => undefined);
    await expect.poll(() => kept.length, { timeout: 15_000 }).toBeGreaterThan(3);
    const rest = new Set<string>();
    for (let index = 2; index < kept.length || rest.size < 3; index++) {
      await expect.poll(() => kept.length, { timeout: 5_000 }).toBeGreaterThan(index);
      rest.add(kept[index]!.message.id);
      await kept[index]!.ack().catch(() => undefined);
    }
    expect([...rest].toSorted()).toStrictEqual(['c', 'd', 'e']);
  });

  it('does not say that an acknowledgement stands which nobody has heard', async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', leaseMs: 500 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messageOf('a'));
    await expect.poll(() => kept.length).toBe(1);
    await jsm.consumers.delete(name, 'all');
    await expect(kept[0]!.ack()).rejects.toThrow(DeliveryLostError);
  });

  it('hands back at close what was on its way, too', async () => {
    await broker.publish(Array.from({ length: 1_000 }, (_, index) => messageOf(`m${index}`)));
    const seen = new Set<string>();
    const subscription = broker.subscribe({
      topics: 'orders',
      group: 'rest',
      from: 'earliest',
      maxInFlight: 500,
      leaseMs: 60_000,
    });
    for await (const delivery of subscription) {
      seen.add(delivery.message.id);
      await delivery.ack();
      break;
    }
    await subscription.close();
    const again = broker.subscribe({ topics: 'orders', group: 'rest', maxInFlight: 500 });
    for await (const delivery of again) {
      seen.add(delivery.message.id);
      void delivery.ack();
      if (seen.size === 1_000) break;
    }
    expect(seen.size).toBe(1_000);
  });

  it('gives at once what a member that closes has left, and nothing of what it has acknowledged', async () => {
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 10, leaseMs: 60_000 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messagesOf('abcdefghij'));
    await expect.poll(() => kept.length).toBe(10);
    await Promise.all(kept.filter(({ message }) => message.id !== 'f').map((delivery) => delivery.ack()));
    await subscription.close();
    const heirs = keep(broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 10 }));
    await expect.poll(() => shown(heirs)).toBe('f2');
    await sleep(100);
    expect(shown(heirs)).toBe('f2');
  });

  it('ends with its last ephemeral member', async () => {
    const other = await jetStreamBroker({ client, stream: { name }, subjectPrefix: `${name}.` });
    const members = [broker, other].map((owner) =>
      owner.subscribe({ topics: 'orders', group: 'live', isEphemeral: true }),
    );
    for (const { ready } of members) await ready;
    await members[0]!.close();
    expect((await jsm.consumers.info(name, 'live')).config.durable_name).toBeUndefined();
    await members[1]!.close();
    await expect(jsm.consumers.info(name, 'live')).rejects.toThrow('consumer not found');
    await other.close();
  });

  it('begins after what was published before, when it was told of a stream that is made meanwhile', async () => {
    await broker.publish(messageOf('a'));
    const subscription = broker.subscribe({ topics: 'orders', group: 'all' });
    await subscription.ready;
    await broker.publish(messageOf('b'));
    const kept = keep(subscription);
    await expect.poll(() => shown(kept)).toBe('b');
  });
});

describe.skipIf(natsUrl === undefined)('a group of core NATS', () => {
  it('drops what is beyond its memory, and says so', async () => {
    const drops: NatsDrop[] = [];
    const topic = ownName('prices');
    await using broker = await natsBroker({
      connect: { servers: natsUrl! },
      mostWaiting: { messages: 3, bytes: 4 },
      onDropped: (drop) => drops.push(drop),
    });
    const subscription = broker.subscribe({ topics: topic, group: 'slow', maxInFlight: 2 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messagesOf('abcdefg', { topic }));
    await expect.poll(() => drops.length).toBe(2);
    expect(drops).toStrictEqual([
      { group: 'slow', subject: topic, dropped: 1 },
      { group: 'slow', subject: topic, dropped: 2 },
    ]);
    for (let index = 0; index < 5; index++) {
      await expect.poll(() => kept.length).toBeGreaterThan(index);
      expect(broker.stats().inFlight).toBeLessThanOrEqual(2);
      await kept[index]!.ack();
    }
    expect(shown(kept)).toBe('a b c d e');
    await broker.publish(messageOf('h', { topic, body: new Uint8Array(1_000) }));
    await expect.poll(() => shown(kept)).toBe('a b c d e h');
  });

  it('is given once what several of its topics match', async () => {
    const prefix = ownName('overlap');
    await using broker = await natsBroker({ connect: { servers: natsUrl! }, subjectPrefix: `${prefix}.` });
    const topics = ['a.*', '*.x', 'a.>', 'a.*'];
    const members = [1, 2].map(() => broker.subscribe({ topics, group: 'all', maxInFlight: 100 }));
    for (const { ready } of members) await ready;
    const kept = members.map(keep);
    await broker.publish(['a.x', 'b.x', 'a.b.c', 'c.d'].map((topic) => messageOf(topic, { topic })));
    await sleep(50);
    expect(
      kept
        .flat()
        .map(({ message }) => message.topic)
        .toSorted(),
    ).toStrictEqual(['a.b.c', 'a.x', 'b.x']);
  });
});
