import { StoreFormatError } from '../sourcing/errors.ts';
import { type Connection, onlyRow } from './connection.ts';

/** Marks a file as one of ours: "mlrc" in ASCII, in the header field for it (https://sqlite.org/fileformat.html#application_id). */
const APPLICATION_ID = 0x6d6c7263;

/**
 * What makes a database of version n one of version n + 1. What was published is never edited: a change is a new entry at the end.
 *
 * Positions are given by the writer, which is quicker than AUTOINCREMENT. They are never used again, or a reader that is behind one would miss the
 * new event: so what was deleted leaves the highest position of then.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    time REAL NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (stream, version)
  ) STRICT;
  CREATE TABLE deleted_streams (stream TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX deleted_streams_position ON deleted_streams (position);
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
export function migrate(connection: Connection, path: string): void {
  const version = formatOf(connection, path);
  for (const sql of MIGRATIONS.slice(version)) connection.execute(sql);
  connection.execute(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
}

/**
 * Whether a database is of the newest version.
 *
 * @throws StoreFormatError for one that is not ours, or newer
 */
export function isMigrated(connection: Connection, path: string): boolean {
  return formatOf(connection, path) === MIGRATIONS.length;
}

/** The version of a database that this library has made; 0 of an empty one. */
function formatOf(connection: Connection, path: string): number {
  // In one statement: another process may migrate between two.
  const [applicationId, version, tables] = onlyRow<readonly [number, number, number]>(
    connection.query(
      `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
        FROM pragma_application_id, pragma_user_version`,
    ),
  );
  if (applicationId !== APPLICATION_ID) {
    if (applicationId === 0 && version === 0 && tables === 0) return 0;
    throw new StoreFormatError(
      `Expected an event store or a new file in '${path}', got an SQLite database of another program. Give another path.`,
    );
  }
  if (version <= MIGRATIONS.length) return version;
  throw new StoreFormatError(
    `Expected an event store of format ${MIGRATIONS.length} or older in '${path}', got format ${version} of a newer millrace. Update millrace in this program.`,
  );
}
