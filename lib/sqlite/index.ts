export type { SqliteDriver } from './open-database.ts';
export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';
export { type SqliteDurability, sqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.ts';
