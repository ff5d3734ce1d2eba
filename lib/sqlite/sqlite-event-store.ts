import { asyncScheduler } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay, expectName, expectOneOf, expectOptions } from '../core/options.ts';
import { createEventStore, type EventStoreOptions } from '../sourcing/create-event-store.ts';
import type { EventStore } from '../sourcing/event-store.ts';
import { connectionTo, MEMORY, openConnection, type SqliteDriver } from './open-connection.ts';
import { checkpointLog, openStore, type SqliteDurability } from './open-store.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { WorkLine } from './work-line.ts';

/** How often subscriptions read although nothing was noticed. */
const NET_POLL_MS = 1_000;

/** What a store in SQLite can be told, wherever its database comes from. */
export interface SqliteStoreOptions extends EventStoreOptions {
  /** When an append is safe. @defaultValue 'full' */
  readonly durability?: SqliteDurability;
  /** Milliseconds for which work waits for others who write; ≥ 0. The thread is not blocked meanwhile. @defaultValue 5_000 */
  readonly busyTimeoutMs?: number;
  /** Milliseconds after which a subscription looks for events of other processes; \> 0. Those of this store it has at once. @defaultValue 100 */
  readonly pollMs?: number;
}

/** A database that the store opens and closes. */
export interface SqliteFileOptions extends SqliteStoreOptions {
  /**
   * The file; made if it is not there, its folder is not. `':memory:'` is no file, and gone when it is closed. Beside it there are two more while it is open, whose names end in
   * `-wal` and `-shm`. Not on a network file system: several machines cannot share a log, and locks are often broken there.
   */
  readonly path: string;
  /** Which client opens it. @defaultValue the SQLite of Node, from 22.13 on; otherwise the package `libsql` */
  readonly driver?: SqliteDriver;
  /** Not together with `path`. */
  readonly database?: undefined;
}

/** A database that is open already. */
export interface SqliteDatabaseOptions extends SqliteStoreOptions {
  /**
   * A database of `node:sqlite`, `libsql` or `better-sqlite3`, such as one that is encrypted. It has to be empty or an event store; its pragmas are set, and nothing else may
   * have a transaction open on it. It stays yours to close, after the store.
   */
  readonly database: SqliteDatabase;
  /** Not together with `database`. */
  readonly path?: undefined;
  /** Not together with `database`. */
  readonly driver?: undefined;
}

/** Which database, and what the store can be told. */
export type SqliteEventStoreOptions = SqliteDatabaseOptions | SqliteFileOptions;

/**
 * Opens an event store in an SQLite database: the embedded store for Node. Any number of processes of one machine may have it open; one writes at a
 * time, and nobody waits for readers (https://sqlite.org/wal.html). Everything that is appended in one turn of the event loop, by whomever, shares one transaction
 * and one sync.
 *
 * The clients work synchronously: for the time of a transaction, which is mostly that of its sync, the thread does nothing else. What a deleted stream held is
 * overwritten in the file, not only forgotten; its copies in the log go when the last store closes.
 *
 * @throws InvalidOptionError for an option that cannot work, or without a client; StoreFormatError for a file of another program, of a newer version, or damaged;
 * StoreUnavailableError when it cannot be opened, or is written to by others for longer than `busyTimeoutMs`
 *
 * @example
 * ```ts
 * import { sqliteEventStore } from 'millrace/sqlite';
 *
 * await using store = await sqliteEventStore({ path: 'accounts.db' });
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } });
 * for await (const { version, type, data } of store.readStream('account-1')) console.log(version, type, data);
 * ```
 */
export async function sqliteEventStore(options: SqliteEventStoreOptions): Promise<EventStore> {
  const {
    path,
    database,
    driver,
    durability = 'full',
    busyTimeoutMs = 5_000,
    pollMs = 100,
    ...rest
  } = checked(options);
  const { scheduler = asyncScheduler } = rest;
  const place = path ?? 'the database that was given';
  const connection = database === undefined ? await openConnection(place, driver) : connectionTo(database);
  const isOwn = database === undefined;
  const isShared = path !== MEMORY;
  try {
    // A client's own waiting blocks the thread: the line waits itself.
    connection.execute('PRAGMA busy_timeout = 0');
    const line = new WorkLine(connection, { path: place, busyTimeoutMs, scheduler });
    const leave = (): void => {
      if (isOwn && isShared) checkpointLog(connection);
      if (isOwn) connection.close();
    };
    await openStore(connection, line, place, durability);
    const backend = new SqliteBackend(connection, line, { scheduler, pollMs: isShared ? pollMs : undefined, leave });
    // Others are noticed by the backend; that subscriptions read by themselves is a net below that.
    return createEventStore(backend, { name: 'sqlite', ...rest, pollMs: Math.max(pollMs, NET_POLL_MS) });
  } catch (error) {
    if (isOwn) connection.close();
    throw error;
  }
}

function checked(options: SqliteEventStoreOptions): SqliteEventStoreOptions {
  const { path, database, driver, durability, busyTimeoutMs, pollMs } = expectOptions('options', options) ?? {};
  if ((path === undefined) === (database === undefined)) {
    throw new InvalidOptionError(
      `Expected either path or database, got ${path === undefined ? 'neither' : 'both'}. Give a path, such as sqliteEventStore({ path: 'events.db' }).`,
    );
  }
  if (path !== undefined) expectName('path', path);
  if (driver !== undefined) expectOneOf('driver', driver, ['node', 'libsql']);
  if (durability !== undefined) expectOneOf('durability', durability, ['full', 'normal']);
  if (busyTimeoutMs !== undefined) expectDelay('busyTimeoutMs', busyTimeoutMs);
  if (pollMs !== undefined) expectDelay('pollMs', pollMs, true);
  return options;
}
