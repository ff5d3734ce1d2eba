import { InvalidOptionError } from '../core/errors.ts';
import { StoreUnavailableError } from '../sourcing/errors.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Which client opens a database: the SQLite that is built into Node from 22.13 on, or the package `libsql`. */
export type SqliteDriver = 'libsql' | 'node';

/** The part of `node:sqlite` that is used; Node 20, whose types these are compiled with, has none. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

/** Opens a database with the client that was asked for, or the first that is there. */
export async function openDatabase(path: string, driver: SqliteDriver | undefined): Promise<SqliteDatabase> {
  const open = driver === 'libsql' ? undefined : nodeOpener();
  if (driver === 'node' && open === undefined) {
    throw new InvalidOptionError(
      `Expected a Node with node:sqlite (from 22.13 on) for driver 'node', got Node ${process.versions.node}. Leave out driver, and install libsql.`,
    );
  }
  const opener = open ?? (await libsqlOpener());
  try {
    return opener(path);
  } catch (error) {
    throw new StoreUnavailableError(
      `Expected to open the SQLite database '${path}', got: ${String(error)}. See that its folder exists and that this process may write to it.`,
      { cause: error },
    );
  }
}

type Opener = (path: string) => SqliteDatabase;

function nodeOpener(): Opener | undefined {
  // Asked for so, it is not missed where there is none.
  const sqlite = process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as NodeSqlite | undefined;
  return sqlite && ((path) => new sqlite.DatabaseSync(path));
}

async function libsqlOpener(): Promise<Opener> {
  try {
    const { default: Database } = await import('libsql');
    return (path) => new Database(path);
  } catch (error) {
    throw new StoreUnavailableError(
      `Expected an SQLite client, got none: this Node (${process.versions.node}) has no node:sqlite, and libsql cannot be loaded. Run: npm install libsql. Or use Node 22.13 or newer.`,
      { cause: error },
    );
  }
}
