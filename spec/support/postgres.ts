import { randomBytes } from 'node:crypto';
import { Client, Pool, type PoolConfig, type QueryResultRow } from 'pg';
import { serviceUrl } from './services.ts';

/** A database for one spec. */
export interface TestDatabase extends AsyncDisposable {
  readonly connectionString: string;
  /** Runs a statement on a connection of its own pool, and returns its rows. */
  query<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A connection of its own, which ends with the database. */
  connect(): Promise<Client>;
  /** A pool, which ends with the database. */
  pool(config?: PoolConfig): Pool;
}

/** A server on which specs make databases, if there is one: quick, and not durable. */
export const postgresUrl: string | undefined = await serviceUrl('postgres', {
  PG_CONF: 'fsync = off\nfull_page_writes = off',
});

/** Makes an empty database. */
export async function openDatabase(server: string = postgresUrl ?? ''): Promise<TestDatabase> {
  const name = `millrace_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name}`);
  const connectionString = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const ends: (() => Promise<void>)[] = [];

  function pool(config: PoolConfig = {}): Pool {
    const made = new Pool({ connectionString, ...config });
    made.on('error', () => undefined);
    ends.push(async () => {
      if (!made.ended) await made.end();
    });
    return made;
  }

  const own = pool({ max: 4 });
  return {
    connectionString,
    pool,
    async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await own.query<Row>(text, [...values])).rows;
    },
    async connect() {
      const client = new Client({ connectionString });
      client.on('error', () => undefined);
      await client.connect();
      ends.push(async () => client.end());
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end().catch(() => undefined);
      await administer(server, `drop database ${name} with (force)`);
    },
  };
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
