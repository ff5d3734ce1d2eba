import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kafkaBroker, type KafkaClient } from 'millrace/kafka';
import { describe, expect, it, vi } from 'vitest';
import { administer, kafkaUrl, ownName, openKafka, ownTopic, QUICK, rawKafka } from '../support/kafka.ts';

describe.skipIf(kafkaUrl === undefined)('kafkaBroker()', { timeout: 60_000 }, () => {
  it('leaves neither a timer nor a socket behind: its process ends by itself', async () => {
    const program = fileURLToPath(new URL('./short-life.ts', import.meta.url));
    const args = ['--tsconfig', 'spec/tsconfig.json', program, kafkaUrl!, ownName('life')];
    const { stdout } = await promisify(execFile)('node_modules/.bin/tsx', args, { timeout: 30_000 });
    expect(stdout).toBe('m1 m1-out letter\nclosed: 0 sockets, 0 timers\n');
  });

  it('takes a client that was made by others', async () => {
    const client: KafkaClient = rawKafka();
    const topic = await ownTopic(1);
    await using broker = await kafkaBroker({ client, ...QUICK });
    const subscription = broker.subscribe({ topics: topic, group: ownName('group') });
    await subscription.ready;
    const [receipt] = await broker.publish({ id: 'm', topic, body: Uint8Array.of(1), headers: {} });
    expect(receipt).toStrictEqual({ id: 'm', isDuplicate: false, sequence: 0 });
    const { value: delivery } = await subscription[Symbol.asyncIterator]().next();
    expect(delivery!.sequence).toBe(0);
    await delivery!.ack();
  });

  it('gives a message of another program, without any headers', async () => {
    const [topic, group] = [await ownTopic(1), ownName('group')];
    const producer = rawKafka().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'k', value: 'plain' }, { value: null }] });
    await producer.disconnect();
    await using broker = await openKafka();
    const loop = broker.subscribe({ topics: topic, group, from: 'earliest', maxInFlight: 2 })[Symbol.asyncIterator]();
    const { value: first } = await loop.next();
    const { value: second } = await loop.next();
    expect(first!.message).toMatchObject({ id: `${topic}/0/0`, topic, key: 'k', headers: {} });
    expect(new TextDecoder().decode(first!.message.body)).toBe('plain');
    expect(second!.message).toMatchObject({ id: `${topic}/0/1`, body: new Uint8Array() });
  });

  it('begins with a prefix on the server, of topics and groups, and without it here', async () => {
    const [prefix, group] = [`${ownName('app')}.`, ownName('group')];
    await using broker = await openKafka({ prefix });
    const subscription = broker.subscribe({ topics: 'user.*', group, maxInFlight: 2 });
    await subscription.ready;
    await broker.publish({ id: 'm', topic: 'user.signed_up', body: new Uint8Array(), headers: {} });
    const { value: delivery } = await subscription[Symbol.asyncIterator]().next();
    expect(delivery!.message.topic).toBe('user.signed_up');
    await delivery!.ack();
    await subscription.close();
    await administer(async (admin) => {
      expect(await admin.listTopics()).toContain(`${prefix}user.signed_up`);
      const { groups } = await admin.listGroups();
      expect(groups.map(({ groupId }) => groupId)).toContain(`${prefix}${group}`);
    });
  });

  it('ends an ephemeral group on the server, too', async () => {
    const [topic, group] = [await ownTopic(1), ownName('ephemeral')];
    await using broker = await openKafka();
    const subscription = broker.subscribe({ topics: topic, group, isEphemeral: true });
    await subscription.ready;
    await subscription.close();
    const { groups } = await administer(async (admin) => admin.listGroups());
    expect(groups.map(({ groupId }) => groupId)).not.toContain(group);
  });

  it('takes in topics that come later, of other programs, and all that is in them', async () => {
    const [base, group] = [ownName('later'), ownName('group')];
    await using broker = await openKafka();
    const subscription = broker.subscribe({ topics: `${base}.>`, group, maxInFlight: 9 });
    await subscription.ready;
    const ids: string[] = [];
    void (async () => {
      for await (const delivery of subscription) {
        ids.push(String(delivery.message.key));
        await delivery.ack();
      }
    })();
    const producer = rawKafka().producer();
    await producer.connect();
    for (const topic of [`${base}.a`, `${base}.b.c`]) {
      await administer(async (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 2 }] }));
      await producer.send({ topic, messages: ['1', '2', '3'].map((key) => ({ key: `${topic} ${key}`, value: key })) });
    }
    await producer.disconnect();
    await vi.waitFor(() => expect(ids.length).toBe(6), 15_000);
    expect(new Set(ids).size).toBe(6);
  });
});
