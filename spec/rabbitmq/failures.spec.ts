import {
  type Broker,
  type BrokerState,
  BrokerUnavailableError,
  ClosedError,
  type MillraceError,
  TopologyError,
} from 'millrace';
import { rabbitMqBroker } from 'millrace/rabbitmq';
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keep, messageOf, messagesOf, shown } from '../support/broker-messages.ts';
import {
  openRabbitMq,
  ownName,
  type OwnRabbitMq,
  rabbitMqUrl,
  type RawClient,
  rawClient,
  waitUntil,
} from '../support/rabbitmq.ts';
import { Proxy } from './proxy.ts';

describe.skipIf(rabbitMqUrl === undefined)('a broker, when its RabbitMQ', () => {
  let server: OwnRabbitMq;
  const brokers: Broker[] = [];

  beforeAll(async () => {
    server = await openRabbitMq({ RABBIT_CONF: 'max_message_size = 100000' });
  }, 60_000);

  afterAll(async () => server?.[Symbol.asyncDispose]());

  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.close();
  });

  async function open(
    options: { readonly publishTimeoutMs?: number; readonly manage?: boolean } = {},
  ): Promise<Broker> {
    const broker = await rabbitMqBroker({ connect: { url: server.url }, ...options });
    brokers.push(broker);
    return broker;
  }

  it(
    'is killed under load, loses nothing that was confirmed, and what waits is confirmed later',
    { timeout: 60_000 },
    async () => {
      const [publisher, reader] = [await open(), await open()];
      const states: BrokerState[] = [];
      publisher.states.subscribe((state) => states.push(state));
      const group = ownName('killed');
      const subscription = reader.subscribe({ topics: 'orders', group, maxInFlight: 64 });
      await subscription.ready;
      const handled = new Set<string>();
      const refused: unknown[] = [];
      const reading = (async () => {
        for await (const delivery of subscription) {
          handled.add(delivery.message.id);
          // Lost ones come again.
          await delivery.ack().catch((error: unknown) => refused.push(error));
        }
      })();
      const confirmed = new Set<string>();
      let next = 0;
      const stopping = new AbortController();
      const work = async (): Promise<void> => {
        while (!stopping.signal.aborted) {
          const id = `m${next++}`;
          await publisher.publish(messageOf(id));
          expect(confirmed.has(id)).toBe(false);
          confirmed.add(id);
        }
      };
      const working = Promise.all(Array.from({ length: 20 }, work));
      await waitUntil(() => confirmed.size > 200);
      await server.kill();
      const before = confirmed.size;
      await waitUntil(() => publisher.stats().state === 'reconnecting');
      expect(publisher.stats().publishing).toBe(20);
      await server.start();
      await waitUntil(() => confirmed.size > before + 200, 20_000);
      stopping.abort();
      await working;
      await waitUntil(() => [...confirmed].every((id) => handled.has(id)), 20_000);
      await subscription.close();
      await reading;
      expect(states).toEqual(['connected', 'reconnecting', 'connected']);
      expect(publisher.stats()).toMatchObject({ state: 'connected', reconnects: 1, publishing: 0, inFlight: 0 });
      expect(refused.filter((error) => (error as MillraceError).code !== 'DELIVERY_LOST')).toEqual([]);
    },
  );

  it(
    'is away, refuses a publish when its time is over, and says that nothing was sent',
    { timeout: 40_000 },
    async () => {
      const broker = await open({ publishTimeoutMs: 300 });
      const patient = await open();
      await Promise.all([broker.publish(messageOf('before')), patient.publish(messageOf('before'))]);
      await server.kill();
      await waitUntil(() => broker.stats().state === 'reconnecting' && patient.stats().state === 'reconnecting');
      const waiting = patient.publish(messageOf('later'));
      const abandoned = new AbortController();
      const aborted = patient.publish(messageOf('aborted'), { signal: abandoned.signal });
      abandoned.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');
      const begun = Date.now();
      const error = await broker.publish(messageOf('a')).catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(BrokerUnavailableError);
      expect((error as Error).message).toContain(
        'within publishTimeoutMs, 300 ms, got no answer, as it was away. Nothing was sent.',
      );
      expect(Date.now() - begun).toBeGreaterThanOrEqual(295);
      // Closed in the middle of an outage: what waits is refused, and close() does not wait for the server.
      const closing = await open().catch((failure: unknown) => failure);
      expect(closing).toBeInstanceOf(BrokerUnavailableError);
      const last = broker.publish(messageOf('last'));
      await Promise.all([expect(last).rejects.toBeInstanceOf(ClosedError), broker.close()]);
      await server.start();
      expect(await waiting).toMatchObject([{ id: 'later' }]);
    },
  );

  it('takes a message for too large, refuses its publish, and confirms those around it', async () => {
    const broker = await open();
    const group = ownName('large');
    const subscription = broker.subscribe({ topics: group, group, maxInFlight: 100 });
    await subscription.ready;
    const got = keep(subscription);
    const bodies = [10, 100_001, 10, 100_000];
    const publishing = bodies.map(async (size, index) =>
      broker.publish(messageOf(`m${index}`, { topic: group, body: new Uint8Array(size) })),
    );
    const [first, large, second, most] = await Promise.allSettled(publishing);
    expect([first!.status, second!.status, most!.status]).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(large).toMatchObject({ status: 'rejected', reason: expect.any(BrokerUnavailableError) as Error });
    expect((large as PromiseRejectedResult).reason).toMatchObject({
      message: expect.stringMatching(
        /message 'm1' of 100001 bytes, got: .*message size 100001.*It would refuse it again/,
      ) as string,
    });
    await waitUntil(() => new Set(got.map(({ message }) => message.id)).size === 3);
    for (const delivery of got) await delivery.ack();
    expect(broker.stats()).toMatchObject({ state: 'connected', reconnects: 0 });
  });
});

describe.skipIf(rabbitMqUrl === undefined)('a broker on RabbitMQ', () => {
  let raw: RawClient;
  let prefix: string;
  const brokers: Broker[] = [];

  beforeAll(async () => {
    raw = await rawClient();
  });

  afterAll(async () => raw?.[Symbol.asyncDispose]());

  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.close();
  });

  async function open(
    options: { readonly manage?: boolean; readonly scheduler?: SchedulerLike } = {},
  ): Promise<Broker> {
    prefix = `${ownName('seam')}.`;
    const broker = await rabbitMqBroker({
      connect: { url: rabbitMqUrl! },
      prefix,
      exchange: { name: `${prefix}x` },
      ...options,
    });
    brokers.push(broker);
    return broker;
  }

  it('makes a queue again that was deleted under its consumer', async () => {
    const broker = await open();
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 10 });
    await subscription.ready;
    const got = keep(subscription);
    await broker.publish(messageOf('a'));
    await waitUntil(() => got.length === 1);
    await raw.channel.deleteQueue(`${prefix}workers`);
    await waitUntil(() => got[0]!.signal.aborted);
    await expect(got[0]!.ack()).rejects.toMatchObject({ code: 'DELIVERY_LOST' });
    for (let isRouted = false; !isRouted;) isRouted = (await broker.publish(messageOf('b')))[0]!.isRouted!;
    await waitUntil(() => got.length === 2);
    expect(shown(got)).toBe('a b');
    await got[1]!.ack();
  });

  it('ends a subscription whose queue was deleted, with manage: false', async () => {
    const broker = await open({ manage: false });
    await raw.channel.assertExchange(`${prefix}x`, 'topic', { autoDelete: true });
    await raw.channel.assertQueue(`${prefix}workers`, { arguments: { 'x-queue-type': 'quorum' } });
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers' });
    await subscription.ready;
    const next = subscription[Symbol.asyncIterator]().next();
    await raw.channel.deleteQueue(`${prefix}workers`);
    await expect(next).rejects.toBeInstanceOf(TopologyError);
    await raw.channel.deleteExchange(`${prefix}x`);
  });

  it('makes an exchange again that was deleted under its publisher', async () => {
    const broker = await open();
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 10 });
    await subscription.ready;
    await broker.publish(messageOf('a'));
    await raw.channel.deleteExchange(`${prefix}x`);
    const receipts = await Promise.all(messagesOf('bcd').map(async (message) => broker.publish(message)));
    expect(receipts.flat().map(({ id, isRouted }) => [id, isRouted])).toEqual([
      ['b', false],
      ['c', false],
      ['d', false],
    ]);
  });

  it('says that a publish was refused by a queue that is full', async () => {
    const broker = await open();
    await broker.publish(messageOf('before'));
    const options = { 'x-queue-type': 'classic', 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await raw.channel.assertQueue(`${prefix}full`, { arguments: options });
    await raw.channel.bindQueue(`${prefix}full`, `${prefix}x`, 'orders');
    const codes: unknown[] = [];
    for (const message of messagesOf('abc')) {
      codes.push(
        await broker.publish(message).then(
          () => 'confirmed',
          (error: MillraceError) => error.code,
        ),
      );
    }
    expect(codes).toEqual(['confirmed', 'OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
    await raw.channel.deleteQueue(`${prefix}full`);
    expect(await broker.publish(messageOf('d'))).toMatchObject([{ isRouted: false }]);
  });

  it('with a connection of the user leaves that open, and is over when it is lost', async () => {
    const own = await rawClient();
    const broker = await rabbitMqBroker({ client: own.connection, prefix: `${ownName('client')}.` });
    expect(broker.capabilities.restart).toBe(false);
    const states: BrokerState[] = [];
    broker.states.subscribe({ next: (state) => states.push(state), complete: () => states.push('closed') });
    const other = await rabbitMqBroker({ client: own.connection });
    await other.publish(messageOf('a'));
    await other.close();
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers' });
    await subscription.ready;
    const next = subscription[Symbol.asyncIterator]().next();
    await own.connection.close();
    await expect(next).rejects.toThrow('Only who made it can make another; with connect, the broker does.');
    expect(states).toEqual(['connected', 'closed', 'closed']);
    await expect(broker.publish(messageOf('a'))).rejects.toBeInstanceOf(BrokerUnavailableError);
    await broker.close();
    expect(own.connection.listenerCount('close')).toBe(0);
  });

  it('leaves no socket and no timer when it is closed', async () => {
    // Sockets of other specs may be on their way out; the raw client's stays.
    await waitUntil(() => openSockets() === 1);
    const before = 1;
    const timers = new Set<Subscription>();
    const scheduler: SchedulerLike = {
      now: () => asyncScheduler.now(),
      schedule(work, delay, state) {
        const timer = asyncScheduler.schedule(work as (state?: unknown) => void, delay, state);
        timers.add(timer);
        return timer;
      },
    };
    const broker = await open({ scheduler });
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 2 });
    await subscription.ready;
    const got = keep(subscription);
    await broker.publish(messagesOf('ab'));
    await waitUntil(() => got.length === 2);
    await got[0]!.nack({ delayMs: 60_000 });
    await broker.letterStore('letters').list();
    expect(openSockets()).toBe(before + 1);
    expect([...timers].some(({ closed }) => !closed)).toBe(true);
    await broker.close();
    await waitUntil(() => openSockets() === before);
    expect([...timers].filter(({ closed }) => !closed)).toEqual([]);
    expect(got[1]!.signal.aborted).toBe(true);
  });

  it.each(['cut', 'silent'] as const)(
    'goes on when its network is %s: what was open comes again, once',
    { timeout: 30_000 },
    async (kind) => {
      await using proxy = await Proxy.open(rabbitMqUrl!);
      prefix = `${ownName('seam')}.`;
      const url = `${proxy.url}?heartbeat=1`;
      await using broker = await rabbitMqBroker({ connect: { url }, prefix, exchange: { name: `${prefix}x` } });
      const subscription = broker.subscribe({ topics: 'orders', group: 'workers', maxInFlight: 10 });
      await subscription.ready;
      const got = keep(subscription);
      await broker.publish(messagesOf('ab'));
      await waitUntil(() => got.length === 2);
      await got[0]!.ack();
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (kind === 'cut') proxy.cut();
      else proxy.fallSilent();
      const publishing = broker.publish(messageOf('c'));
      await waitUntil(() => broker.stats().reconnects === 1);
      expect(await publishing).toMatchObject([{ id: 'c', isRouted: true }]);
      await waitUntil(() => got.length === 4);
      expect(got[1]!.signal.aborted).toBe(true);
      await expect(got[1]!.ack()).rejects.toMatchObject({ code: 'DELIVERY_LOST' });
      expect(got.slice(0, 2).map(({ message: { id } }) => id)).toEqual(['a', 'b']);
      expect(shown(got.slice(2)).split(' ').toSorted()).toEqual(['b2', 'c']);
      for (const delivery of got.slice(2)) await delivery.ack();
    },
  );
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}
