import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectName, expectOptions, show } from '../core/options.ts';
import type { NatsClient } from './nats-client.ts';

/** What every broker of NATS can be told, wherever its connection comes from. */
export interface NatsOptions {
  /** Names it in errors, logs and the server's list of connections. @defaultValue 'nats', or 'jetstream' */
  readonly name?: string;
  /** Begins the subjects on which answers come, where a user may listen to no other. @defaultValue '_INBOX' */
  readonly inboxPrefix?: string;
  /** Milliseconds for a publish to be confirmed, outages included; \> 0. @defaultValue 30_000 */
  readonly publishTimeoutMs?: number;
  /** The clock, and the timers of time-outs and leases. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** A connection that the broker makes, and makes again for ever. It needs the package `@nats-io/transport-node`. */
export interface NatsConnectOptions {
  /** Where the server is: options of `connect()` of `@nats-io/transport-node`. */
  readonly connect: {
    /** Such as `nats://host:4222`, or several of a cluster. @defaultValue 'nats://127.0.0.1:4222' */
    readonly servers?: string | readonly string[];
    /** Who asks. @defaultValue nobody in particular */
    readonly user?: string;
    /** The user's password. @defaultValue none */
    readonly pass?: string;
    /** Instead of a user. @defaultValue none */
    readonly token?: string;
    /** Milliseconds after which a silent server is asked for a sign of life; the third question that is not answered ends the connection. @defaultValue 10_000 */
    readonly pingInterval?: number;
    /** Any other, such as `tls` or `authenticator`. */
    readonly [option: string]: unknown;
  };
  /** Milliseconds for the first connection to stand; \> 0. @defaultValue 10_000 */
  readonly connectTimeoutMs?: number;
  /** Not together with `connect`. */
  readonly client?: undefined;
}

/** A connection that is there already. */
export interface NatsClientOptions {
  /**
   * What `connect()` of `@nats-io/transport-node` has resolved with. It stays yours to close, after the broker. Give it `maxReconnectAttempts: -1`: when it gives up, the
   * broker is over; what is in progress is refused, and the states end with `closed`.
   */
  readonly client: NatsClient;
  /** Not together with `client`. */
  readonly connect?: undefined;
  /** Not together with `client`. */
  readonly connectTimeoutMs?: undefined;
}

/** What every broker has, with its defaults. */
export interface CheckedNatsOptions {
  readonly name: string;
  readonly inboxPrefix: string;
  readonly publishTimeoutMs: number;
  readonly scheduler: SchedulerLike;
  readonly client: NatsClient | undefined;
  readonly connect: NonNullable<NatsConnectOptions['connect']>;
  readonly connectTimeoutMs: number;
}

/** The options that every broker has, with their defaults, if they can work. */
export function checkedNatsOptions(
  options: NatsOptions & (NatsClientOptions | NatsConnectOptions),
  defaultName: string,
): CheckedNatsOptions {
  const {
    name = defaultName,
    inboxPrefix = '_INBOX',
    publishTimeoutMs = 30_000,
    scheduler = asyncScheduler,
    client,
    connect,
    connectTimeoutMs = 10_000,
  } = expectOptions('options', options) ?? {};
  expectName('name', name);
  expectSubject('inboxPrefix', inboxPrefix);
  expectDelay('publishTimeoutMs', publishTimeoutMs, true);
  expectDelay('connectTimeoutMs', connectTimeoutMs, true);
  expectSource(client, connect);
  return {
    name,
    inboxPrefix,
    publishTimeoutMs,
    scheduler,
    client,
    connect: checkedConnect(connect ?? {}),
    connectTimeoutMs,
  };
}

/** Returns `subject` if it is one without wildcards. */
export function expectSubject(what: string, subject: string): string {
  if (typeof subject === 'string' && /^[^\s.*>]+(\.[^\s.*>]+)*$/u.test(subject)) return subject;
  throw new InvalidOptionError(
    `Expected ${what} to be dot-separated tokens without spaces, '*' and '>', got ${show(subject)}.`,
  );
}

/** Returns `prefix` if subjects can begin with it. */
export function expectPrefix(prefix: string): string {
  if (prefix === '' || (typeof prefix === 'string' && prefix.endsWith('.'))) {
    if (prefix !== '') expectSubject('subjectPrefix without its last dot', prefix.slice(0, -1));
    return prefix;
  }
  throw new InvalidOptionError(
    `Expected subjectPrefix to be empty, or to end with a dot, such as 'events.', got ${show(prefix)}.`,
  );
}

/** Returns `value` if it is true or false. */
export function expectFlag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(`Expected ${name} to be true or false, got ${show(value)}.`);
}

function checkedConnect(
  connect: NonNullable<NatsConnectOptions['connect']>,
): NonNullable<NatsConnectOptions['connect']> {
  const { servers, pingInterval } = expectOptions('connect', connect);
  if (pingInterval !== undefined) expectCount('connect.pingInterval', pingInterval, 1);
  for (const server of [servers ?? []].flat()) expectName('connect.servers', server);
  return connect;
}

function expectSource(client: unknown, connect: unknown): void {
  if ((client === undefined) === (connect === undefined)) {
    const got = client === undefined ? 'neither' : 'both';
    throw new InvalidOptionError(
      `Expected either client, a connection of @nats-io/transport-node, or connect, such as { servers: 'nats://localhost' }, got ${got}.`,
    );
  }
  if (client === undefined) return;
  if (typeof client === 'object' && client !== null && 'publish' in client && 'status' in client) {
    expectFunction('client.status', client.status, true);
    return;
  }
  throw new InvalidOptionError(
    `Expected client to be what connect() of @nats-io/transport-node has resolved with, got ${show(client)} that is none.`,
  );
}
