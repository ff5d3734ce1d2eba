import type { Broker } from 'millrace';
import { rabbitMqBroker } from 'millrace/rabbitmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messageOf } from '../support/broker-messages.ts';
import { ownName, rabbitMqUrl, rawClient } from '../support/rabbitmq.ts';

describe.skipIf(rabbitMqUrl === undefined)('a letter store of RabbitMQ', () => {
  let brokers: readonly Broker[];
  let prefix: string;

  beforeEach(async () => {
    prefix = `${ownName('post')}.`;
    const open = async (): Promise<Broker> => rabbitMqBroker({ connect: { url: rabbitMqUrl! }, prefix });
    brokers = [await open(), await open()];
  });

  afterEach(async () => {
    for (const broker of brokers) await broker.close();
  });

  it('is a queue that others can see', async () => {
    const store = brokers[0]!.letterStore('billing');
    await store.add(messageOf('a', { topic: 'orders.eu', headers: { 'ce-type': 't' } }));
    await using raw = await rawClient();
    const letter = await raw.channel.get(`${prefix}letters.billing`);
    expect(letter).toMatchObject({
      fields: { messageCount: 0 },
      properties: { messageId: 'a', headers: { 'cloudEvents:type': 't', 'x-millrace-topic': 'orders.eu' } },
    });
  });

  it('loses and hides nothing, however many read, add and remove at the same time', async () => {
    const stores = brokers.map((broker) => broker.letterStore('billing'));
    const kept = Array.from({ length: 60 }, (_, index) => `kept${index}`);
    const removed = Array.from({ length: 20 }, (_, index) => `removed${index}`);
    for (const id of [...kept, ...removed]) await stores[0]!.add(messageOf(id));
    const lists = Array.from({ length: 10 }, async (_, turn) => stores[turn % 2]!.list());
    const removals = removed.map(async (id, turn) => stores[turn % 2]!.remove(id));
    const additions = removed.map(async (_, turn) => stores[turn % 2]!.add(messageOf(`new${turn}`)));
    for (const list of await Promise.all(lists)) {
      const ids = new Set(list.map(({ id }) => id));
      expect(kept.filter((id) => !ids.has(id))).toEqual([]);
    }
    await Promise.all([...removals, ...additions]);
    for (const store of stores) {
      const ids = (await store.list()).map(({ id }) => id);
      expect(ids.slice(0, 60)).toEqual(kept);
      expect(ids.slice(60).toSorted()).toEqual(removed.map((_, turn) => `new${turn}`).toSorted());
    }
  });

  it('has 3,000 letters in one pass, and each once after many', async () => {
    const store = brokers[0]!.letterStore('many');
    const ids = Array.from({ length: 3_000 }, (_, index) => `m${index}`);
    await Promise.all(ids.map(async (id) => store.add(messageOf(id))));
    for (let pass = 0; pass < 3; pass++) {
      const listed = await store.list();
      expect(listed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    }
  });

  it('keeps its letters when it is read more often than servers allow by themselves', async () => {
    const store = brokers[0]!.letterStore('read');
    await store.add(messageOf('a'));
    for (let pass = 0; pass < 25; pass++) expect(await store.list()).toHaveLength(1);
  });

  it('takes a letter though somebody has deleted the queue', async () => {
    const store = brokers[0]!.letterStore('gone');
    await store.add(messageOf('a'));
    await using raw = await rawClient();
    await raw.channel.deleteQueue(`${prefix}letters.gone`);
    await store.add(messageOf('b'));
    expect((await store.list()).map(({ id }) => id)).toEqual(['b']);
  });
});
