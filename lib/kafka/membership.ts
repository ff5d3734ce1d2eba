import type {
  KafkaBatchPayload,
  KafkaClient,
  KafkaConsumer,
  KafkaPartitionOffset,
  KafkaTopicOffsets,
} from './kafka-client.ts';
import type { CheckedOptions } from './options.ts';
import type { TopicPlace } from './group-places.ts';

/** Milliseconds that a fetch waits for messages: a member that leaves, and one that goes on after a pause, waits that long. */
const FETCH_WAIT_MS = 100;
/** Milliseconds that a rebalance waits for its members, at most. */
const REBALANCE_MS = 60_000;

/** Who is a member. */
export interface MembershipUser {
  /** Partitions have been dealt out: these are ours now. */
  joined(membership: Membership, assignment: Readonly<Record<string, readonly number[]>>): void;
  /** Takes messages; it may take its time, while it calls `heartbeat`. */
  received(membership: Membership, payload: KafkaBatchPayload): Promise<void>;
  /** Partitions are going to be dealt out again. */
  rebalancing(membership: Membership): void;
  /** It has ended by itself. */
  ended(membership: Membership, error: Error): void;
}

/** A consumer of the client from its begin to its end: when it fails for good, another one has to be made. */
export class Membership {
  readonly topics: readonly string[];
  readonly #consumer: KafkaConsumer;
  readonly #user: MembershipUser;
  #starting: Promise<void> = Promise.resolve();
  #commitOnce: KafkaBatchPayload['commitOffsetsIfNecessary'] | undefined;
  #isOver = false;

  constructor(
    client: KafkaClient,
    groupId: string,
    topics: readonly string[],
    { sessionTimeoutMs, heartbeatMs }: CheckedOptions,
    user: MembershipUser,
  ) {
    this.topics = topics;
    this.#user = user;
    this.#consumer = client.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: heartbeatMs,
      rebalanceTimeout: Math.max(REBALANCE_MS, sessionTimeoutMs),
      maxWaitTimeInMs: Math.min(FETCH_WAIT_MS, sessionTimeoutMs / 3),
      allowAutoTopicCreation: false,
      retry: { retries: 8, initialRetryTime: 50, maxRetryTime: 1_000, restartOnFailure: async () => false },
    });
    this.#listen();
  }

  /** Joins. What fails then is told by `ended`. */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  /** Leaves the group. */
  async stop(): Promise<void> {
    this.#isOver = true;
    // One that is joining does not hear it.
    await this.#starting.catch(() => undefined);
    await this.#consumer.disconnect().catch(() => undefined);
  }

  seek(topic: string, partition: number, offset: number): void {
    if (!this.#isOver) this.#consumer.seek({ topic, partition, offset: String(offset) });
  }

  pause(topic: string, partition: number): void {
    if (!this.#isOver) this.#consumer.pause([{ topic, partitions: [partition] }]);
  }

  resume(topic: string, partition: number): void {
    if (!this.#isOver) this.#consumer.resume([{ topic, partitions: [partition] }]);
  }

  /** @returns when the group has these places; before its first messages have come it may do nothing, so look */
  async commit(places: readonly TopicPlace[]): Promise<void> {
    if (this.#isOver) throw new Error('It is no member any more.');
    // With messages comes a way to commit that fails at once, and says so: the other one would try again after the partitions have been dealt out anew.
    if (this.#commitOnce !== undefined) await this.#commitOnce({ topics: byTopic(places) });
    else await this.#consumer.commitOffsets(places.map((place) => ({ ...place, offset: String(place.offset) })));
  }

  async #start(): Promise<void> {
    await this.#consumer.connect();
    // Where the log begins later than the group's place, it goes on from its begin.
    await this.#consumer.subscribe({ topics: [...this.topics], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => {
        this.#commitOnce = async (offsets) => payload.commitOffsetsIfNecessary(offsets);
        if (!this.#isOver) await this.#user.received(this, payload);
      },
    });
  }

  #listen(): void {
    this.#consumer.on('consumer.group_join', ({ payload }) => {
      if (!this.#isOver) this.#user.joined(this, payload.memberAssignment);
    });
    this.#consumer.on('consumer.rebalancing', () => {
      if (!this.#isOver) this.#user.rebalancing(this);
    });
    this.#consumer.on('consumer.crash', ({ payload }) => this.#end(payload.error));
    // It would try again on the same connection, on which nobody listens any more.
    this.#consumer.on('consumer.network.request_timeout', () =>
      this.#end(new Error('A request was not answered in time.')),
    );
  }

  #end(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#user.ended(this, error);
  }
}

function byTopic(places: readonly TopicPlace[]): KafkaTopicOffsets[] {
  const topics = new Map<string, KafkaPartitionOffset[]>();
  for (const { topic, partition, offset, metadata } of places) {
    const partitions = topics.get(topic) ?? [];
    partitions.push({ partition, offset: String(offset), metadata });
    topics.set(topic, partitions);
  }
  return Array.from(topics, ([topic, partitions]) => ({ topic, partitions }));
}
