import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { SERVICES } from '../../services/catalogue.ts';
import { controlService, type ServiceControl } from '../../services/control.ts';
import { DATABASE_PREFIX, FOLDER_VARIABLE, POSTGRES_VARIABLE } from './new-database.ts';

/** The databases of a run: files in a folder of its own, and those on a PostgreSQL server, all on one disk. */
export interface Databases extends AsyncDisposable {
  /** Why there is no PostgreSQL to measure, if there is none. It is started when this is asked first. */
  missingPostgres(): Promise<string | undefined>;
  /** Removes what a row's contestants have left. */
  clear(): Promise<void>;
}

/** Makes the folder, which goes with the run, and tells the contestants' processes where it is. */
export function openDatabases(): Databases {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  // The server may run as another user, who must get through.
  chmodSync(folder, 0o711);
  const files = join(folder, 'files');
  mkdirSync(files);
  process.env[FOLDER_VARIABLE] = files;
  // Also if it is broken off: the server ends by itself then, as its owner is gone.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  process.once('SIGINT', () => process.exit(130));
  let postgres: Promise<PostgresSite> | undefined;
  return {
    async missingPostgres() {
      postgres ??= findPostgres(join(folder, 'services'));
      const site = await postgres;
      if (site.url !== undefined) process.env[POSTGRES_VARIABLE] = site.url;
      return site.missing;
    },
    async clear() {
      rmSync(files, { recursive: true, maxRetries: 5 });
      mkdirSync(files);
      await dropDatabases((await postgres)?.url);
    },
    async [Symbol.asyncDispose]() {
      // Why it did not start was said where it was asked for.
      const site = await postgres?.catch(() => undefined);
      await site?.started?.down();
    },
  };
}

/** Where PostgreSQL is, or why there is none. */
interface PostgresSite {
  readonly url?: string;
  readonly missing?: string;
  /** If it was started here. */
  readonly started?: ServiceControl;
}

/** The one that a variable names, or that `npm run services` has started, or one that is started for this run. */
async function findPostgres(folder: string): Promise<PostgresSite> {
  const service = SERVICES.find(({ name }) => name === 'postgres')!;
  const known = process.env[service.urlVariable] ?? (await controlService(service).url());
  if (known !== undefined) return durable(known);
  const control = controlService(service, folder);
  if (!(await control.isInstalled())) {
    return { missing: `${service.title} is not installed here; 'npm run services -- install' gets it, or says how` };
  }
  const url = await control.up({ SERVICE_OWNER: String(process.pid) });
  return { ...(await durable(url)), started: control };
}

/** What does not wait for the disk is not compared with what does. */
async function durable(url: string): Promise<PostgresSite> {
  for (const setting of ['fsync', 'synchronous_commit']) {
    const [row] = await ask(url, `select current_setting('${setting}')`);
    if (row?.[0] !== 'on') return { missing: `the PostgreSQL at ${new URL(url).host} has ${setting} = ${row?.[0]}` };
  }
  return { url };
}

async function dropDatabases(url: string | undefined): Promise<void> {
  if (url === undefined) return;
  const mine = `${DATABASE_PREFIX}${process.pid}_`;
  const left = await ask(url, `select datname from pg_database where starts_with(datname, '${mine}')`);
  for (const [name] of left) await ask(url, `drop database ${name} with (force)`);
}

async function ask(url: string, text: string): Promise<readonly (readonly string[])[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<string[]>({ text, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}
