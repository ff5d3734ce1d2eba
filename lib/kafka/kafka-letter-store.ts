import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import { randomId } from '../core/ids.ts';
import { BytePool } from './byte-pool.ts';
import { failureOf, isRefusal } from './failures.ts';
import type { KafkaBatchPayload, KafkaConsumer } from './kafka-client.ts';
import type { Surroundings } from './subscription-surroundings.ts';
import { pause } from './turns.ts';
import { bytesOf, elsewhere, fromWire, type Outbound } from './wire.ts';

/** Milliseconds before letters are read again that could not be read. */
const AGAIN_MS = 200;

/** Letters in a compacted topic of one partition, by their ids; what is removed leaves a tombstone. */
export class KafkaLetterStore implements BrokerLetterStore {
  readonly #around: Surroundings;
  readonly #topic: string;

  constructor(around: Surroundings, name: string) {
    this.#around = around;
    this.#topic = around.topics.lettersTopic(name);
  }

  async add(letter: BrokerMessage): Promise<void> {
    const record = elsewhere(letter, this.#topic, this.#around.options.scheduler.now());
    await this.#publish({ ...record, key: keyOf(letter.id) });
  }

  async remove(id: string): Promise<void> {
    const timestamp = String(this.#around.options.scheduler.now());
    await this.#publish({
      id,
      topic: this.#topic,
      key: keyOf(id),
      value: null,
      headers: {},
      timestamp,
      size: id.length,
    });
  }

  async check(): Promise<void> {
    const { topics, options } = this.#around;
    if (!options.manage) await topics.ensure([this.#topic], 'letters');
  }

  async list(): Promise<readonly BrokerMessage[]> {
    const { scheduler, publishTimeoutMs } = this.#around.options;
    const until = scheduler.now() + publishTimeoutMs;
    for (;;) {
      try {
        return await this.#list();
      } catch (error) {
        if (isRefusal(error) || scheduler.now() > until) throw error;
        await pause(AGAIN_MS, scheduler);
      }
    }
  }

  async #list(): Promise<readonly BrokerMessage[]> {
    const { topics, link } = this.#around;
    await topics.ensure([this.#topic], 'letters');
    const [place] = await link.ask(async (admin) => admin.fetchTopicOffsets(this.#topic));
    const end = Number(place?.high ?? 0);
    return end > Number(place?.low ?? 0) ? this.#read(end) : [];
  }

  async #publish(record: Outbound): Promise<void> {
    const { topics, publisher } = this.#around;
    await topics.ensure([this.#topic], 'letters');
    await publisher.publish([record]);
  }

  /** Reads up to an offset, as a group of its own: the client knows no other way. */
  async #read(end: number): Promise<readonly BrokerMessage[]> {
    const { link } = this.#around;
    const groupId = `_millrace.reader.${randomId()}`;
    const retry = { retries: 4, initialRetryTime: 50, maxRetryTime: 500, restartOnFailure: async () => false };
    const consumer = link.client.consumer({ groupId, maxWaitTimeInMs: 50, allowAutoTopicCreation: false, retry });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [this.#topic], fromBeginning: true });
      return await this.#collect(consumer, end);
    } catch (error) {
      link.suspect();
      throw failureOf(error, `the letters of '${this.#topic}'`);
    } finally {
      await consumer.disconnect().catch(() => undefined);
      await link.ask(async (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
    }
  }

  async #collect(consumer: KafkaConsumer, end: number): Promise<readonly BrokerMessage[]> {
    const letters = new Map<string, BrokerMessage>();
    const pool = new BytePool();
    await new Promise<void>((resolve, reject) => {
      const eachBatch = async ({ batch }: KafkaBatchPayload): Promise<void> => {
        for (const record of batch.messages) {
          const id = String(record.key);
          if (record.value === null) letters.delete(id);
          else letters.set(id, fromWire(record, batch.topic, batch.partition, pool));
        }
        if (Number(batch.lastOffset()) + 1 >= end) resolve();
      };
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer.on('consumer.network.request_timeout', () => reject(new Error('A request was not answered in time.')));
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
    return [...letters.values()];
  }
}

function keyOf(id: string): Uint8Array {
  return bytesOf(new TextEncoder().encode(id));
}
