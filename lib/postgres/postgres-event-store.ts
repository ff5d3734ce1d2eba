import { asyncScheduler } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { expectOptions, show } from '../core/options.ts';
import { createEventStore, type EventStoreOptions } from '../sourcing/create-event-store.ts';
import type { EventStore } from '../sourcing/event-store.ts';
import { Connections } from './connections.ts';
import { openSchema } from './open-schema.ts';
import { ownPool } from './own-pool.ts';
import { PostgresBackend } from './postgres-backend.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { expectSchema } from './schema-name.ts';

/** What a store in PostgreSQL can be told, wherever its connections come from. */
export interface PostgresStoreOptions extends EventStoreOptions {
  /** The schema that its tables are in; it is created if it is missing. Stores in different schemas know nothing of each other. @defaultValue 'millrace' */
  readonly schema?: string;
  /**
   * Whether it may create its tables, and bring those of an older version up to date. With `false` it only checks them, and says what is missing.
   *
   * @defaultValue true
   */
  readonly manage?: boolean;
}

/** Connections that the store makes and ends. They need the package `pg`. */
export interface PostgresConnectOptions extends PostgresStoreOptions {
  /**
   * What `pg.Pool` takes: `connectionString`, or `host`, `port`, `database`, `user` and `password`; `max`, `ssl` and so on. Without any, what the
   * environment says (`PGHOST` and so on).
   */
  readonly connect: { readonly connectionString?: string; readonly max?: number } & Readonly<Record<string, unknown>>;
  /** Not together with `connect`. */
  readonly client?: undefined;
}

/** Connections of a pool that is there already. */
export interface PostgresClientOptions extends PostgresStoreOptions {
  /**
   * A `Pool` of `pg`. It stays yours to end, after the store is closed. While there are subscriptions, one of its connections listens; where `max` is 1, none does, and
   * the store polls.
   */
  readonly client: PostgresPool;
  /** Not together with `client`. */
  readonly connect?: undefined;
}

/** Where a store's connections come from, and what it can be told. */
export type PostgresEventStoreOptions = PostgresClientOptions | PostgresConnectOptions;

/**
 * Opens an event store in PostgreSQL 13 or newer, for as many processes as there are. An append that resolves is committed, and as durable as the
 * server's `synchronous_commit` says.
 *
 * Readers get events in the order of the transactions that wrote them, and an event when all transactions that began to write before it have ended: so none is
 * missed, whoever commits first. A transaction that is open for long, in any database of the server, holds readers back; `head` shows by how much.
 *
 * @throws InvalidOptionError for an option that cannot work, or if `pg` is not installed; StoreFormatError for tables that are not of this library, of a newer version, or
 * missing where `manage` is false; StoreUnavailableError without a connection
 *
 * @example
 * ```ts
 * import { postgresEventStore } from 'millrace/postgres';
 *
 * await using store = await postgresEventStore({ connect: { connectionString: 'postgres://app@127.0.0.1:5432/app' } });
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } });
 * for await (const { stream, type, data } of store.subscribe()) console.log(stream, type, data);
 * ```
 */
export async function postgresEventStore(options: PostgresEventStoreOptions): Promise<EventStore> {
  expectOptions('options', options);
  const { client, connect, schema = 'millrace', manage = true, ...storeOptions } = options ?? {};
  expectSchema(schema);
  expectFlag(manage);
  const { scheduler = asyncScheduler } = storeOptions;
  const own = expectPool(client, connect) ? undefined : await ownPool(expectOptions('connect', connect ?? {}));
  const connections = new Connections((client ?? own)!, own, scheduler);
  try {
    const backend = new PostgresBackend(connections, schema, scheduler);
    const store = createEventStore(backend, { name: 'postgres', ...storeOptions });
    await openSchema(connections, schema, manage);
    return store;
  } catch (error) {
    await connections.close();
    throw error;
  }
}

function expectFlag(manage: boolean): void {
  if (typeof manage === 'boolean') return;
  throw new InvalidOptionError(`Expected manage to be true or false, got ${show(manage)}.`);
}

/** Whether there is a pool, rather than how to make one. */
function expectPool(client: unknown, connect: unknown): client is PostgresPool {
  if ((client === undefined) === (connect === undefined)) {
    const got = client === undefined ? 'neither' : 'both';
    throw new InvalidOptionError(
      `Expected either client, a pg.Pool, or connect, such as { connectionString: 'postgres://…' }, got ${got}.`,
    );
  }
  if (client === undefined || isPool(client)) return client !== undefined;
  throw new InvalidOptionError(
    `Expected client to be a pg.Pool, got ${show(client)} that is none. A pg.Client is one connection; make a pool, or give connect.`,
  );
}

function isPool(client: unknown): boolean {
  // A pg.Client connects, too, but lends nothing.
  return (
    typeof client === 'object' &&
    client !== null &&
    'connect' in client &&
    typeof client.connect === 'function' &&
    'on' in client &&
    !('processID' in client)
  );
}
