import { resolve } from 'node:path';
import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import { BetterConnection, isBetterStatement } from './better-connection.ts';
import type { Connection } from './connection.ts';
import { cannotOpen } from './failures.ts';
import { NodeConnection } from './node-connection.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Which client opens a database: the SQLite that is built into Node from 22.13 on, or the package `libsql`. */
export type SqliteDriver = 'libsql' | 'node';

/** The part of `node:sqlite` that is used; Node 20, whose types these are compiled with, has none. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

type Opener = (path: string) => Connection;

/** Opens a database with the client that was asked for, or the first that is there. */
export async function openConnection(path: string, driver: SqliteDriver | undefined): Promise<Connection> {
  const opener = await openerOf(driver);
  try {
    // Clients would take 'file:' and 'http:' for more than the names of files.
    return opener(path === MEMORY ? path : resolve(path));
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

/** The path of a database that is no file, and gone when it is closed. */
export const MEMORY = ':memory:';

/** A connection to a database that somebody has opened, with any of the clients. */
export function connectionTo(database: SqliteDatabase): Connection {
  if (!isDatabase(database)) {
    throw new InvalidOptionError(
      `Expected database to be one that node:sqlite, libsql or better-sqlite3 has opened, got ${show(database)}.`,
    );
  }
  const isBetter = isBetterStatement(database.prepare('SELECT 1'));
  return isBetter ? new BetterConnection(database) : new NodeConnection(database);
}

function isDatabase(database: unknown): boolean {
  const { exec, prepare } = (database ?? {}) as Partial<Record<string, unknown>>;
  return typeof exec === 'function' && typeof prepare === 'function';
}

async function openerOf(driver: SqliteDriver | undefined): Promise<Opener> {
  const open = driver === 'libsql' ? undefined : nodeOpener();
  if (driver === 'node' && open === undefined) {
    throw new InvalidOptionError(
      `Expected a Node with node:sqlite (from 22.13 on) for driver 'node', got Node ${process.versions.node}. Leave out driver, and run 'npm install libsql'.`,
    );
  }
  return open ?? libsqlOpener(driver);
}

function nodeOpener(): Opener | undefined {
  // Asked for so, it is not missed where there is none.
  const sqlite = process.getBuiltinModule('node:sqlite' as 'node:fs') as unknown as NodeSqlite | undefined;
  return sqlite && ((path) => new NodeConnection(new sqlite.DatabaseSync(path)));
}

async function libsqlOpener(driver: SqliteDriver | undefined): Promise<Opener> {
  const { default: Database } = await import('libsql').catch((cause: unknown) => {
    const node = driver === undefined ? 'Node 22.13 or newer, which has SQLite built in, or ' : '';
    throw new InvalidOptionError(
      `Expected ${node}the package 'libsql', got none that can be loaded by Node ${process.versions.node}. Run 'npm install libsql'.`,
      'INVALID_OPTION',
      { cause },
    );
  });
  return (path) => new BetterConnection(new Database(path));
}
