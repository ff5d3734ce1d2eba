export type { SqliteDriver } from './open-connection.ts';
export type { SqliteDurability } from './open-store.ts';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';
export { sqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.ts';
