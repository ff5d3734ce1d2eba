import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Broker } from 'millrace';
import { kafkaBroker, type KafkaOptions } from 'millrace/kafka';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';
import { serviceUrl } from './services.ts';

/** A server that specs share, if there is one: what they make on it has names of their own. */
export const kafkaUrl: string | undefined = await serviceUrl('kafka');

/** A name that nobody else has on the shared server. */
export function ownName(what: string): string {
  return `${what}-${randomBytes(5).toString('hex')}`;
}

/** The raw client: it says nothing, and tries twice. */
export function rawKafka(url: string = kafkaUrl ?? ''): Kafka {
  const retry = { retries: 2, initialRetryTime: 100 };
  return new Kafka({ brokers: [url], clientId: 'raw', logLevel: logLevel.NOTHING, retry });
}

/** Joins a group that nobody needs: a fresh server makes its own topics at first use, which takes a while. */
export async function warmUp(url: string): Promise<void> {
  const kafka = new Kafka({ brokers: [url], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'warm-up', numPartitions: 1 }] });
  const consumer = kafka.consumer({ groupId: ownName('warm-up'), maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: ['warm-up'] });
  await consumer.run({ eachBatch: async () => undefined });
  await consumer.disconnect();
  await admin.disconnect();
}

/** Runs `use` with an administrator of its own. */
export async function administer<Value>(
  use: (admin: Admin) => Promise<Value>,
  url: string = kafkaUrl ?? '',
): Promise<Value> {
  const admin = rawKafka(url).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Short times: who is killed holds its partitions for a session, who joins waits for a heartbeat of the others. */
export const QUICK = {
  sessionTimeoutMs: 3_000,
  heartbeatMs: 100,
  topicRefreshMs: 500,
  commitEveryMs: 50,
} as const satisfies KafkaOptions;

/** A broker with short times. */
export function openKafka(options: KafkaOptions = {}, url: string = kafkaUrl ?? ''): Promise<Broker> {
  return kafkaBroker({ connect: { brokers: url }, ...QUICK, ...options });
}

/** Makes a topic of its own with some partitions. */
export async function ownTopic(partitions: number, url: string = kafkaUrl ?? ''): Promise<string> {
  const topic = ownName('topic');
  await administer(async (admin) => admin.createTopics({ topics: [{ topic, numPartitions: partitions }] }), url);
  return topic;
}

/** Where a group is, by partition; -1 where it has no place. */
export async function placesOf(
  groupId: string,
  topic: string,
  url: string = kafkaUrl ?? '',
): Promise<readonly number[]> {
  const [offsets] = await administer(async (admin) => admin.fetchOffsets({ groupId, topics: [topic] }), url);
  return offsets!.partitions
    .toSorted((one, other) => one.partition - other.partition)
    .map(({ offset }) => Number(offset));
}

/** Whether Kafka's own reader is here: with the server's jars. */
export const hasKafkaReader: boolean = await controlService(
  SERVICES.find(({ name }) => name === 'kafka')!,
).isInstalled();

/** The ids of all messages that a topic has, for those who read what is committed only: as Kafka's own client has them, for that of `kafkajs` lets some of aborted transactions through. */
export async function committedIds(topic: string, url: string = kafkaUrl ?? ''): Promise<readonly string[]> {
  const script = fileURLToPath(new URL('../services/kafka.sh', import.meta.url));
  const what = ['--bootstrap-server', url, '--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'];
  const how = [
    '--timeout-ms',
    '3000',
    '--formatter-property',
    'print.headers=true',
    '--formatter-property',
    'print.value=false',
  ];
  const { stdout } = await promisify(execFile)('bash', [script, 'read', ...what, ...how], { maxBuffer: 1e8 });
  return Array.from(stdout.matchAll(/millrace-id:([^,\s]+)/g), ([, id]) => id!);
}
