import { Kafka, type KafkaMessage, logLevel, type Message } from 'kafkajs';
import { Countdown } from './countdown.ts';
import { attributesOf, eventOf } from './envelope.ts';
import { Pool } from './pool.ts';
import { BATCH, bytesOf, type OpenRawTraffic, type Reading, reading, readingOf } from './traffic.ts';
import { inBatches } from './windowed.ts';

const PARTITIONS = 4;

/**
 * The client of Kafka by hand. Equal safety: an idempotent producer, and all replicas confirm a batch before the next one is sent; every message has an id, by which readers
 * know it again; what was read is handled, then its offset is committed, batch by batch, and the commit is awaited. JSON is parsed.
 */
export const openTraffic: OpenRawTraffic = async (url, envelope) => {
  const kafka = new Kafka({ brokers: [url], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: true });
  await Promise.all([admin.connect(), producer.connect()]);
  const headersOf = envelope === 'bare' ? bareHeaders : eventHeaders;
  const read = envelope === 'bare' ? readBare : readEvent;

  function messagesOf(topic: string, from: number, to: number): Message[] {
    const messages: Message[] = [];
    for (let index = from; index < to; index++) {
      messages.push({ value: Buffer.from(bytesOf(reading(index))), headers: headersOf(topic) });
    }
    return messages;
  }

  return {
    async declare(topic) {
      await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
    },
    publish: (topic, count) =>
      inBatches(count, BATCH, (from, to) => producer.send({ topic, acks: -1, messages: messagesOf(topic, from, to) })),
    async consume({ topic, group, concurrency, count, handle }) {
      const consumer = kafka.consumer({ groupId: group });
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      const acknowledging = new Countdown(count);
      const running = consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        async eachBatch(payload) {
          const { messages, partition } = payload.batch;
          const pool = new Pool<KafkaMessage>(concurrency, messages.length, (message) => handle(read(message)));
          for (const message of messages) pool.push(message);
          await pool.done;
          const { offset } = messages.at(-1)!;
          payload.resolveOffset(offset);
          await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(offset) + 1n) }]);
          for (const _ of messages) acknowledging.tick();
        },
      });
      running.catch(acknowledging.fail);
      return { acknowledged: acknowledging.done, close: () => consumer.disconnect() };
    },
  };
};

function bareHeaders(): Record<string, string> {
  return { id: crypto.randomUUID() };
}

function eventHeaders(topic: string): Record<string, string> {
  return { ...attributesOf('ce_', crypto.randomUUID(), topic), 'content-type': 'application/json' };
}

function readBare({ value }: KafkaMessage): Reading {
  return readingOf(value!);
}

function readEvent({ value, headers }: KafkaMessage): Reading {
  return eventOf('ce_', (name) => String(headers![name]), readingOf(value!)).data;
}
