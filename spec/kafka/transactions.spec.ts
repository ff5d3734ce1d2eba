import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Broker, BrokerMessage } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import {
  committedIds,
  hasKafkaReader,
  kafkaUrl,
  openKafka,
  ownName,
  ownTopic,
  placesOf,
  rawKafka,
} from '../support/kafka.ts';

// More of both by hand: MILLRACE_SCALE=1 npx vitest run spec/kafka/transactions.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);
const KILLS = scale > 0.1 ? 20 : 3;
const COUNT = 300 * KILLS;

describe.skipIf(kafkaUrl === undefined || !hasKafkaReader)('ack({ publish }) on Kafka', { timeout: 300_000 }, () => {
  it('publishes for every input exactly once, however often its worker is killed', async () => {
    const [input, output, group] = [await ownTopic(3), await ownTopic(2), ownName('transform')];
    await using broker = await openKafka();
    await broker.publish(inputs(input, COUNT));
    const task = { url: kafkaUrl!, input, output, group };
    const finished = new Set<string>();
    let worker = startWorker(task, finished);
    try {
      for (let kills = 1; kills <= KILLS; kills++) {
        const enough = (COUNT / (KILLS + 1)) * kills;
        await vi.waitFor(() => expect(finished.size).toBeGreaterThan(enough), { timeout: 60_000, interval: 1 });
        worker.kill('SIGKILL');
        await once(worker, 'exit');
        worker = startWorker(task, finished);
      }
      const places = async (): Promise<number> => (await placesOf(group, input)).reduce((sum, place) => sum + place, 0);
      await vi.waitFor(async () => expect(await places()).toBe(COUNT), { timeout: 60_000, interval: 200 });
    } finally {
      worker.kill('SIGKILL');
    }
    const ids = await committedIds(output);
    const wanted = inputs(input, COUNT).map(({ id }) => `${id}-out`);
    expect(ids.length).toBe(COUNT);
    expect(new Set(ids)).toStrictEqual(new Set(wanted));
    // What a worker was told is so.
    expect(wanted).toEqual(expect.arrayContaining(Array.from(finished, (id) => `${id}-out`)));
    // And so it is for this library's own readers.
    expect((await readAll(broker, output, COUNT)).toSorted()).toStrictEqual(wanted.toSorted());
    console.info(`${KILLS} kills: ${COUNT} inputs, ${ids.length} outputs, ${finished.size} acknowledgements heard of`);
  });

  it('publishes nothing of a member that has lost its partition, though it does not know', async () => {
    const [input, output, group] = [await ownTopic(1), await ownTopic(1), ownName('zombie')];
    await using broker = await openKafka({ transactional: { id: group } });
    const subscription = broker.subscribe({ topics: input, group, from: 'earliest' });
    await broker.publish(inputs(input, 1));
    const loop = subscription[Symbol.asyncIterator]();
    const { value: delivery } = await loop.next();

    // As after a pause that was longer than the session: somebody else has begun with what was its partition.
    const transactionalId = `${group}.${group}.${input}/0`;
    const usurper = rawKafka().producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await usurper.connect();
    await usurper.transaction();
    await usurper.disconnect();
    const made = { ...inputs(output, 1)[0]!, id: 'zombie' };
    await expect(delivery!.ack({ publish: [made] })).rejects.toThrow('Expected the delivery of message');
    // It comes again, as nobody else has it.
    const again = await loop.next();
    expect(again.value!.message.id).toBe(delivery!.message.id);
    await again.value!.ack({ publish: [{ ...made, id: 'alive' }] });
    expect(await committedIds(output)).toStrictEqual(['alive']);
  });

  it('groups acknowledgements that come together', async () => {
    const [input, output, group] = [await ownTopic(4), await ownTopic(4), ownName('fast')];
    await using broker = await openKafka({ transactional: { id: group } });
    await broker.publish(inputs(input, 1_000));
    const subscription = broker.subscribe({ topics: input, group, maxInFlight: 256, from: 'earliest' });
    await subscription.ready;
    const startedAt = performance.now();
    let left = 1_000;
    const acks: Promise<void>[] = [];
    for await (const delivery of subscription) {
      const { message } = delivery;
      acks.push(delivery.ack({ publish: [{ ...message, topic: output, id: `${message.id}-out` }] }));
      if (--left === 0) break;
    }
    await Promise.all(acks);
    console.info(`1,000 acknowledgements with a message each: ${Math.round(performance.now() - startedAt)} ms`);
    expect(new Set(await committedIds(output)).size).toBe(1_000);
  });
});

function inputs(topic: string, count: number): readonly BrokerMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `m${index}`,
    topic,
    key: `key-${index % 50}`,
    body: Buffer.from(String(index)),
    headers: {},
  }));
}

/** What a new group is given, and a little later. */
async function readAll(broker: Broker, topic: string, count: number): Promise<readonly string[]> {
  const subscription = broker.subscribe({
    topics: topic,
    group: ownName('readers'),
    maxInFlight: 64,
    from: 'earliest',
  });
  const ids: string[] = [];
  void (async () => {
    for await (const delivery of subscription) {
      ids.push(delivery.message.id);
      void delivery.ack();
    }
  })();
  await vi.waitFor(() => expect(ids.length).toBeGreaterThanOrEqual(count), { timeout: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await subscription.close();
  return ids;
}

function startWorker(task: object, finished: Set<string>): ChildProcess {
  const main = fileURLToPath(new URL('transformer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', main, JSON.stringify(task)], {
    env: { ...process.env, TSX_TSCONFIG_PATH: 'spec/tsconfig.json' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.on('data', (text: Buffer) => {
    for (const line of text.toString().split('\n')) if (line.startsWith('m')) finished.add(line);
  });
  return child;
}
