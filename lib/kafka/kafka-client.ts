/**
 * What is used of `kafkajs`, by shape: an instance of its `Kafka`, or of another client that is compatible with it. Nobody needs its types, or Node's.
 */
export interface KafkaClient {
  /** A producer, not connected yet. */
  producer(config?: KafkaProducerConfig): KafkaProducer;
  /** A member of a group, not connected yet. */
  consumer(config: KafkaConsumerConfig): KafkaConsumer;
  /** An administrator, not connected yet. */
  admin(config?: { readonly retry?: KafkaRetry }): KafkaAdmin;
}

/** How often a client tries again by itself. */
export interface KafkaRetry {
  /** Milliseconds. */
  readonly initialRetryTime?: number;
  /** Milliseconds. */
  readonly maxRetryTime?: number;
  /** How often. */
  readonly retries?: number;
  /** Whether a consumer that has crashed begins again by itself. */
  readonly restartOnFailure?: (error: Error) => Promise<boolean>;
}

/** How a producer is made. */
export interface KafkaProducerConfig {
  /** Whether repeats of the client's own are recognised by the broker. */
  readonly idempotent?: boolean;
  /** Who it is, over several lives: the next one ends the last one's transactions. */
  readonly transactionalId?: string;
  /** Milliseconds after which the broker aborts a transaction. */
  readonly transactionTimeout?: number;
  /** Requests at a time. */
  readonly maxInFlightRequests?: number;
  /** Whether sending to a topic makes it. */
  readonly allowAutoTopicCreation?: boolean;
  /** Chooses a message's partition. */
  readonly createPartitioner?: () => (args: never) => number;
  /** How often it tries again. */
  readonly retry?: KafkaRetry;
}

/** How a member of a group is made. */
export interface KafkaConsumerConfig {
  /** The group. */
  readonly groupId: string;
  /** Milliseconds of silence after which a member is out. */
  readonly sessionTimeout?: number;
  /** Milliseconds that a rebalance waits for its members. */
  readonly rebalanceTimeout?: number;
  /** Milliseconds between signs of life. */
  readonly heartbeatInterval?: number;
  /** Milliseconds that a fetch waits for messages. */
  readonly maxWaitTimeInMs?: number;
  /** Whether reading a topic makes it. */
  readonly allowAutoTopicCreation?: boolean;
  /** Whether messages of transactions that are not committed are read. */
  readonly readUncommitted?: boolean;
  /** How partitions are dealt out. */
  readonly partitionAssigners?: readonly unknown[];
  /** How often it tries again. */
  readonly retry?: KafkaRetry;
}

/** Headers: bytes or texts by name; several of one name are a list. */
export type KafkaHeaders = Readonly<Record<string, Uint8Array | string | readonly (Uint8Array | string)[] | undefined>>;

/** A message on its way out. */
export interface KafkaOutgoing {
  /** Chooses the partition, and is kept by compaction. */
  readonly key?: Uint8Array | string | null;
  /** The bytes; null deletes what has its key. */
  readonly value: Uint8Array | string | null;
  /** Where it goes. */
  readonly partition?: number;
  /** Bytes or texts by name. */
  readonly headers?: KafkaHeaders;
  /** Epoch milliseconds. */
  readonly timestamp?: string;
}

/** A message as it comes. */
export interface KafkaIncoming {
  /** Its place in the partition. */
  readonly offset: string;
  /** Epoch milliseconds. */
  readonly timestamp: string;
  /** What it was published with. */
  readonly key: Uint8Array | string | null;
  /** The bytes. */
  readonly value: Uint8Array | null;
  /** By name; several of one name are a list. */
  readonly headers?: KafkaHeaders | undefined;
}

/** A message as it lies in the log, or the mark of a transaction's end. */
export interface KafkaRecord extends KafkaIncoming {
  /** Whether it is such a mark. */
  readonly isControlRecord?: boolean;
  /** Of which producer it is. */
  readonly batchContext?: {
    /** Names it. */
    readonly producerId?: string;
    /** Whether it is of a transaction. */
    readonly inTransaction?: boolean;
  };
}

/** Messages of a topic, to be sent. */
export interface KafkaTopicMessages {
  /** Its name. */
  readonly topic: string;
  /** What goes there. */
  readonly messages: readonly KafkaOutgoing[];
}

/** Where the messages of a partition are now. */
export interface KafkaRecordMetadata {
  /** The topic. */
  readonly topicName: string;
  /** The partition. */
  readonly partition: number;
  /** The place of the first. */
  readonly baseOffset?: string;
}

/** Sends messages. */
export interface KafkaSender {
  /** Sends messages to several topics. */
  sendBatch(batch: {
    readonly topicMessages?: readonly KafkaTopicMessages[];
    readonly acks?: number;
  }): Promise<readonly KafkaRecordMetadata[]>;
}

/** A producer. */
export interface KafkaProducer extends KafkaSender {
  /** Connects. */
  connect(): Promise<void>;
  /** Ends its connections. */
  disconnect(): Promise<void>;
  /** Begins a transaction. */
  transaction(): Promise<KafkaTransaction>;
}

/** A place in a partition. */
export interface KafkaPartitionOffset {
  /** The partition. */
  readonly partition: number;
  /** The offset of the first message that is still to be done. */
  readonly offset: string;
  /** A text beside it. */
  readonly metadata?: string | null;
}

/** Places in the partitions of a topic. */
export interface KafkaTopicOffsets {
  /** The topic. */
  readonly topic: string;
  /** Its partitions. */
  readonly partitions: KafkaPartitionOffset[];
}

/** A transaction that has begun. */
export interface KafkaTransaction extends KafkaSender {
  /** Moves a group's places with it. */
  sendOffsets(offsets: { readonly consumerGroupId: string; readonly topics: KafkaTopicOffsets[] }): Promise<void>;
  /** Makes all of it so. */
  commit(): Promise<void>;
  /** Makes nothing of it so. */
  abort(): Promise<void>;
}

/** Messages of a partition that were fetched at once. */
export interface KafkaBatch {
  /** The topic. */
  readonly topic: string;
  /** The partition. */
  readonly partition: number;
  /** From which offset they were asked for, where the client says it. */
  readonly fetchedOffset?: string;
  /** The messages. */
  readonly messages: readonly KafkaIncoming[];
  /** All that was fetched, where the client says it. */
  readonly rawMessages?: readonly KafkaRecord[];
  /** The last offset that was looked at. */
  lastOffset(): string;
}

/** What comes with a batch. */
export interface KafkaBatchPayload {
  /** The messages. */
  readonly batch: KafkaBatch;
  /** Fetches go on behind this offset. */
  resolveOffset(offset: string): void;
  /** Gives a sign of life, unless the last one was a short while ago. */
  heartbeat(): Promise<void>;
  /** Says what the group has done, once. */
  commitOffsetsIfNecessary(offsets: { readonly topics: KafkaTopicOffsets[] }): Promise<void>;
}

/** A member of a group. */
export interface KafkaConsumer {
  /** Connects. */
  connect(): Promise<void>;
  /** Leaves the group, and ends its connections. */
  disconnect(): Promise<void>;
  /** Chooses topics. */
  subscribe(subscription: { readonly topics: string[]; readonly fromBeginning?: boolean }): Promise<void>;
  /** Joins the group. */
  run(config: {
    readonly autoCommit?: boolean;
    readonly eachBatchAutoResolve?: boolean;
    readonly partitionsConsumedConcurrently?: number;
    readonly eachBatch?: (payload: KafkaBatchPayload) => Promise<void>;
  }): Promise<void>;
  /** Fetches go on from there. */
  seek(place: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
  /** Fetches nothing more of these. */
  pause(partitions: { readonly topic: string; readonly partitions: number[] }[]): void;
  /** Fetches them again. */
  resume(partitions: { readonly topic: string; readonly partitions: number[] }[]): void;
  /** Says what the group has done. */
  commitOffsets(
    places: {
      readonly topic: string;
      readonly partition: number;
      readonly offset: string;
      readonly metadata?: string | null;
    }[],
  ): Promise<void>;
  /** It has been dealt partitions. */
  on(
    event: 'consumer.group_join',
    listener: (event: {
      readonly payload: { readonly memberAssignment: Readonly<Record<string, readonly number[]>> };
    }) => void,
  ): unknown;
  /** Its partitions are going to be dealt out again. */
  on(event: 'consumer.rebalancing', listener: (event: { readonly payload: unknown }) => void): unknown;
  /** It has ended by itself. */
  on(event: 'consumer.crash', listener: (event: { readonly payload: { readonly error: Error } }) => void): unknown;
  /** A request has not been answered. */
  on(event: 'consumer.network.request_timeout', listener: (event: { readonly payload: unknown }) => void): unknown;
}

/** An administrator. */
export interface KafkaAdmin {
  /** Connects. */
  connect(): Promise<void>;
  /** Ends its connections. */
  disconnect(): Promise<void>;
  /** Asks the cluster who it is. */
  describeCluster(): Promise<unknown>;
  /** Topics with their partitions; without names, all. */
  fetchTopicMetadata(): Promise<{
    readonly topics: readonly {
      readonly name: string;
      readonly partitions: readonly { readonly partitionId: number }[];
    }[];
  }>;
  /** Makes topics. */
  createTopics(options: {
    readonly topics: {
      readonly topic: string;
      readonly numPartitions?: number;
      readonly replicationFactor?: number;
      readonly configEntries?: { readonly name: string; readonly value: string }[];
    }[];
    readonly waitForLeaders?: boolean;
  }): Promise<boolean>;
  /** The first and last places of a topic's partitions. */
  fetchTopicOffsets(
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly high: string; readonly low: string }[]>;
  /** The first places at a time, or the end. */
  fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp?: number,
  ): Promise<readonly { readonly partition: number; readonly offset: string }[]>;
  /** Where a group is; of all its topics, unless some are named. */
  fetchOffsets(options: { readonly groupId: string; readonly topics?: readonly string[] }): Promise<
    readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly offset: string;
        readonly metadata: string | null;
      }[];
    }[]
  >;
  /** Ends groups without members. */
  deleteGroups(groupIds: string[]): Promise<unknown>;
}
