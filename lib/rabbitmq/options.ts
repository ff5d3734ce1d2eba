import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay, expectFunction, expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import type { RabbitMqConnection } from './amqp.ts';
import { expectShort } from './wire.ts';

/** The largest prefetch that AMQP has room for. */
export const MOST_PREFETCHED = 65_535;

/** How an exchange chooses the groups that get a message. */
export type RabbitMqExchangeType = 'direct' | 'fanout' | 'headers' | 'topic';

/** Where messages are published. */
export interface RabbitMqExchange {
  /** Its name on the server. @defaultValue 'millrace' */
  readonly name?: string;
  /**
   * `topic`: groups are bound to their topics and patterns. `direct`: to topics without wildcards. `fanout`: every group is sent everything; what its topics do not match is
   * acknowledged unseen. `headers`: groups are bound by what `match` says; what their topics do not match is acknowledged unseen, too.
   *
   * @defaultValue 'topic'
   */
  readonly type?: RabbitMqExchangeType;
  /** More arguments of its declaration, such as `{ 'alternate-exchange': 'unrouted' }`. @defaultValue none */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /**
   * For `headers`, which needs it: the values that a message's headers must have for a group; with `'x-match': 'any'`, one of them. CloudEvents
   * attributes are written `ce-…`, as in messages.
   */
  readonly match?: (group: string, topics: readonly string[]) => Readonly<Record<string, boolean | number | string>>;
}

/** What queues of groups are like. */
export interface RabbitMqQueue {
  /**
   * More arguments of their declaration, such as `{ 'x-quorum-initial-group-size': 3 }`, or `{ 'x-queue-type': 'classic', 'x-max-priority': 10 }` for priorities:
   * classic queues are not replicated, and `deliveryCount` is not exact with them. They must equal those of queues that exist. @defaultValue none
   */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What a broker of RabbitMQ can be told, wherever its connection comes from. */
export interface RabbitMqOptions {
  /** Names it in errors, logs and the server's list of connections. @defaultValue 'rabbitmq' */
  readonly name?: string;
  /** Where it publishes, and what groups are bound to. @defaultValue a topic exchange 'millrace' */
  readonly exchange?: RabbitMqExchange;
  /** What queues of groups are like. @defaultValue durable quorum queues */
  readonly queue?: RabbitMqQueue;
  /**
   * Begins the names of all queues: the group `billing` has the queue `millrace.billing`, beside it `millrace.billing.delay.1000` and its like, the exchange
   * `millrace.billing.topics` that remembers its topics, and `millrace.billing.dead`; the letter store `billing` has `millrace.letters.billing`, and
   * `millrace.letters.billing.lock`. @defaultValue 'millrace.'
   */
  readonly prefix?: string;
  /**
   * Whether exchanges, queues and bindings are made. With `false` they are only looked for, bindings cannot be; there are no queues for delays: a delivery
   * that waits stays with its subscription, as one of its `maxInFlight`. @defaultValue true
   */
  readonly manage?: boolean;
  /**
   * Whether a group has one delivery at a time, in order even if it comes again: the server lets one subscription of a group consume, the others wait
   * to follow it. Delays are kept in memory. @defaultValue false
   */
  readonly inTurn?: boolean;
  /** Milliseconds for a publish to be confirmed, outages included; \> 0. @defaultValue 30_000 */
  readonly publishTimeoutMs?: number;
  /** The clock, and the timers of time-outs, delays and reconnection. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** A connection that the broker makes, and makes again. It needs the package `amqplib`. */
export interface RabbitMqConnectOptions extends RabbitMqOptions {
  /** Where the server is. */
  readonly connect: {
    /**
     * Such as `amqp://user:password@host:5672/vhost`, or `amqps://…`; of several, each is tried in turn. `?heartbeat=` says after how many seconds of silence a
     * connection counts as lost. @defaultValue heartbeat 10
     */
    readonly url: string | readonly string[];
    /** Milliseconds for one connection to stand; \> 0. @defaultValue 10_000 */
    readonly timeoutMs?: number;
    /** More options of the socket, such as `ca`, `cert` and `key`. @defaultValue none */
    readonly socket?: Readonly<Record<string, unknown>>;
  };
  /** Not together with `connect`. */
  readonly client?: undefined;
}

/** A connection that is there already. */
export interface RabbitMqClientOptions extends RabbitMqOptions {
  /**
   * What `connect()` of `amqplib` has resolved with. It stays yours to close, after the broker. When it is lost, the broker is over, since it cannot make another: what is
   * in progress is refused, and the states end with `closed`.
   */
  readonly client: RabbitMqConnection;
  /** Not together with `client`. */
  readonly connect?: undefined;
}

/** Where a broker's connection comes from, and what it can be told. */
export type RabbitMqBrokerOptions = RabbitMqClientOptions | RabbitMqConnectOptions;

/** The options with their defaults. */
export interface CheckedOptions {
  readonly name: string;
  readonly exchange: Required<Omit<RabbitMqExchange, 'match'>> & Pick<RabbitMqExchange, 'match'>;
  readonly queueArguments: Readonly<Record<string, unknown>>;
  readonly prefix: string;
  readonly manage: boolean;
  readonly inTurn: boolean;
  readonly publishTimeoutMs: number;
  readonly scheduler: SchedulerLike;
  readonly client: RabbitMqConnection | undefined;
  readonly urls: readonly string[];
  readonly connectTimeoutMs: number;
  readonly socket: Readonly<Record<string, unknown>>;
}

/** The options with their defaults, if they can work. */
export function checkedOptions(options: RabbitMqBrokerOptions): CheckedOptions {
  const {
    name = 'rabbitmq',
    exchange,
    queue = {},
    prefix = 'millrace.',
    manage = true,
    inTurn = false,
    publishTimeoutMs = 30_000,
    scheduler = asyncScheduler,
    client,
    connect,
  } = expectOptions('options', options) ?? {};
  expectName('name', name);
  expectPrefix(prefix);
  expectFlag('manage', manage);
  expectFlag('inTurn', inTurn);
  expectDelay('publishTimeoutMs', publishTimeoutMs, true);
  const { arguments: queueArguments = {} } = expectOptions('queue', queue);
  expectOptions('queue.arguments', queueArguments);
  expectKind(queueArguments['x-queue-type'], inTurn);
  expectSource(client, connect);
  const { url, timeoutMs = 10_000, socket = {} } = expectOptions('connect', connect) ?? { url: [] };
  return {
    name,
    exchange: checkedExchange(exchange),
    queueArguments,
    prefix,
    manage,
    inTurn,
    publishTimeoutMs,
    scheduler,
    client,
    urls: client === undefined ? checkedUrls(url) : [],
    connectTimeoutMs: expectDelay('connect.timeoutMs', timeoutMs, true),
    socket: expectOptions('connect.socket', socket),
  };
}

function checkedExchange(exchange: RabbitMqExchange = {}): CheckedOptions['exchange'] {
  const { name = 'millrace', type = 'topic', match, ...rest } = expectOptions('exchange', exchange);
  expectShort('exchange.name', expectName('exchange.name', name));
  expectOneOf('exchange.type', type, ['topic', 'direct', 'fanout', 'headers']);
  expectFunction('exchange.match', match, type === 'headers');
  if (match !== undefined && type !== 'headers') {
    throw new InvalidOptionError(`Expected exchange.match only with type: 'headers', got it with '${type}'.`);
  }
  return { name, type, arguments: expectOptions('exchange.arguments', rest.arguments ?? {}), ...(match && { match }) };
}

function checkedUrls(url: string | readonly string[]): readonly string[] {
  const urls = typeof url === 'string' ? [url] : url;
  if (!Array.isArray(urls) || urls.length === 0) {
    throw new InvalidOptionError(`Expected connect.url to be a URL or several, got ${show(url)}.`);
  }
  return (urls as readonly string[]).map(withHeartbeat);
}

/** The server's own heartbeat would notice a cut cable after two minutes. */
function withHeartbeat(text: string): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^amqps?:$/.test(url.protocol)) {
    throw new InvalidOptionError(
      // Not the text itself, which may have a password.
      `Expected connect.url to be such as 'amqp://user:password@host:5672/vhost', got ${url === undefined ? 'none' : `one of '${url.protocol}'`}.`,
    );
  }
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', '10');
  return url.href;
}

function expectSource(client: unknown, connect: unknown): void {
  if ((client === undefined) === (connect === undefined)) {
    const got = client === undefined ? 'neither' : 'both';
    throw new InvalidOptionError(
      `Expected either client, a connection of amqplib, or connect, such as { url: 'amqp://localhost' }, got ${got}.`,
    );
  }
  if (client === undefined) return;
  if (typeof client === 'object' && client !== null && 'createConfirmChannel' in client) return;
  throw new InvalidOptionError(
    `Expected client to be what connect() of amqplib has resolved with, got ${show(client)} that is none.`,
  );
}

/** In turn, a delivery goes back in place, where only quorum queues count it. */
function expectKind(kind: unknown = 'quorum', inTurn: boolean): void {
  if (!inTurn || kind === 'quorum') return;
  throw new InvalidOptionError(
    `Expected queue.arguments['x-queue-type'] to be 'quorum' with inTurn, got ${show(kind)}.`,
  );
}

function expectFlag(name: string, value: boolean): void {
  if (typeof value === 'boolean') return;
  throw new InvalidOptionError(`Expected ${name} to be true or false, got ${show(value)}.`);
}

function expectPrefix(prefix: string): void {
  if (typeof prefix === 'string' && !prefix.startsWith('amq.')) return;
  throw new InvalidOptionError(`Expected prefix to be a text that does not begin with 'amq.', got ${show(prefix)}.`);
}
