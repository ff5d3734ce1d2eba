import { jetstreamManager, jetstream } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import type { BrokerDelivery, BrokerSubscription } from 'millrace';
import { jetStreamBroker, natsBroker } from 'millrace/nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../support/broker-messages.ts';
import { natsUrl, ownName } from '../support/nats.ts';

const text = 'Größe, 大きさ, 🌊: "50 %" = a+b';

describe.skipIf(natsUrl === undefined)('programs of others', () => {
  const servers = natsUrl!;
  let client: NatsConnection;

  beforeAll(async () => {
    client = await connect({ servers });
  });

  afterAll(async () => client.close());

  async function openStream() {
    const name = ownName('interop');
    const broker = await jetStreamBroker({ client, stream: { name }, subjectPrefix: `${name}.` });
    return { name, broker };
  }

  it('find a topic as a subject, texts in headers as they are, and attributes of CloudEvents percent-encoded', async () => {
    const { name, broker } = await openStream();
    const message = messageOf('e1', {
      topic: 'user.signed_up',
      key: 'ada',
      time: 1_700_000_000_123,
      headers: { text, 'ce-subject': 'Ada "50 %" Ω', 'content-type': 'application/json' },
    });
    await broker.publish(message);
    const jsm = await jetstreamManager(client);
    const stored = await jsm.streams.getMessage(name, { last_by_subj: `${name}.user.signed_up` });
    expect(stored!.header.get('Nats-Msg-Id')).toBe('e1');
    expect(stored!.header.get('text')).toBe(text);
    expect(stored!.header.get('ce-subject')).toBe('Ada%20%2250%20%25%22%20%CE%A9');
    expect(stored!.header.get('content-type')).toBe('application/json');
    expect(new TextDecoder().decode(stored!.data)).toBe('e1');
    await broker.close();
    expect(client.isClosed()).toBe(false);
  });

  it('are heard, with neither headers nor an id', async () => {
    const { name, broker } = await openStream();
    const subscription = broker.subscribe({ topics: '>', group: 'all' });
    await subscription.ready;
    const { seq } = await jetstream(client).publish(`${name}.sensor.7`, 'warm');
    const { message, sequence } = await first(subscription);
    expect(message).toMatchObject({ id: `${name}:${seq}`, topic: 'sensor.7', headers: {} });
    expect(sequence).toBe(seq);
    expect(Math.abs(message.time! - Date.now())).toBeLessThan(60_000);
    expect(new TextDecoder().decode(message.body)).toBe('warm');
    await broker.close();
  });

  it('are heard with headers of theirs, several values of a name in one', async () => {
    await using broker = await natsBroker({ client });
    const topic = ownName('sensor');
    const subscription = broker.subscribe({ topics: topic, group: 'all' });
    await subscription.ready;
    const list = headers();
    list.append('unit', 'K');
    list.append('unit', '°C');
    list.append('ce-id', 'x%20y');
    list.append('share', '50%20 % of it');
    client.publish(topic, '', { headers: list });
    const { message } = await first(subscription);
    expect(message).toMatchObject({
      id: 'x y',
      topic,
      headers: { unit: 'K, °C', 'ce-id': 'x y', share: '50%20 % of it' },
    });
    expect(message.body).toHaveLength(0);
  });

  it.each([
    { what: 'lines', value: 'one\r\ntwo' },
    { what: 'spaces at the ends', value: '  50 %  ' },
    { what: 'what looks encoded', value: 'a%20b' },
    { what: 'a line and what looks encoded', value: 'a%20b\n' },
  ])('cannot disturb $what in headers', async ({ value }) => {
    await using broker = await natsBroker({ client });
    const topic = ownName('values');
    const subscription = broker.subscribe({ topics: topic, group: 'all' });
    await subscription.ready;
    const sent = messageOf(` id${value}`, {
      topic,
      key: value,
      headers: { value, 'ce-value': value, 'Nats-Rollup': value, 'a:b': value },
    });
    await broker.publish(sent);
    const { message } = await first(subscription);
    expect(message).toMatchObject({ id: sent.id, key: value, headers: sent.headers });
  });

  it('see a group as a consumer, and letters as a stream with a subject for each', async () => {
    const { name, broker } = await openStream();
    await broker.subscribe({ topics: ['a', 'b.*'], group: 'workers', leaseMs: 7_000 }).ready;
    const jsm = await jetstreamManager(client);
    const { config } = await jsm.consumers.info(name, 'workers');
    expect(config).toMatchObject({
      durable_name: 'workers',
      ack_policy: 'explicit',
      ack_wait: 7e9,
      max_ack_pending: -1,
    });
    const store = ownName('dead');
    const letters = broker.letterStore(store);
    await letters.add(messageOf('a b.c/*>%', { topic: 'user.signed_up' }));
    const info = await jsm.streams.info(`millrace-letters-${store}@${name}`, { subjects_filter: '>' });
    expect(info.state.subjects).toStrictEqual({ [`millrace.letters.${store}@${name}.a%20b%2Ec%2F%2A%3E%25`]: 1 });
    expect(await letters.list()).toMatchObject([{ id: 'a b.c/*>%', topic: 'user.signed_up' }]);
    await letters.remove('a b.c/*>%');
    expect(await letters.list()).toStrictEqual([]);
    await broker.close();
  });

  it('keep the letters of one name apart, of each stream, and of each subjectPrefix in it', async () => {
    const [stream, other] = [ownName('shop'), ownName('desk')];
    const places = [
      { stream: { name: stream }, subjectPrefix: `${stream}.` },
      { stream: { name: other }, subjectPrefix: `${other}.` },
      { stream: { name: stream }, subjectPrefix: `${stream}.eu.` },
      { stream: { name: stream }, subjectPrefix: '', manage: false },
    ];
    const names = [stream, other, `${stream}@${stream},eu`, `${stream}@`].map((own) => `millrace-letters-mail@${own}`);
    const jsm = await jetstreamManager(client);
    // What is only looked for is made by its name.
    await jsm.streams.add({
      name: names[3]!,
      subjects: [`millrace.letters.mail@${stream}@.*`],
      max_msgs_per_subject: 1,
    });
    for (const [index, place] of places.entries()) {
      await using broker = await jetStreamBroker({ client, ...place });
      const letters = broker.letterStore('mail');
      await letters.add(messageOf(`letter-${index}`));
      expect(await letters.list()).toMatchObject([{ id: `letter-${index}` }]);
      await jsm.streams.info(names[index]!);
    }
    for (const [index, place] of places.entries()) {
      await using broker = await jetStreamBroker({ client, ...place });
      expect(await broker.letterStore('mail').list()).toMatchObject([{ id: `letter-${index}` }]);
      await jsm.streams.delete(names[index]!);
    }
  });

  it('share a queue group', async () => {
    await using broker = await natsBroker({ client });
    const topic = ownName('shared');
    const counts = { ours: 0, theirs: 0 };
    client.subscribe(topic, { queue: 'workers', callback: () => void counts.theirs++ });
    const subscription = broker.subscribe({ topics: topic, group: 'workers', maxInFlight: 1_000 });
    await subscription.ready;
    for (let count = 0; count < 1_000; count++) client.publish(topic, '');
    await client.flush();
    counts.ours = broker.stats().inFlight;
    expect(counts.ours + counts.theirs).toBe(1_000);
    expect(Math.min(counts.ours, counts.theirs)).toBeGreaterThan(300);
  });
});

async function first(subscription: BrokerSubscription): Promise<BrokerDelivery> {
  for await (const delivery of subscription) {
    await delivery.ack();
    return delivery;
  }
  throw new Error('Expected a delivery, got none.');
}
