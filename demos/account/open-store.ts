import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EventStore } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { UsageError } from '../shared/usage-error.ts';
import { Account } from './account.ts';
import type { Options } from './options.ts';

/**
 * Opens the store of `--file`; with `--fresh`, a new one in its place.
 *
 * @throws UsageError for a file that is no store of this demo; nothing is deleted then
 */
export async function openStore({ file, isFresh }: Options): Promise<EventStore> {
  const store = await open(file);
  if (!(await isOurs(store))) {
    await store.close();
    throw new UsageError(`Expected --file to be a store of this demo, got '${file}', which has events of another.`);
  }
  if (!isFresh) return store;
  await store.close();
  await removeAll(file);
  return open(file);
}

/** Where the balances of a store's accounts are, and how the names of their files begin. */
export function balancesBeside(file: string): string {
  return `${file}.balances`;
}

async function open(path: string): Promise<EventStore> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await sqliteEventStore({ path });
  } catch (error) {
    const message = `Expected --file to be a file for events, there or not yet, got '${path}': ${(error as Error).message}`;
    throw new UsageError(message, { cause: error });
  }
}

async function isOurs(store: EventStore): Promise<boolean> {
  for await (const { stream } of store.readAll({ limit: 1 })) return stream.startsWith(`${Account.name}-`);
  return true;
}

/** The database, what SQLite keeps beside it, and the balances. */
async function removeAll(file: string): Promise<void> {
  const folder = dirname(file);
  const balances = basename(balancesBeside(file));
  const beside = (await readdir(folder)).filter((name) => name.startsWith(balances)).map((name) => join(folder, name));
  for (const path of [file, `${file}-wal`, `${file}-shm`, ...beside]) await rm(path, { force: true });
}
