import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';

/** Tells the contestants' processes where the run's files are. */
export const FOLDER_VARIABLE = 'MILLRACE_BENCH_FOLDER';

/** Tells them where PostgreSQL is. */
export const POSTGRES_VARIABLE = 'MILLRACE_BENCH_POSTGRES';

/** What the names of a run's databases begin with, before the run's pid. */
export const DATABASE_PREFIX = 'millrace_bench_';

/** A path where nothing is yet. It is removed with the run. */
export function newPath(): string {
  return join(variable(FOLDER_VARIABLE), randomBytes(6).toString('hex'));
}

/** Makes an empty database on the server. It is dropped after the row. */
export async function newDatabase(): Promise<string> {
  const server = variable(POSTGRES_VARIABLE);
  const name = `${DATABASE_PREFIX}${process.ppid}_${randomBytes(6).toString('hex')}`;
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Expected ${name} to be set, as spec/bench/main.ts does.`);
  return value;
}
