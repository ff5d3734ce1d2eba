import type { BrokerDelivery } from 'millrace';
import { rabbitMqBroker } from 'millrace/rabbitmq';
import * as fc from 'fast-check';
import type { ConsumeMessage, Options } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressed, again, deliveryCountOf, fromWire, toWire } from '../../lib/rabbitmq/wire.ts';
import { keep, messageOf } from '../support/broker-messages.ts';
import { ownName, rabbitMqUrl, type RawClient, rawClient, waitUntil } from '../support/rabbitmq.ts';

const name = fc.stringMatching(/^[!-~]{1,20}$/);
const oddName = fc.constantFrom(
  'ce-id',
  'cloudEvents:id',
  'cloudEvents_id',
  'x-death',
  'x-delivery-count',
  'CC',
  'BCC',
  'content-type',
  'x-millrace-key',
  'x-millrace-header-x',
  'x-first-death-queue',
  'Content-Type',
  'x-match',
);
const text = fc.string({ unit: 'grapheme', maxLength: 100 });
const messages = fc.record({
  id: text.filter((id) => id.trim() !== ''),
  topic: fc.constant('orders.eu'),
  body: fc.uint8Array(),
  headers: fc
    .dictionary(fc.oneof(name, oddName), text, { noNullPrototype: true })
    .filter((headers) => !Object.hasOwn(headers, '__proto__')),
  key: text,
  time: fc.double({ noNaN: true, noDefaultInfinity: true }),
});

describe('a message on the wire', () => {
  const received = (properties: object, content: Uint8Array, routingKey: string) => ({
    content,
    properties,
    fields: { routingKey, exchange: '', redelivered: false },
  });

  it('is what it was, directly, addressed to a queue, and published again', () => {
    fc.assert(
      fc.property(messages, (message) => {
        for (const out of [toWire(message), addressed(message, 'queue', 1)]) {
          const raw = received(out.properties, out.content, out.routingKey);
          const first = fromWire(raw, () => 0);
          expect(first).toEqual({ message, deliveries: 0 });
          const next = again(raw, first.message, { routingKey: 'queue', deliveries: 3, keepsTopic: true });
          expect(fromWire(received(next.properties, next.content, next.routingKey), () => 0)).toEqual({
            message,
            deliveries: 3,
          });
        }
      }),
    );
  });

  it('has attributes of CloudEvents as its binding says, and reads both prefixes', () => {
    const { properties } = toWire(
      messageOf('a', { headers: { 'ce-type': 't', 'content-type': 'text/plain', trace: '1' } }),
    );
    expect(properties).toMatchObject({ contentType: 'text/plain', headers: { 'cloudEvents:type': 't', trace: '1' } });
    const { message } = fromWire(
      received({ headers: { cloudEvents_type: 't', 'cloudEvents:id': 'i' } }, new Uint8Array(), 'k'),
      () => 0,
    );
    expect(message).toMatchObject({ id: 'i', headers: { 'ce-type': 't', 'ce-id': 'i' } });
  });

  it('has its time in seconds for others, and in milliseconds for us', () => {
    const { properties } = toWire(messageOf('a', { time: 1_700_000_000_123 }));
    expect(properties.timestamp).toBe(1_700_000_000);
    expect(fromWire(received({ timestamp: 1_700_000_000 }, new Uint8Array(), 'k'), () => 0).message.time).toBe(
      1_700_000_000_000,
    );
  });

  it('counts its deliveries before it was published again, and since', () => {
    const raw = (redelivered: boolean, headers: object) => ({
      ...received({ headers }, new Uint8Array(), 'k'),
      fields: { routingKey: 'k', exchange: '', redelivered },
    });
    expect(deliveryCountOf(raw(false, {}), 0)).toBe(1);
    expect(deliveryCountOf(raw(true, { 'x-delivery-count': 4 }), 3)).toBe(8);
    expect(deliveryCountOf(raw(true, {}), 3)).toBe(5);
  });
});

describe.skipIf(rabbitMqUrl === undefined)('a message over RabbitMQ', () => {
  const exchange = { name: ownName('wire') };
  const prefix = `${exchange.name}.`;
  let raw: RawClient;

  beforeAll(async () => {
    raw = await rawClient();
  });

  afterAll(async () => {
    await raw.channel.deleteExchange(exchange.name);
    await raw[Symbol.asyncDispose]();
  });

  /** What a program that knows nothing of us has published, as it comes, and as it comes again after a delay. */
  async function foreign(properties: Options.Publish, routingKey = 'orders'): Promise<readonly BrokerDelivery[]> {
    await using broker = await rabbitMqBroker({ connect: { url: rabbitMqUrl! }, exchange, prefix });
    const subscription = broker.subscribe({ topics: '>', group: ownName('g'), isEphemeral: true });
    await subscription.ready;
    const got = keep(subscription);
    raw.channel.publish(exchange.name, routingKey, Buffer.from('hello'), properties);
    await waitUntil(() => got.length === 1);
    await got[0]!.nack();
    await waitUntil(() => got.length === 2);
    return got;
  }

  it('of another program, without any header, has an id that it keeps when it comes again', async () => {
    const [first, second] = await foreign({});
    expect(first!.message.id).toMatch(/^[\w-]{20,}$/);
    expect(first!.message).toMatchObject({ topic: 'orders', headers: {} });
    expect(new TextDecoder().decode(first!.message.body)).toBe('hello');
    expect(Number.isFinite(first!.message.time)).toBe(true);
    expect(second!.message).toEqual(first!.message);
    expect([first!.deliveryCount, second!.deliveryCount]).toEqual([1, 2]);
  });

  it('of another program may have headers of any kind', async () => {
    const headers = {
      number: 7,
      yes: true,
      nothing: null,
      list: [1, 'a'],
      table: { a: 1 },
      'two words': 'ä',
      text: 'Größe 🌊',
    };
    const [first, second] = await foreign({
      headers,
      messageId: 'm1',
      timestamp: 1_700_000_000,
      contentType: 'text/plain',
      priority: 3,
    });
    expect(first!.message).toMatchObject({
      id: 'm1',
      time: 1_700_000_000_000,
      headers: {
        number: '7',
        yes: 'true',
        nothing: '',
        list: '[1,"a"]',
        table: '{"a":1}',
        'two%20words': 'ä',
        text: 'Größe 🌊',
        'content-type': 'text/plain',
      },
    });
    expect(second!.message).toEqual(first!.message);
  });

  it('comes even with an empty routing key', async () => {
    const [first] = await foreign({}, '');
    expect(first!.message.topic).toBe('');
  });

  it('can be read by other programs', async () => {
    await using broker = await rabbitMqBroker({ connect: { url: rabbitMqUrl! }, exchange, prefix });
    await raw.channel.assertExchange(exchange.name, 'topic');
    const { queue } = await raw.channel.assertQueue('', { exclusive: true });
    await raw.channel.bindQueue(queue, exchange.name, 'orders');
    const got: ConsumeMessage[] = [];
    await raw.channel.consume(queue, (message) => got.push(message!), { noAck: true });
    const headers = { 'ce-type': 'order.placed', 'content-type': 'application/json', note: 'Größe 🌊' };
    await broker.publish(messageOf('a', { headers, time: 1_700_000_000_123, key: 'k' }));
    await waitUntil(() => got.length === 1);
    const [{ properties, content }] = got as [ConsumeMessage];
    expect(content.toString()).toBe('a');
    expect(properties).toMatchObject({
      messageId: 'a',
      contentType: 'application/json',
      timestamp: 1_700_000_000,
      deliveryMode: 2,
      headers: {
        'cloudEvents:type': 'order.placed',
        note: 'Größe 🌊',
        'x-millrace-key': 'k',
        'x-millrace-time': 1_700_000_000_123,
      },
    });
  });
});
