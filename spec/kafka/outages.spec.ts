import type { BrokerMessage, BrokerState } from 'millrace';
import { MillraceError } from 'millrace';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { administer, kafkaUrl, openKafka, ownName, ownTopic, warmUp } from '../support/kafka.ts';
import { openOwnServer, type OwnServer } from '../support/own-server.ts';

let server: OwnServer;

describe.skipIf(kafkaUrl === undefined)('a server that is killed', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    server = (await openOwnServer('kafka'))!;
    await warmUp(server.url);
  }, 60_000);

  afterAll(async () => server?.[Symbol.asyncDispose]());

  it('under load loses nothing that was confirmed, and what is published meanwhile is confirmed when it is back', async () => {
    const [topic, group] = [await ownTopic(4, server.url), ownName('group')];
    await using broker = await openKafka({ publishTimeoutMs: 60_000 }, server.url);
    const states: BrokerState[] = [];
    broker.states.subscribe((state) => states.push(state));
    const subscription = broker.subscribe({ topics: topic, group, maxInFlight: 64 });
    const handled = new Map<string, number>();
    let mostInFlight = 0;
    void (async () => {
      for await (const delivery of subscription) {
        const { id } = delivery.message;
        mostInFlight = Math.max(mostInFlight, broker.stats().inFlight);
        setTimeout(() => {
          delivery.ack().then(
            () => handled.set(id, (handled.get(id) ?? 0) + 1),
            () => undefined,
          );
        }, Math.random() * 5);
      }
    })();
    await subscription.ready;
    const confirmed = new Set<string>();
    const sent = messages(topic, 4_000);
    const publishing = Promise.all(
      Array.from({ length: 20 }, async (_, publisher) => {
        for (let index = publisher; index < sent.length; index += 20) {
          await broker.publish(sent[index]!);
          confirmed.add(sent[index]!.id);
        }
      }),
    );
    await vi.waitFor(() => expect(confirmed.size).toBeGreaterThan(1_000), { timeout: 30_000, interval: 5 });
    await server.kill();
    await vi.waitFor(() => expect(broker.stats().state).toBe('reconnecting'), 10_000);
    const during = broker.publish({ ...sent[0]!, id: 'during' });
    await server.start();
    await publishing;
    expect(await during).toHaveLength(1);
    confirmed.add('during');
    await vi.waitFor(() => expect(handled.size).toBe(4_001), { timeout: 60_000, interval: 50 });
    expect(new Set(handled.keys())).toStrictEqual(confirmed);
    expect(mostInFlight).toBeLessThanOrEqual(64);
    expect(states.slice(0, 3)).toStrictEqual(['connected', 'reconnecting', 'connected']);
    expect(broker.stats()).toMatchObject({ state: 'connected', publishing: 0, inFlight: 0 });
    expect(broker.stats().reconnects).toBeGreaterThan(0);
    const inLog = await administer(async (admin) => admin.fetchTopicOffsets(topic), server.url);
    const stored = inLog.reduce((sum, { high }) => sum + Number(high), 0);
    const repeats = Array.from(handled.values()).filter((count) => count > 1).length;
    console.info(`killed under load: 4,001 confirmed, ${stored} in the log, ${repeats} acknowledged more than once`);
  });

  it('and stays away refuses what is published, once, and says whether it may be there', async () => {
    const topic = await ownTopic(1, server.url);
    await using broker = await openKafka({ publishTimeoutMs: 1_500 }, server.url);
    await broker.publish(messages(topic, 1));
    await server.kill();
    const startedAt = performance.now();
    const results = await Promise.allSettled(messages(topic, 5).map(async (message) => broker.publish(message)));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(MillraceError) });
      const { code } = (result as PromiseRejectedResult).reason as MillraceError;
      expect(['OUTCOME_UNKNOWN', 'BROKER_UNAVAILABLE']).toContain(code);
    }
    expect(broker.stats().publishing).toBe(0);
    await server.start();
    // It goes on by itself.
    await vi.waitFor(async () => expect(await broker.publish(messages(topic, 1))).toHaveLength(1), { timeout: 30_000 });
  });

  it('does not keep anybody from closing', async () => {
    const [topic, group] = [await ownTopic(1, server.url), ownName('group')];
    const broker = await openKafka({}, server.url);
    const subscription = broker.subscribe({ topics: topic, group });
    await subscription.ready;
    await server.kill();
    const publishing = broker.publish(messages(topic, 1)).catch((error: unknown) => error);
    await vi.waitFor(() => expect(broker.stats().state).toBe('reconnecting'), 10_000);
    const startedAt = performance.now();
    await broker.close();
    expect(await publishing).toBeInstanceOf(MillraceError);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await server.start();
  });
});

function messages(topic: string, count: number): readonly BrokerMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    topic,
    key: `key-${index % 50}`,
    body: Uint8Array.of(index),
    headers: {},
  }));
}
