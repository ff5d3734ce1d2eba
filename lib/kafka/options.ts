import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { expectGroupName } from '../broker/check-subscription.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { expectCount, expectDelay, expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import type { KafkaClient } from './kafka-client.ts';

/** How topics are made. */
export interface KafkaTopics {
  /** Partitions of a topic: what a group can share; ≥ 1. @defaultValue what the server is set up for */
  readonly partitions?: number;
  /** Servers that have each message; ≥ 1. @defaultValue what the server is set up for */
  readonly replicationFactor?: number;
  /** More of their configuration, such as `{ 'retention.ms': '604800000' }`. @defaultValue none */
  readonly config?: Readonly<Record<string, string>>;
}

/** What a broker of Kafka can be told, wherever its client comes from. */
export interface KafkaOptions {
  /** Names it in errors and logs. @defaultValue 'kafka' */
  readonly name?: string;
  /**
   * Begins the names of all topics and groups: with `app.`, the topic `user.signed_up` is `app.user.signed_up` on the server. The letters of the name `billing` are in
   * the topic `_millrace.letters.billing`, what the group `billing` gets again later in `_millrace.retry.billing`; patterns match neither. @defaultValue ''
   */
  readonly prefix?: string;
  /** Whether topics are made that are missing, when they are first published or subscribed to. With `false` they are only looked for. @defaultValue true */
  readonly manage?: boolean;
  /** How topics are made. @defaultValue as the server is set up */
  readonly topics?: KafkaTopics;
  /**
   * What becomes of `nack({ delayMs })`. `in-place`: it stays with its subscription until then, and what has its key waits behind it. `retry-topics`: it goes to a topic of
   * the group, from where it comes again; what has its key does not wait, so order is not kept across redelivery. @defaultValue 'in-place'
   */
  readonly redelivery?: 'in-place' | 'retry-topics';
  /**
   * Acknowledges in transactions, so that `ack({ publish })` can be. The id begins the transactional ids: letters, digits, `-` and `_`. Programs of one id end each other's
   * transactions where they have the same partition of a group, as they should. @defaultValue none: acknowledgements are committed every `commitEveryMs`
   */
  readonly transactional?: {
    /** Begins the transactional ids. */
    readonly id: string;
  };
  /** Milliseconds between commits of what was acknowledged; \> 0. What was acknowledged since comes again after a crash. @defaultValue 200 */
  readonly commitEveryMs?: number;
  /** Milliseconds of silence after which a member of a group loses its partitions to the others; \> 0. @defaultValue 30_000 */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds between signs of life; \> 0 and less than `sessionTimeoutMs`. A new member waits that long for the others. @defaultValue 1_000, or a fifth of the session */
  readonly heartbeatMs?: number;
  /** Milliseconds between looks for topics that patterns match; \> 0. @defaultValue 10_000 */
  readonly topicRefreshMs?: number;
  /** The largest message, with its headers, in bytes; ≥ 1. The server has a limit of its own, `message.max.bytes`. @defaultValue 1_048_576 */
  readonly maxMessageBytes?: number;
  /** Milliseconds for a publish to be confirmed, outages included; \> 0. @defaultValue 30_000 */
  readonly publishTimeoutMs?: number;
  /** The clock, and the timers of time-outs, delays, commits and reconnection. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** A client that the broker makes. It needs the package `kafkajs`. */
export interface KafkaConnectOptions {
  /** Options of `new Kafka(…)` of `kafkajs`. */
  readonly connect: {
    /** Such as `host:9092`, or several of a cluster. */
    readonly brokers: string | readonly string[];
    /** Who asks: `{ mechanism: 'plain', username, password }` or another. @defaultValue nobody in particular */
    readonly sasl?: unknown;
    /** Whether, or how, it is encrypted. @defaultValue false */
    readonly ssl?: unknown;
    /** Milliseconds after which a request that is not answered counts as lost. @defaultValue 10_000 */
    readonly requestTimeout?: number;
    /** Any other, such as `clientId` or `connectionTimeout`. */
    readonly [option: string]: unknown;
  };
  /** Milliseconds for the first connection to stand; \> 0. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number;
  /** Not together with `connect`. */
  readonly client?: undefined;
}

/** A client that is there already. */
export interface KafkaClientOptions {
  /**
   * An instance of `Kafka` of `kafkajs`. The broker makes its producers, consumers and administrators with it, and ends them. A client of `connect` is
   * guarded against a network that is cut within a response, which may end the process of others (https://github.com/tulios/kafkajs/issues/715).
   */
  readonly client: KafkaClient;
  /** Milliseconds for the first connection to stand; \> 0. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number;
  /** Not together with `client`. */
  readonly connect?: undefined;
}

/** Where a broker's client comes from, and what it can be told. */
export type KafkaBrokerOptions = KafkaOptions & (KafkaClientOptions | KafkaConnectOptions);

/** The options with their defaults. */
export interface CheckedOptions {
  readonly name: string;
  readonly prefix: string;
  readonly manage: boolean;
  readonly topics: KafkaTopics;
  readonly redelivery: 'in-place' | 'retry-topics';
  readonly transactional: string | undefined;
  readonly commitEveryMs: number;
  readonly sessionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly topicRefreshMs: number;
  readonly maxMessageBytes: number;
  readonly publishTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly scheduler: SchedulerLike;
  readonly client: KafkaClient | undefined;
  readonly connect: (Readonly<Record<string, unknown>> & { readonly brokers: readonly string[] }) | undefined;
}

/** The options with their defaults, if they can work. */
export function checkedOptions(options: KafkaBrokerOptions): CheckedOptions {
  const {
    name = 'kafka',
    prefix = '',
    manage = true,
    topics = {},
    redelivery = 'in-place',
    transactional,
    commitEveryMs = 200,
    sessionTimeoutMs = 30_000,
    heartbeatMs = Math.min(1_000, sessionTimeoutMs / 5),
    topicRefreshMs = 10_000,
    maxMessageBytes = 1_048_576,
    publishTimeoutMs = 30_000,
    connectTimeoutMs = 10_000,
    scheduler = asyncScheduler,
    client,
    connect,
  } = expectOptions('options', options) ?? {};
  expectName('name', name);
  expectPrefix(prefix);
  if (typeof manage !== 'boolean') {
    throw new InvalidOptionError(`Expected manage to be true or false, got ${show(manage)}.`);
  }
  expectOneOf('redelivery', redelivery, ['in-place', 'retry-topics']);
  expectSource(client, connect);
  const times = { commitEveryMs, sessionTimeoutMs, heartbeatMs, topicRefreshMs, publishTimeoutMs, connectTimeoutMs };
  for (const [what, value] of Object.entries(times)) expectDelay(what, value, true);
  if (heartbeatMs >= sessionTimeoutMs) {
    throw new InvalidOptionError(
      `Expected heartbeatMs to be less than sessionTimeoutMs, ${sessionTimeoutMs}, got ${heartbeatMs}.`,
    );
  }
  return {
    name,
    prefix,
    manage,
    topics: checkedTopics(topics),
    redelivery,
    transactional: checkedTransactional(transactional),
    ...times,
    maxMessageBytes: expectCount('maxMessageBytes', maxMessageBytes, 1),
    scheduler,
    client,
    connect: connect && { ...connect, brokers: checkedBrokers(expectOptions('connect', connect).brokers) },
  };
}

function checkedTopics(topics: KafkaTopics): KafkaTopics {
  const { partitions, replicationFactor, config = {} } = expectOptions('topics', topics);
  if (partitions !== undefined) expectCount('topics.partitions', partitions, 1);
  if (replicationFactor !== undefined) expectCount('topics.replicationFactor', replicationFactor, 1);
  for (const [name, value] of Object.entries<unknown>(expectOptions('topics.config', config))) {
    if (typeof value === 'string') continue;
    throw new InvalidOptionError(`Expected topics.config['${name}'] to be a text, got ${show(value)}.`);
  }
  return topics;
}

function checkedTransactional(transactional: KafkaOptions['transactional']): string | undefined {
  if (transactional === undefined) return undefined;
  return expectGroupName('transactional.id', expectOptions('transactional', transactional).id);
}

function checkedBrokers(brokers: string | readonly string[]): readonly string[] {
  const list: unknown = typeof brokers === 'string' ? [brokers] : brokers;
  const isAddress = (address: unknown): boolean =>
    typeof address === 'string' && /^(?:\[[\da-f:.]+\]|[^\s:/]+):\d{1,5}$/iu.test(address);
  if (Array.isArray(list) && list.length > 0 && list.every(isAddress)) return list as readonly string[];
  const wrong: unknown = Array.isArray(list) ? list.find((one) => !isAddress(one)) : list;
  throw new InvalidOptionError(
    `Expected connect.brokers to be 'host:port', such as 'localhost:9092', or several, got ${Array.isArray(list) && list.length === 0 ? 'none' : show(wrong)}.`,
  );
}

function expectSource(client: unknown, connect: unknown): void {
  if ((client === undefined) === (connect === undefined)) {
    const got = client === undefined ? 'neither' : 'both';
    throw new InvalidOptionError(
      `Expected either client, an instance of Kafka of kafkajs, or connect, such as { brokers: 'localhost:9092' }, got ${got}.`,
    );
  }
  if (client === undefined) return;
  if (typeof client === 'object' && client !== null && 'producer' in client && 'admin' in client) return;
  throw new InvalidOptionError(
    `Expected client to be an instance of Kafka of kafkajs, got ${show(client)} that is none.`,
  );
}

function expectPrefix(prefix: string): void {
  if (typeof prefix === 'string' && /^[\w.-]{0,100}$/.test(prefix)) return;
  throw new InvalidOptionError(
    `Expected prefix to be at most 100 letters, digits, '.', '-' and '_', as Kafka has it, got ${show(prefix)}.`,
  );
}
