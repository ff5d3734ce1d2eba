import { postgresEventStore } from 'millrace/postgres';
import { eventStoreContract } from 'millrace/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';

// All 10,000 events, by hand: MILLRACE_SCALE=1 npx vitest run spec/postgres/contract.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);

describe('postgresEventStore()', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    if (postgresUrl !== undefined) database = await openDatabase();
  });

  afterAll(async () => database?.[Symbol.asyncDispose]());

  const open = async () => postgresEventStore({ connect: { connectionString: database.connectionString } });
  const missing = postgresUrl === undefined ? { unavailable: 'no PostgreSQL on this machine' } : {};
  for (const { name, skip, run } of eventStoreContract(open, { scale, ...missing })) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 60_000 }, run);
  }
});
