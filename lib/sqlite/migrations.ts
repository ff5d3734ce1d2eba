import { StoreFormatError } from '../sourcing/errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Marks a file as one of ours: "mill" in ASCII, in the header field for it (https://sqlite.org/fileformat.html#application_id). */
const APPLICATION_ID = 0x6d696c6c;

/**
 * What makes a database of version n one of version n + 1. AUTOINCREMENT, so that a position is never used again, also if the last events are deleted: a
 * reader that is behind it would miss the new ones.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    time REAL NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream, version)
  ) STRICT;
  CREATE TABLE deleted_streams (stream TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    revision INTEGER NOT NULL,
    UNIQUE (kind, key)
  ) STRICT;`,
];

/** Brings a database to the newest version. To be called within a transaction that others wait for. */
export function migrate(database: SqliteDatabase, path: string): void {
  const version = expectOurs(database, path);
  if (version === MIGRATIONS.length) return;
  for (const sql of MIGRATIONS.slice(version)) database.exec(sql);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
}

/** Whether a database is of the newest version. */
export function isMigrated(database: SqliteDatabase, path: string): boolean {
  return expectOurs(database, path) === MIGRATIONS.length;
}

/** The version of a database that this library has made; 0 of an empty one. */
function expectOurs(database: SqliteDatabase, path: string): number {
  const applicationId = numberOf(database, 'SELECT application_id AS value FROM pragma_application_id');
  const version = numberOf(database, 'SELECT user_version AS value FROM pragma_user_version');
  if (applicationId !== APPLICATION_ID) {
    const tables = numberOf(database, 'SELECT count(*) AS value FROM sqlite_schema');
    if (applicationId === 0 && version === 0 && tables === 0) return 0;
    throw new StoreFormatError(
      `Expected an event store or a new file in '${path}', got an SQLite database of another program. Give another path.`,
    );
  }
  if (version <= MIGRATIONS.length) return version;
  throw new StoreFormatError(
    `Expected an event store of format ${MIGRATIONS.length} or older in '${path}', got format ${version}. Install the version of millrace that has made it, or a newer one.`,
  );
}

function numberOf(database: SqliteDatabase, sql: string): number {
  return (database.prepare(sql).get() as { readonly value: number }).value;
}
