import type { Broker, SubscribeOptions } from 'millrace';
import { type RabbitMqConnectOptions, rabbitMqBroker } from 'millrace/rabbitmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keep, messageOf, messagesOf, shown } from '../support/broker-messages.ts';
import { ownName, rabbitMqUrl, type RawClient, rawClient, waitUntil } from '../support/rabbitmq.ts';

describe.skipIf(rabbitMqUrl === undefined)('what a group of RabbitMQ hands back', () => {
  const brokers: Broker[] = [];
  let raw: RawClient;
  let prefix: string;

  beforeEach(async () => {
    raw = await rawClient();
    prefix = `${ownName('again')}.`;
  });

  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.close();
    await raw[Symbol.asyncDispose]();
  });

  async function open(options: Partial<RabbitMqConnectOptions> = {}): Promise<Broker> {
    const exchange = { name: `${prefix}x` };
    const broker = await rabbitMqBroker({ connect: { url: rabbitMqUrl! }, prefix, exchange, ...options });
    brokers.push(broker);
    return broker;
  }

  async function read(broker: Broker, options: Partial<SubscribeOptions> = {}) {
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 10, ...options });
    await subscription.ready;
    return { subscription, got: keep(subscription) };
  }

  it('counts its deliveries over requeues and delays alike', async () => {
    const broker = await open();
    const { got } = await read(broker);
    await broker.publish(messageOf('a', { headers: { note: 'Größe 🌊' }, key: 'k' }));
    for (const delayMs of [0, 30, 0, 0, 30]) {
      await waitUntil(() => got.at(-1)?.signal.aborted === false);
      const { length } = got;
      await got.at(-1)!.nack({ delayMs });
      await waitUntil(() => got.length > length);
    }
    expect(shown(got)).toBe('a a2 a3 a4 a5 a6');
    expect(got.at(-1)!.message).toEqual(got[0]!.message);
    await got.at(-1)!.ack();
  });

  it('hands many back at a time, and Node has nothing to warn of', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): number => warnings.push(name);
    process.on('warning', note);
    const broker = await open();
    const { got } = await read(broker, { maxInFlight: 20 });
    await broker.publish(Array.from({ length: 20 }, (_, n) => messageOf(`m${n}`)));
    await waitUntil(() => got.length === 20);
    await Promise.all(got.map(async (delivery) => delivery.nack({ delayMs: 10 })));
    await waitUntil(() => got.length === 40);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('waits in one queue for each step of delays, in the order of its times', async () => {
    const broker = await open();
    const { got } = await read(broker);
    await broker.publish(messagesOf('ab'));
    await waitUntil(() => got.length === 2);
    const begun = Date.now();
    await got[0]!.nack({ delayMs: 200 });
    await got[1]!.nack({ delayMs: 240 });
    await waitUntil(() => got.length === 4);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(235);
    expect(shown(got)).toBe('a b a2 b2');
    expect(await raw.channel.checkQueue(`${prefix}workers.delay.250`)).toMatchObject({ messageCount: 0 });
    await got[2]!.ack();
    await got[3]!.ack();
  });

  it('waits again, when somebody has deleted the queue for it', async () => {
    const broker = await open();
    const { got } = await read(broker);
    await broker.publish(messageOf('a'));
    await waitUntil(() => got.length === 1);
    await got[0]!.nack({ delayMs: 30 });
    await waitUntil(() => got.length === 2);
    await raw.channel.deleteQueue(`${prefix}workers.delay.125`);
    await got[1]!.nack({ delayMs: 30 });
    await waitUntil(() => got.length === 3);
    expect(shown(got)).toBe('a a2 a3');
    await got[2]!.ack();
  });

  it('is kept when its consumer dies while it waits', async () => {
    const broker = await open();
    const { got } = await read(broker);
    await broker.publish(messageOf('a'));
    await waitUntil(() => got.length === 1);
    await got[0]!.nack({ delayMs: 300 });
    await broker.close();
    const { got: later } = await read(await open());
    await waitUntil(() => later.length === 1);
    expect(shown(later)).toBe('a2');
    await later[0]!.ack();
  });

  it('is given up after maxDeliveries, whatever the delays, to a queue of its own where nobody subscribes to the letters', async () => {
    const broker = await open();
    const deadLetter = { topic: 'dead.orders', maxDeliveries: 3 };
    const { got } = await read(broker, { deadLetter });
    await broker.publish(messageOf('a', { headers: { trace: '1' }, key: 'k' }));
    for (const delayMs of [0, 20, 20]) {
      const { length } = got;
      await waitUntil(() => got.length > 0 && !got.at(-1)!.signal.aborted);
      await got.at(-1)!.nack({ delayMs });
      if (length < 3) await waitUntil(() => got.length > length || got.length === 3);
    }
    await waitUntil(() => broker.stats().inFlight === 0);
    expect(shown(got)).toBe('a a2 a3');
    const letter = await raw.channel.get(`${prefix}workers.dead`, { noAck: true });
    expect(letter).toMatchObject({
      properties: {
        messageId: 'a',
        headers: {
          trace: '1',
          'x-millrace-key': 'k',
          'x-millrace-topic': 'dead.orders',
          'dead-letter-topic': 'orders',
          'dead-letter-group': 'workers',
          'dead-letter-deliveries': '3',
        },
      },
    });
  });

  it('is given up unseen, when its consumer has died with it as often as it may be delivered', async () => {
    const deadLetter = { topic: 'dead', maxDeliveries: 2 };
    for (let death = 1; death <= 2; death++) {
      const broker = await open();
      const { got } = await read(broker, { deadLetter });
      if (death === 1) await broker.publish(messageOf('poison'));
      await waitUntil(() => got.length === 1);
      expect(got[0]!.deliveryCount).toBe(death);
      await broker.close();
    }
    const broker = await open();
    const { got: letters } = await read(broker, { topics: 'dead', group: 'letters' });
    const { got } = await read(broker, { deadLetter });
    await waitUntil(() => letters.length === 1);
    expect(letters[0]!.message).toMatchObject({
      id: 'poison',
      topic: 'dead',
      headers: { 'dead-letter-deliveries': '2' },
    });
    expect(got).toEqual([]);
    await letters[0]!.ack();
  });

  it('keeps its place with inTurn, and nothing passes it while it waits', async () => {
    const broker = await open({ inTurn: true });
    expect(broker.capabilities.orderAcrossRedelivery).toBe(true);
    const { got } = await read(broker);
    const { got: others } = await read(broker);
    await broker.publish(messagesOf('abc'));
    await waitUntil(() => got.length === 1);
    await got[0]!.nack({ delayMs: 150 });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(shown(got)).toBe('a');
    for (let count = 2; count <= 4; count++) {
      await waitUntil(() => got.length === count);
      await got.at(-1)!.ack();
    }
    expect(shown(got)).toBe('a a2 b c');
    expect(others).toEqual([]);
  });

  it('is counted in an ephemeral group, too, which is shared and ends with its last subscription', async () => {
    const [one, other] = [await open(), await open()];
    const first = await read(one, { isEphemeral: true });
    const second = await read(other, { isEphemeral: true });
    await one.publish(messagesOf('ab'));
    await waitUntil(() => first.got.length + second.got.length === 2);
    expect([first.got.length, second.got.length]).toEqual([1, 1]);
    const again = (): string => shown([...first.got, ...second.got].filter(({ signal }) => !signal.aborted));
    await Promise.all(
      [...first.got, ...second.got].map(async (delivery, index) => delivery.nack({ delayMs: index * 20 })),
    );
    await waitUntil(() => /^(a2 b2|b2 a2)$/.test(again()));
    await first.subscription.close();
    expect(await raw.channel.checkQueue(`${prefix}workers`)).toMatchObject({ consumerCount: 1 });
    await second.subscription.close();
    await expect(raw.channel.checkQueue(`${prefix}workers`)).rejects.toThrow('NOT_FOUND');
  });

  it('is counted where the queue does not count, and classic queues serve priorities', async () => {
    const queue = { arguments: { 'x-queue-type': 'classic', 'x-max-priority': 5 } };
    const broker = await open({ queue });
    expect(broker.capabilities.deliveryCount).toBe(false);
    const { got, subscription } = await read(broker, { maxInFlight: 1 });
    await subscription.close();
    for (const [text, priority] of [
      ['low', 1],
      ['high', 5],
    ] as const) {
      raw.channel.publish(`${prefix}x`, 'orders', Buffer.from(text), { messageId: text, priority });
    }
    await raw.channel.waitForConfirms();
    const { got: later } = await read(broker, { maxInFlight: 1 });
    await waitUntil(() => later.length === 1);
    await later[0]!.nack();
    await waitUntil(() => later.length === 2);
    await later[1]!.ack();
    expect(shown(later.slice(0, 2))).toBe('high high2');
    expect(got).toEqual([]);
  });
});
