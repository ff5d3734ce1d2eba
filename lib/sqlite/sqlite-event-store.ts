import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay, expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import { createEventStore, type EventStoreOptions } from '../sourcing/create-event-store.ts';
import type { EventStore } from '../sourcing/event-store.ts';
import { isMigrated, migrate } from './migrations.ts';
import { openDatabase, type SqliteDriver } from './open-database.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { WorkLine } from './work-line.ts';

/**
 * When an append is safe.
 *
 * - `full`: when it resolves it is on the disk, and survives a power cut, as far as the disk keeps its word (`synchronous = FULL`)
 * - `normal`: it survives the end of the process, also by SIGKILL; after a power cut or a crash of the machine the last appends may be missing, but nothing is damaged (`synchronous = NORMAL`)
 *
 * See https://sqlite.org/pragma.html#pragma_synchronous
 */
export type SqliteDurability = 'full' | 'normal';

/** How events are kept in SQLite. */
export interface SqliteEventStoreOptions extends EventStoreOptions {
  /** The file; made if it is not there, its folder is not. `':memory:'` is in memory. Not on a network file system, whose locks SQLite cannot trust. */
  readonly path?: string;
  /** A database that is open already (of `node:sqlite`, `libsql` or `better-sqlite3`), instead of a path; it stays yours to close. Nothing else may have a transaction open on it. */
  readonly database?: SqliteDatabase;
  /** Which client opens the file. @defaultValue the SQLite of Node, from 22.13 on; otherwise the package `libsql` */
  readonly driver?: SqliteDriver;
  /** When an append is safe. @defaultValue 'full' */
  readonly durability?: SqliteDurability;
  /** Milliseconds for which a write waits for other processes; ≥ 0. The thread is not blocked meanwhile. @defaultValue 5_000 */
  readonly busyTimeoutMs?: number;
  /** Milliseconds after which a subscription looks for events of other processes; \> 0. @defaultValue 100 */
  readonly pollMs?: number;
}

/**
 * Opens an event store in an SQLite database, in a file of its own: the embedded store for Node. Several processes of one machine may use it at once; one
 * writes at a time (https://sqlite.org/wal.html). Appends of one turn of the event loop share one transaction, and so one sync.
 *
 * @throws InvalidOptionError for an option that cannot work; StoreFormatError for a file of another program, of a newer version, or damaged; StoreUnavailableError when it cannot be opened
 *
 * @example
 * ```ts
 * import { sqliteEventStore } from 'millrace/sqlite';
 *
 * await using store = await sqliteEventStore({ path: 'accounts.db' });
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } });
 * console.log(await store.streamVersion('account-1'));
 * ```
 */
export async function sqliteEventStore(options: SqliteEventStoreOptions): Promise<EventStore> {
  const { path, database: given, driver, durability = 'full', busyTimeoutMs = 5_000, ...rest } = checked(options);
  const file = path ?? 'the database that was given';
  const database = given ?? (await openDatabase(file, driver));
  const closeDatabase = given === undefined ? () => void database.close() : () => undefined;
  try {
    // A driver's own waiting blocks the thread: the line waits itself.
    database.exec('PRAGMA busy_timeout = 0');
    const line = new WorkLine(database, file, busyTimeoutMs);
    await line.read(() => database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};`));
    if (!(await line.read(() => isMigrated(database, file)))) await line.write(() => migrate(database, file));
    return createEventStore(new SqliteBackend(database, line, closeDatabase), { name: 'sqlite', pollMs: 100, ...rest });
  } catch (error) {
    closeDatabase();
    throw error;
  }
}

function checked(options: SqliteEventStoreOptions): SqliteEventStoreOptions {
  const { path, database, driver, durability, busyTimeoutMs } = expectOptions('options', options ?? {});
  if ((path === undefined) === (database === undefined)) {
    throw new InvalidOptionError(
      `Expected either path or database, got ${path === undefined ? 'none' : 'both'}. Give sqliteEventStore({ path: 'events.db' }).`,
    );
  }
  if (path !== undefined) expectName('path', path);
  if (database !== undefined && typeof (database as { prepare?: unknown } | null)?.prepare !== 'function') {
    throw new InvalidOptionError(
      `Expected database to be one that node:sqlite, libsql or better-sqlite3 has opened, got ${show(database)}.`,
    );
  }
  if (driver !== undefined) expectOneOf('driver', driver, ['node', 'libsql']);
  if (durability !== undefined) expectOneOf('durability', durability, ['full', 'normal']);
  if (busyTimeoutMs !== undefined) expectDelay('busyTimeoutMs', busyTimeoutMs);
  return options;
}
