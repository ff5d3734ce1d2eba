import { createServer } from 'node:net';
import { once } from 'node:events';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { warmUp } from '../../support/kafka.ts';
import type { OutsideView } from '../rig.ts';
import type { ServerKind } from './server-rig.ts';

/** Kafka, whose second listener sends clients through the network, as it tells them itself where to go. */
export async function kafka(): Promise<ServerKind> {
  const proxiedPort = await freePort();
  return {
    kind: 'kafka',
    title: 'Kafka',
    service: 'kafka',
    sessionTimeoutMs: 3_000,
    environment: (networkPort) => ({
      KAFKA_PROXIED_PORT: String(proxiedPort),
      KAFKA_ADVERTISE: String(networkPort),
      // Members that are killed hold their partitions for so long.
      KAFKA_CONF: 'group.min.session.timeout.ms=1000',
    }),
    portBehindNetwork: () => proxiedPort,
    prepare: warmUp,
    watch,
  };
}

async function watch(url: string, topic: string): Promise<OutsideView> {
  const client = new Kafka({ brokers: [url], clientId: 'outside', logLevel: logLevel.NOTHING });
  return { bodies: () => readAll(client, topic), close: async () => undefined };
}

/** All that a topic has now, from its beginning. */
async function readAll(client: Kafka, topic: string): Promise<readonly string[]> {
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  /** Partitions that are not read to their ends. */
  const left = new Map(ends.filter(({ high, low }) => high !== low).map((end) => [end.partition, BigInt(end.high)]));
  const consumer = client.consumer({ groupId: `outside-${topic}`, maxWaitTimeInMs: 50 });
  const bodies: string[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      if (left.size === 0) resolve();
      run(consumer, (partition, values, next) => {
        bodies.push(...values);
        if (next >= (left.get(partition) ?? 0n)) left.delete(partition);
        if (left.size === 0) resolve();
      }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return bodies;
}

function run(
  consumer: Consumer,
  onBatch: (partition: number, values: readonly string[], next: bigint) => void,
): Promise<void> {
  return consumer.run({
    eachBatch: async ({ batch }) => {
      const values = batch.messages.map(({ value }) => value?.toString() ?? '');
      onBatch(batch.partition, values, BigInt(batch.lastOffset()) + 1n);
    },
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('Expected a port.');
  return address.port;
}
