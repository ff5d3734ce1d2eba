import type { Broker } from 'millrace';
import { type RabbitMqExchange, rabbitMqBroker } from 'millrace/rabbitmq';
import { afterEach, describe, expect, it } from 'vitest';
import { keep, messageOf, shown } from '../support/broker-messages.ts';
import { ownName, rabbitMqUrl, rawClient, waitUntil } from '../support/rabbitmq.ts';

describe.skipIf(rabbitMqUrl === undefined)('an exchange of RabbitMQ', () => {
  const ends: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function open(exchange: RabbitMqExchange): Promise<Broker> {
    const name = ownName('routing');
    const prefix = `${name}.`;
    const broker = await rabbitMqBroker({ connect: { url: rabbitMqUrl! }, prefix, exchange: { name, ...exchange } });
    ends.push(async () => broker.close());
    return broker;
  }

  /** What each subscription gets of messages with these topics, which are their ids. */
  async function routed(broker: Broker, patterns: readonly string[], topics: readonly string[]): Promise<unknown> {
    const got = await Promise.all(
      patterns.map(async (pattern, index) => {
        const subscription = broker.subscribe({ topics: pattern, group: `group${index}`, maxInFlight: 100 });
        await subscription.ready;
        return keep(subscription);
      }),
    );
    // The last one shows that all before it have come.
    const messages = [...topics, 'last'].map((topic) => messageOf(topic, { topic }));
    const receipts = await broker.publish(messages);
    await waitUntil(() => broker.stats().inFlight === got.flat().length);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { got: got.map(shown), isRouted: receipts.map(({ isRouted }) => isRouted) };
  }

  it("of type 'topic' binds groups to their patterns", async () => {
    const broker = await open({ type: 'topic' });
    expect(await routed(broker, ['a.>', 'a.*', '*.b', '>'], ['a', 'a.b', 'a.b.c'])).toEqual({
      got: ['a.b a.b.c', 'a.b', 'a.b', 'a a.b a.b.c last'],
      isRouted: [true, true, true, true],
    });
  });

  it("of type 'direct' binds groups to topics, and has no wildcards", async () => {
    const broker = await open({ type: 'direct' });
    expect(broker.capabilities.wildcards).toBe(false);
    expect(() => broker.subscribe({ topics: 'a.*', group: 'group' })).toThrow("capability 'wildcards'");
    expect(await routed(broker, ['a.b', 'c'], ['a.b', 'b', 'c'])).toEqual({
      got: ['a.b', 'c'],
      isRouted: [true, false, true, false],
    });
  });

  it("of type 'fanout' sends all to each group, of which it is given what its topics match", async () => {
    const broker = await open({ type: 'fanout' });
    expect(await routed(broker, ['a.>', 'c'], ['a.b', 'b', 'c'])).toEqual({
      got: ['a.b', 'c'],
      isRouted: [true, true, true, true],
    });
    expect(broker.stats().inFlight).toBe(2);
  });

  it("of type 'headers' binds groups by what match says, with the names of CloudEvents as in messages", async () => {
    const match = (group: string): Readonly<Record<string, string>> =>
      group === 'any' ? { 'x-match': 'any', 'ce-region': 'eu', urgent: 'yes' } : { 'ce-region': 'eu', urgent: 'yes' };
    const broker = await open({ type: 'headers', match });
    const subscriptions = ['any', 'all'].map((group) => broker.subscribe({ topics: '>', group, maxInFlight: 10 }));
    const got = await Promise.all(
      subscriptions.map(async (subscription) => {
        await subscription.ready;
        return keep(subscription);
      }),
    );
    const receipts = await broker.publish([
      messageOf('one', { headers: { 'ce-region': 'eu' } }),
      messageOf('both', { headers: { 'ce-region': 'eu', urgent: 'yes' } }),
      messageOf('none', { headers: { region: 'eu' } }),
    ]);
    await waitUntil(() => got.flat().length === 3);
    expect(got.map(shown)).toEqual(['one both', 'both']);
    expect(receipts.map(({ isRouted }) => isRouted)).toEqual([true, true, false]);
  });

  it('says of each message of many in flight whether anybody gets it', async () => {
    const broker = await open({});
    await broker.subscribe({ topics: 'known', group: 'group' }).ready;
    const receipts = await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const topic = index % 3 === 0 ? 'known' : 'unknown';
        const [receipt] = await broker.publish(messageOf(`m${index % 7}`, { topic }));
        return { topic, isRouted: receipt!.isRouted };
      }),
    );
    expect(receipts.every(({ topic, isRouted }) => isRouted === (topic === 'known'))).toBe(true);
  });

  it('carries what the user has made, with manage: false', async () => {
    const name = ownName('own');
    await using raw = await rawClient();
    await raw.channel.assertExchange(name, 'topic', { durable: false, autoDelete: true });
    await raw.channel.assertQueue(`${name}.workers`, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
    await raw.channel.bindQueue(`${name}.workers`, name, 'orders');
    const connect = { url: rabbitMqUrl! };
    const broker = await rabbitMqBroker({ connect, manage: false, prefix: `${name}.`, exchange: { name } });
    ends.push(async () => broker.close());
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 2 });
    const got = keep(subscription);
    await subscription.ready;
    await broker.publish(messageOf('a'));
    await waitUntil(() => got.length === 1);
    await got[0]!.nack({ delayMs: 100 });
    await waitUntil(() => got.length === 2);
    await got[1]!.ack();
    expect(shown(got)).toBe('a a2');
    await subscription.close();
    expect(await raw.channel.deleteQueue(`${name}.workers`)).toMatchObject({ messageCount: 0 });
  });
});
