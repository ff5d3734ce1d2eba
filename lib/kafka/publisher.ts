import type { PublishReceipt } from '../broker/broker-message.ts';
import type { PublishCall } from '../broker/publish-call.ts';
import { PublishCalls } from '../broker/publish-calls.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { failureOf, isRefusal, textOf, typeOf } from './failures.ts';
import type { KafkaProducer } from './kafka-client.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import { PRODUCER } from './producer-config.ts';
import { type Placed, Shipment } from './shipment.ts';
import type { Topics } from './topics.ts';
import { nextTurn, pause } from './turns.ts';
import type { Outbound } from './wire.ts';

/** What goes into one request: the server takes a megabyte for each partition. */
const MOST_RECORDS = 2_000;
const MOST_BYTES = 900_000;
/** The server knows another number of the producer's than the producer does. */
const OUT_OF_STEP: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set([
  'INVALID_PRODUCER_EPOCH',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);
/** The first wait before what has failed is sent again, in milliseconds; the next one is twice as long, up to the longest. */
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;

/** A record on its way to the server. */
interface Parcel extends Placed {
  readonly call: PublishCall;
  readonly index: number;
}

/** The client must try twice. */
const RETRY = { retries: 1, initialRetryTime: 50, maxRetryTime: 500 };

/**
 * Publishes what is given to it in order, one request at a time: what comes meanwhile goes into the next one together.
 *
 * After a failure, the same is sent again by the same producer, and the server recognises what it has. Once anything else is to be sent, that producer must not be used on: it would give what
 * follows the numbers of what has failed, and the server would confirm the one for the other.
 */
export class Publisher {
  readonly #link: Link;
  readonly #topics: Topics;
  readonly #options: CheckedOptions;
  readonly #calls: PublishCalls;
  readonly #waiting = new RingBuffer<Parcel>();
  #producer: Promise<KafkaProducer> | undefined;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();
  #isClosing = false;
  #turn = 0;

  constructor(link: Link, topics: Topics, options: CheckedOptions) {
    this.#link = link;
    this.#topics = topics;
    this.#options = options;
    this.#calls = new PublishCalls('Kafka', options);
  }

  /** Messages that are not confirmed yet. */
  get size(): number {
    return this.#calls.size;
  }

  /** @returns when all are confirmed */
  publish(records: readonly Outbound[], signal?: AbortSignal): Promise<readonly PublishReceipt[]> {
    if (records.length === 0) return Promise.resolve([]);
    return this.#calls.open(records.length, signal, (call) => {
      for (const [index, record] of records.entries()) {
        this.#waiting.push({ record, call, index, partition: undefined });
      }
      if (!this.#isRunning) this.#running = this.#run();
    });
  }

  /** Waits for what was sent, while the server is there; refuses the rest. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#calls.close(this.#link.state.value === 'connected');
    await this.#dropProducer();
    await this.#running;
    await this.#dropProducer();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.size > 0) {
      // Those who have just heard of the last one publish the next.
      await nextTurn();
      const parcels = this.#take();
      if (parcels.length > 0) await this.#deliver(parcels);
    }
    this.#isRunning = false;
  }

  #take(): readonly Parcel[] {
    const parcels: Parcel[] = [];
    let bytes = 0;
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first) {
      bytes += first.record.size;
      if (parcels.length > 0 && (bytes > MOST_BYTES || parcels.length >= MOST_RECORDS)) break;
      this.#waiting.shift();
      if (!first.call.isOver) parcels.push(first);
    }
    return parcels;
  }

  /** Until each of them is confirmed, or its call has failed. */
  async #deliver(parcels: readonly Parcel[]): Promise<void> {
    let delayMs = FIRST_DELAY_MS;
    while (parcels.some(({ call }) => !call.isOver)) {
      try {
        await this.#send(parcels);
        return;
      } catch (error) {
        if (await this.#isJudged(parcels, error)) return;
        this.#link.suspect();
        if (this.#isClosing) this.#refuse(parcels, error);
        else await pause(delayMs, this.#options.scheduler);
        delayMs = Math.min(LONGEST_DELAY_MS, delayMs * 2);
      }
    }
    await this.#dropProducer();
  }

  #refuse(parcels: readonly Parcel[], error: unknown): void {
    for (const { call } of parcels) {
      call.fail(call.isSent ? this.#calls.unknown() : failureOf(error, 'Kafka to confirm what was published'));
    }
  }

  async #send(parcels: readonly Parcel[]): Promise<void> {
    await this.#topics.ensure([...new Set(parcels.map(({ record }) => record.topic))]);
    this.#producer ??= this.#connect();
    const producer = await this.#producer;
    const shipment = new Shipment(parcels, (topic) => this.#topics.partitionsOf(topic)!, this.#turn++);
    for (const { call } of parcels) call.isSent = true;
    const answers = await producer.sendBatch({ topicMessages: shipment.topicMessages, acks: -1 });
    shipment.confirm(answers, ({ call, index, record: { id } }, sequence) => {
      call.confirm(index, sequence === undefined ? { id, isDuplicate: false } : { id, isDuplicate: false, sequence });
    });
  }

  /** Whether a failure is an answer, and who is to blame: of several, each is sent by itself. */
  async #isJudged(parcels: readonly Parcel[], error: unknown): Promise<boolean> {
    const type = typeOf(error);
    const isRefused = isRefusal(error);
    // It was deleted, or is another one of that name.
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') this.#topics.forget();
    if (isRefused || OUT_OF_STEP.has(type)) await this.#dropProducer();
    if (!isRefused) return false;
    if (parcels.length === 1) {
      const [{ call, record }] = parcels as [Parcel];
      const isTooLarge = type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE';
      call.fail(isTooLarge ? tooLarge(record, error) : failureOf(error, `Kafka to take message '${record.id}'`));
      return true;
    }
    for (const parcel of parcels) if (!parcel.call.isOver) await this.#deliver([parcel]);
    return true;
  }

  async #connect(): Promise<KafkaProducer> {
    const producer = this.#link.client.producer({ ...PRODUCER, idempotent: true, retry: RETRY });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      this.#producer = undefined;
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then(async (connected) => connected.disconnect()).catch(() => undefined);
  }
}

function tooLarge({ id, size }: Outbound, cause: unknown): InvalidOptionError {
  return new InvalidOptionError(
    `Expected Kafka to take message '${id}' of about ${size} bytes, got: ${textOf(cause)}. Put what is large elsewhere, or raise max.message.bytes of its topic.`,
    'INVALID_OPTION',
    { cause },
  );
}
