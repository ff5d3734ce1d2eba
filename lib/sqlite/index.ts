/**
 * Keeps events in SQLite, in a file: `import { sqliteEventStore } from 'millrace/sqlite'`.
 *
 * @packageDocumentation
 */
export type { SqliteDriver } from './open-connection.ts';
export type { SqliteDurability } from './open-store.ts';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';
export {
  sqliteEventStore,
  type SqliteDatabaseOptions,
  type SqliteEventStoreOptions,
  type SqliteFileOptions,
  type SqliteStoreOptions,
} from './sqlite-event-store.ts';
