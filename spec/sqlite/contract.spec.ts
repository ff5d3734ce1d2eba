import { type SqliteDriver, sqliteEventStore } from 'millrace/sqlite';
import { eventStoreContract } from 'millrace/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';

const hasNode = process.getBuiltinModule('node:sqlite' as 'node:fs') !== undefined;
const drivers: readonly SqliteDriver[] = hasNode ? ['libsql', 'node'] : ['libsql'];

describe.each(drivers)('an event store in a file, by %s', (driver) => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'));
  });

  afterAll(() => rm(folder, { recursive: true }));

  const open = () => sqliteEventStore({ path: join(folder, 'events.db'), driver });
  for (const { name, skip, run } of eventStoreContract(open)) {
    it.skipIf(skip !== undefined)(name, { timeout: 31_000 }, run);
  }
});

describe('an event store in a database of memory', () => {
  const open = () => sqliteEventStore({ path: ':memory:' });
  for (const { name, skip, run } of eventStoreContract(open, { clients: 'one' })) {
    it.skipIf(skip !== undefined)(name, { timeout: 31_000 }, run);
  }
});
