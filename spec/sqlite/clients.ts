import Libsql from 'libsql';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqliteDatabase, SqliteDriver } from 'millrace/sqlite';

/** The part of `node:sqlite` that specs use; the types of Node 20 have none. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

const nodeSqlite = process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as NodeSqlite | undefined;

/** The clients that this Node can use. */
export const DRIVERS: readonly SqliteDriver[] = nodeSqlite === undefined ? ['libsql'] : ['libsql', 'node'];

/** Opens a database as a user would, without the library. */
export function openDatabase(driver: SqliteDriver, path: string): SqliteDatabase {
  return driver === 'libsql' ? new Libsql(path) : new nodeSqlite!.DatabaseSync(path);
}

/** An empty folder, which is gone with its files at the end. */
export interface Folder extends AsyncDisposable {
  /** The path of a file in it. */
  file(name: string): string;
}

export async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'));
  return {
    file: (name) => join(folder, name),
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }),
  };
}
