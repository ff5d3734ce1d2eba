import { connect, type NatsConnection } from '@nats-io/transport-node';
import { BrokerUnavailableError, DeliveryLostError } from 'millrace';
import { jetStreamBroker, natsBroker } from 'millrace/nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keep, messageOf, shown } from '../support/broker-messages.ts';
import { natsUrl } from '../support/nats.ts';
import { openOwnServer, type OwnServer } from '../support/own-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, index) => messageOf(`m${index}`));

describe.skipIf(natsUrl === undefined)('while its server is away', { timeout: 30_000 }, () => {
  let server: OwnServer;

  beforeEach(async () => {
    server = (await openOwnServer('nats'))!;
  });

  afterEach(async () => server[Symbol.asyncDispose]());

  it('a publish on JetStream waits, and is kept once', async () => {
    await using broker = await jetStreamBroker({ connect: { servers: server.url } });
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 2_000 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messageOf('before'));
    const states: string[] = [];
    broker.states.subscribe((state) => states.push(state));
    await server.kill();
    await expect.poll(() => broker.stats().state).toBe('reconnecting');
    const publishing = broker.publish(numbered(1_000));
    expect(broker.stats().publishing).toBe(1_000);
    await server.start();
    const receipts = await publishing;
    // A request for messages that was lost with the connection is made anew at once.
    await expect.poll(() => kept.length, { timeout: 3_000 }).toBe(1_001);
    expect(receipts.map(({ sequence }) => sequence)).toStrictEqual(numbered(1_000).map((_, index) => index + 2));
    expect(broker.stats()).toMatchObject({ state: 'connected', reconnects: 1, publishing: 0 });
    expect(states).toStrictEqual(['connected', 'reconnecting', 'connected']);
  });

  it('nothing confirmed is lost, nor given twice to the log, when the server is killed under load', async () => {
    await using broker = await jetStreamBroker({ connect: { servers: server.url }, ackWaitMs: 1_000 });
    const seen = new Set<string>();
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 64 });
    await subscription.ready;
    let most = 0;
    void (async () => {
      for await (const delivery of subscription) {
        most = Math.max(most, broker.stats().inFlight);
        seen.add(delivery.message.id);
        delivery.ack().catch(() => undefined);
      }
    })();
    const messages = numbered(5_000);
    const publishing = Promise.all(messages.map(async (message) => broker.publish(message)));
    for (const share of [1_000, 3_000]) {
      await expect.poll(() => seen.size, { interval: 5, timeout: 10_000 }).toBeGreaterThan(share);
      await server.kill();
      await server.start();
    }
    const receipts = (await publishing).flat();
    expect(new Set(receipts.map(({ sequence }) => sequence)).size).toBe(5_000);
    await expect.poll(() => seen.size, { timeout: 15_000 }).toBe(5_000);
    expect(most).toBeLessThanOrEqual(64);
    // From outside, once more.
    const client = await connect({ servers: server.url });
    await using reader = await jetStreamBroker({ client });
    const again = reader.subscribe({ topics: '>', group: 'again', from: 'earliest', maxInFlight: 10_000 });
    const kept = keep(again);
    await expect.poll(() => kept.length, { timeout: 5_000 }).toBe(5_000);
    expect(new Set(kept.map(({ message }) => message.id)).size).toBe(5_000);
    await reader.close();
    await client.close();
  });

  it('a publish is refused when its time is over, and says that nothing was sent', async () => {
    for (const open of [natsBroker, jetStreamBroker]) {
      await using broker = await open({ connect: { servers: server.url }, publishTimeoutMs: 300 });
      await broker.publish(messageOf('before'));
      await server.kill();
      await expect.poll(() => broker.stats().state).toBe('reconnecting');
      const late = broker.publish(messageOf('late'));
      await expect(late).rejects.toThrow(BrokerUnavailableError);
      await expect(late).rejects.toThrow('300 ms, got no answer, as it was away. Nothing was sent.');
      const aborted = new AbortController();
      const publishing = broker.publish(messageOf('aborted'), { signal: aborted.signal });
      aborted.abort(new Error('not needed'));
      await expect(publishing).rejects.toThrow('not needed');
      expect(broker.stats().publishing).toBe(0);
      await server.start();
      await expect.poll(() => broker.stats().state, { timeout: 5_000 }).toBe('connected');
    }
  });

  it('a publish on core NATS waits, and groups hear again by themselves', async () => {
    await using broker = await natsBroker({ connect: { servers: server.url } });
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 10 });
    await subscription.ready;
    const kept = keep(subscription);
    await server.kill();
    await expect.poll(() => broker.stats().state).toBe('reconnecting');
    const publishing = broker.publish([messageOf('a'), messageOf('b')]);
    await server.start();
    expect(await publishing).toHaveLength(2);
    await expect.poll(() => shown(kept), { timeout: 5_000 }).toBe('a b');
  });

  it('a subscription stands as soon as it is back, and one that is closed before does not', async () => {
    await using broker = await jetStreamBroker({ connect: { servers: server.url } });
    await server.kill();
    await expect.poll(() => broker.stats().state).toBe('reconnecting');
    const subscription = broker.subscribe({ topics: 'orders', group: 'all' });
    const abandoned = broker.subscribe({ topics: 'orders', group: 'none' });
    const refused = expect(abandoned.ready).rejects.toThrow('closed');
    await abandoned.close();
    await server.start();
    await subscription.ready;
    await refused;
  });

  it('closes, and leaves neither a socket nor a timer', async () => {
    const open = (kind: RegExp): number => process.getActiveResourcesInfo().filter((name) => kind.test(name)).length;
    const [sockets, timers] = [open(/TCP/u), open(/Timeout/u)];
    const brokers = [
      await jetStreamBroker({ connect: { servers: server.url } }),
      await natsBroker({ connect: { servers: server.url } }),
    ];
    for (const broker of brokers) {
      const subscription = broker.subscribe({ topics: 'orders', group: 'all' });
      await subscription.ready;
      keep(subscription);
      await broker.publish(messageOf('a'));
    }
    await server.kill();
    await expect.poll(() => brokers.map((broker) => broker.stats().state).join()).toBe('reconnecting,reconnecting');
    const publishing = brokers.map((broker) => expect(broker.publish(messageOf('b'))).rejects.toThrow('to be open'));
    await Promise.all(brokers.map((broker) => broker.close()));
    await Promise.all(publishing);
    // Fewer, where one of the test runner's own ended meanwhile.
    await expect.poll(() => open(/TCP/u)).toBeLessThanOrEqual(sockets);
    await expect.poll(() => open(/Timeout/u)).toBeLessThanOrEqual(timers);
  });
});

describe.skipIf(natsUrl === undefined)('a network that fails', { timeout: 30_000 }, () => {
  it.each(['cut', 'halfOpen'] as const)('(%s) costs nothing that was confirmed', async (failure) => {
    await using proxy = await TcpProxy.open(Number(new URL(natsUrl!).port));
    const name = `network-${failure}-${process.pid}`;
    await using broker = await jetStreamBroker({
      connect: { servers: proxy.through(natsUrl!), pingInterval: 200 },
      stream: { name },
      subjectPrefix: `${name}.`,
      ackWaitMs: 1_000,
    });
    const subscription = broker.subscribe({ topics: 'orders', group: 'all', maxInFlight: 8 });
    await subscription.ready;
    const kept = keep(subscription);
    await broker.publish(messageOf('a'));
    await expect.poll(() => shown(kept)).toBe('a');
    proxy[failure]();
    const publishing = broker.publish([messageOf('b'), messageOf('c')]);
    const acknowledged = kept[0]!.ack();
    if (failure === 'halfOpen') proxy.restore();
    let isConfirmed = false;
    void publishing.then(() => (isConfirmed = true));
    // What was lost with the connection is sent anew as soon as there is another.
    await expect.poll(() => isConfirmed, { timeout: 4_000 }).toBe(true);
    await acknowledged.catch((error: unknown) => expect(error).toBeInstanceOf(DeliveryLostError));
    await expect.poll(() => new Set(kept.map(({ message }) => message.id)).size, { timeout: 10_000 }).toBe(3);
    expect(broker.stats().reconnects).toBe(1);
  });

  it.each([
    { what: 'when its time is over', pingInterval: 10_000, publishTimeoutMs: 300 },
    { what: 'when the connection is lost', pingInterval: 100, publishTimeoutMs: 30_000 },
  ])('leaves unknown what core NATS has of a publish, $what', async ({ pingInterval, publishTimeoutMs }) => {
    await using proxy = await TcpProxy.open(Number(new URL(natsUrl!).port));
    await using broker = await natsBroker({
      connect: { servers: proxy.through(natsUrl!), pingInterval },
      publishTimeoutMs,
    });
    proxy.halfOpen();
    const publishing = broker.publish(messageOf('a'));
    await expect(publishing).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    proxy.restore();
  });

  it('leaves nothing behind on a client that it was given', async () => {
    const client = await connect({ servers: natsUrl! });
    const statuses: (ReturnType<NatsConnection['status']> & { readonly done?: boolean })[] = [];
    const status = client.status.bind(client);
    client.status = () => {
      statuses.push(status());
      return statuses.at(-1)!;
    };
    for (const open of [natsBroker, jetStreamBroker]) await (await open({ client })).close();
    expect(statuses.map(({ done }) => done)).toStrictEqual([true, true]);
    expect(client.isClosed()).toBe(false);
    await client.close();
  });

  it('says that it is over when the client that it was given is closed', async () => {
    const client = await connect({ servers: natsUrl! });
    await using broker = await jetStreamBroker({
      client,
      stream: { name: `closed-${process.pid}` },
      subjectPrefix: `closed-${process.pid}.`,
    });
    const subscription = broker.subscribe({ topics: 'orders', group: 'all' });
    await subscription.ready;
    const next = expect(subscription[Symbol.asyncIterator]().next()).rejects.toThrow(BrokerUnavailableError);
    await client.close();
    await next;
    await expect(broker.publish(messageOf('a'))).rejects.toThrow('Close the broker before its client');
    expect(broker.stats().state).toBe('closed');
  });
});
