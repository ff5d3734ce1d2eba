import type { Connection } from './connection.ts';
import { failureOf, isBusy } from './failures.ts';
import { isMigrated, migrate } from './migrations.ts';
import type { WorkLine } from './work-line.ts';

/**
 * When an append is safe.
 *
 * - `full`: it is on the disk when it resolves, and survives a power cut if the disk keeps its word (`synchronous = FULL`: a sync for each transaction)
 * - `normal`: it survives the end of the process, also by SIGKILL. A power cut or a crash of the system may take the last ones, never the middle, and damages nothing
 *   (`synchronous = NORMAL`)
 *
 * See https://sqlite.org/pragma.html#pragma_synchronous
 */
export type SqliteDurability = 'full' | 'normal';

/** How many kilobytes of the database are kept in memory: what the indexes of many streams are looked up in. */
const CACHE_KIB = 16_000;

/** Makes a connection one to an event store. A database that is not ours is left as it was. */
export async function openStore(
  connection: Connection,
  line: WorkLine,
  path: string,
  durability: SqliteDurability,
): Promise<void> {
  const isNew = !(await line.read(() => isMigrated(connection, path)));
  // fullfsync is for macOS, where fsync leaves data in the disk's own memory: https://sqlite.org/pragma.html#pragma_fullfsync
  const isFull = durability === 'full' ? 'ON' : 'OFF';
  // What is deleted is overwritten, for people who are to be forgotten: https://sqlite.org/pragma.html#pragma_secure_delete
  const pragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};
    PRAGMA fullfsync = ${isFull}; PRAGMA checkpoint_fullfsync = ${isFull}; PRAGMA secure_delete = ON; PRAGMA cache_size = -${CACHE_KIB};`;
  await line.read(() => connection.execute(pragmas));
  if (isNew) await line.write(() => migrate(connection, path));
  else expectWritable(connection, path);
}

/** Lets others find everything in the database file, and the file of the log empty. */
export function checkpointLog(connection: Connection): void {
  try {
    connection.execute('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // The log is as safe as the database is, and read by whoever opens it.
  }
}

/** SQLite opens a file that may not be written for reading, and says so only when something is written. */
function expectWritable(connection: Connection, path: string): void {
  try {
    connection.execute('BEGIN IMMEDIATE; ROLLBACK');
  } catch (error) {
    if (!isBusy(error)) throw failureOf(path, error);
  }
}
