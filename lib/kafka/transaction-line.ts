import { DeliveryLostError } from '../broker/delivery-lost-error.ts';
import type { SettleOnce } from '../broker/settle-once.ts';
import type { MillraceError } from '../core/errors.ts';
import { isRefusal, textOf, typeOf } from './failures.ts';
import { type GroupPlaces, placeName } from './group-places.ts';
import type { KafkaProducer, KafkaTransaction } from './kafka-client.ts';
import type { Held, PartitionLog, Place } from './partition-log.ts';
import { PRODUCER } from './producer-config.ts';
import { Shipment } from './shipment.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { nextTurn, pause } from './turns.ts';
import type { Outbound } from './wire.ts';

/** What goes into one request; a transaction may have several. */
const MOST_BYTES = 900_000;
/** Milliseconds after which the server ends a transaction of who is gone. */
const TRANSACTION_MS = 30_000;
/** Milliseconds between tries, and how many there are, while the last transaction is being ended. */
const NOT_YET_MS = 5;
const MOST_NOT_YET = 1_000;
const NOT_YET: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
]);
/** Somebody else has the partition. */
const FENCED: ReadonlySet<string | undefined> = /* @__PURE__ */ new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** Milliseconds before another producer is tried. */
const AGAIN_MS = 200;

interface PendingAck {
  readonly id: string;
  readonly publish: readonly Outbound[];
  readonly resolve: () => void;
  readonly reject: (error: MillraceError) => void;
}

/**
 * The acknowledgements of one partition, in transactions one after the other: what comes while one is under way goes into the next one together. Its transactional id is the partition's: who
 * has it next ends what this one has begun, and this one can do nothing more.
 */
export class TransactionLine {
  readonly #around: SubscriptionSurroundings;
  readonly #places: GroupPlaces;
  readonly #transactionalId: string;
  readonly #onLost: (log: PartitionLog, why: string) => void;
  #producer: KafkaProducer | undefined;
  /** Begun, and nothing is in it yet. */
  #begun: KafkaTransaction | undefined;
  #waiting: PendingAck[] = [];
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isClosing = false;

  constructor(
    around: SubscriptionSurroundings,
    places: GroupPlaces,
    partition: string,
    onLost: (log: PartitionLog, why: string) => void,
  ) {
    this.#around = around;
    this.#places = places;
    this.#transactionalId = `${around.options.transactional}.${places.groupId}.${partition}`;
    this.#onLost = onLost;
  }

  /** From now on, former owners can do nothing more, and what they have done is done. */
  async open(): Promise<void> {
    await this.#closeProducer();
    const producer = this.#around.link.client.producer({
      ...PRODUCER,
      idempotent: true,
      transactionalId: this.#transactionalId,
      transactionTimeout: TRANSACTION_MS,
      maxInFlightRequests: 1,
      // With a longer first wait, every transaction would wait it: the last one is being ended still.
      retry: { retries: 10, initialRetryTime: NOT_YET_MS, maxRetryTime: 500 },
    });
    this.#producer = producer;
    await producer.connect();
    this.#begun = await producer.transaction();
  }

  /** The record is settled in its log already. */
  ack({ tag, message: { id } }: SettleOnce<Held>, publish: readonly Outbound[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, publish, resolve, reject });
      if (!this.#isRunning) this.#running = this.#run(tag.log);
    });
  }

  /** Ends what it can, if there is time for it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#running;
    await this.#closeProducer();
  }

  async #run(log: PartitionLog): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      await nextTurn();
      const acks = this.#waiting;
      this.#waiting = [];
      try {
        // At this moment, all that is settled has its acknowledgement here.
        await this.#settle(log, log.place, acks);
        for (const { resolve } of acks) resolve();
      } catch (error) {
        const why = `its acknowledgement was not taken: ${textOf(error)}`;
        for (const { id, reject } of acks) reject(new DeliveryLostError(id, why, { cause: error }));
        this.#onLost(log, why);
      }
    }
    this.#isRunning = false;
  }

  /** Until it is known that all of it is so, or that the partition is not ours. */
  async #settle(log: PartitionLog, place: Place, acks: readonly PendingAck[]): Promise<void> {
    const publish = acks.flatMap((ack) => ack.publish);
    for (;;) {
      try {
        await this.#transact(log, place, publish);
        log.commit(place);
        return;
      } catch (error) {
        if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') this.#around.topics.forget();
        if (isFinal(error) || log.isLost || this.#isClosing) throw error;
        if (await this.#isCommitted(log, place, error)) return;
      }
    }
  }

  async #transact(
    { topic, partition }: PartitionLog,
    { offset, metadata }: Place,
    publish: readonly Outbound[],
  ): Promise<void> {
    const { topics } = this.#around;
    if (publish.length > 0) await topics.ensure([...new Set(publish.map((record) => record.topic))]);
    const transaction = this.#begun ?? (await this.#producer!.transaction());
    this.#begun = undefined;
    for (const records of portions(publish)) {
      const placed = records.map((record) => ({ record, partition: undefined }));
      const { topicMessages } = new Shipment(placed, (name) => topics.partitionsOf(name)!, partition);
      await transaction.sendBatch({ topicMessages, acks: -1 });
    }
    const partitions = [{ partition, offset: String(offset), metadata }];
    const offsets = { consumerGroupId: this.#places.groupId, topics: [{ topic, partitions }] };
    await this.#persist(async () => transaction.sendOffsets(offsets));
    await transaction.commit();
  }

  /** Whether the transaction that has failed has been committed all the same: another producer ends it, one way or the other, and then the group's place says it. */
  async #isCommitted(log: PartitionLog, place: Place, failure: unknown): Promise<boolean> {
    const { link, options } = this.#around;
    for (;;) {
      link.suspect();
      await pause(AGAIN_MS, options.scheduler);
      if (log.isLost || this.#isClosing) throw failure;
      try {
        await this.open();
        const now = (await this.#places.read()).get(placeName(log.topic, log.partition));
        if (isSame(now, place)) {
          log.commit(place);
          return true;
        }
        if (isSame(now, log.committed)) return false;
        throw new TakenOverError();
      } catch (error) {
        if (isFinal(error)) throw error;
      }
    }
  }

  /** Tries again what cannot be done yet. */
  async #persist(task: () => Promise<void>): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await task();
        return;
      } catch (error) {
        if (!NOT_YET.has(typeOf(error)) || tries >= MOST_NOT_YET) throw error;
        await pause(NOT_YET_MS, this.#around.options.scheduler);
      }
    }
  }

  async #closeProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    this.#begun = undefined;
    await producer?.disconnect().catch(() => undefined);
  }
}

/** The group has another place than this line has left there. */
class TakenOverError extends Error {
  override readonly name: string = 'TakenOverError';

  constructor() {
    super('another member of the group has gone on with its partition');
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof TakenOverError || FENCED.has(typeOf(error)) || isRefusal(error);
}

function isSame(one: Place | undefined, other: Place): boolean {
  return one?.offset === other.offset && one.metadata === other.metadata;
}

/** Records that fit into one request each. */
function* portions(records: readonly Outbound[]): IterableIterator<readonly Outbound[]> {
  let portion: Outbound[] = [];
  let bytes = 0;
  for (const record of records) {
    if (portion.length > 0 && bytes + record.size > MOST_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(record);
    bytes += record.size;
  }
  if (portion.length > 0) yield portion;
}
