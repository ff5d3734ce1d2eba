import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStore, type EventStoreOptions, OutcomeUnknownError, StoreUnavailableError } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';
import { collect } from '../support/collect.ts';
import { CuttingProxy } from './proxy.ts';

const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } });

/** So that nothing is found by polling. */
const NEVER_MS = 1_000_000;

const isInstalled = postgresUrl !== undefined;

describe.skipIf(!isInstalled)('a connection', () => {
  let database: TestDatabase;
  const stores: EventStore[] = [];

  beforeEach(async () => {
    database = await openDatabase();
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await database[Symbol.asyncDispose]();
  });

  async function open(
    options: EventStoreOptions & { readonly connectionString?: string; readonly max?: number } = {},
  ): Promise<EventStore> {
    const { connectionString = database.connectionString, max = 10, ...rest } = options;
    const store = await postgresEventStore({ connect: { connectionString, max }, ...rest });
    stores.push(store);
    return store;
  }

  it('that is lost after an append was carried out leaves its outcome unknown, and the append can be repeated', async () => {
    await using proxy = await CuttingProxy.open(database.connectionString);
    const store = await open({ connectionString: proxy.connectionString });
    await store.append('a', deposited(0));
    proxy.cutNext('x-shop', 'after the answer');
    const events = [{ ...deposited(1), headers: { 'x-shop': 'Kyiv' }, subject: 'b' }, deposited(2)];
    const error = await store.append('a', events, { expectedVersion: 1 }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    const { events: sent, cause } = error as OutcomeUnknownError;
    expect(cause).toBeInstanceOf(Error);
    expect(sent).toMatchObject(events);
    expect(sent.map(({ id, time }) => [typeof id, typeof time])).toStrictEqual([
      ['string', 'number'],
      ['string', 'number'],
    ]);

    const repeated = await store.append('a', sent, { expectedVersion: 1 });
    expect(repeated).toMatchObject({ version: 3, isRepeated: true, ids: sent.map(({ id }) => id) });
    const read = await collect(store.readStream('a'));
    expect(read.map(({ data }) => data)).toStrictEqual([{ amount: 0 }, { amount: 1 }, { amount: 2 }]);
    expect(read[1]).toMatchObject({ time: sent[0]!.time, headers: { 'x-shop': 'Kyiv' }, subject: 'b' });
  });

  it('that is lost before the server has heard of an append leaves its outcome unknown, too', async () => {
    await using proxy = await CuttingProxy.open(database.connectionString);
    const store = await open({ connectionString: proxy.connectionString });
    await store.append('a', deposited(0));
    proxy.cutNext('lost', 'before the request');
    const error = await store.append('a', { ...deposited(1), subject: 'lost' }).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    const repeated = await store.append('a', (error as OutcomeUnknownError).events);
    expect(repeated).toMatchObject({ version: 2, isRepeated: false });
  });

  it('that the server ends in mid-append leaves its outcome unknown', async () => {
    const store = await open();
    const locker = await database.connect();
    const lock = `hashtextextended('a', hashtextextended('millrace.millrace', 0))`;
    await locker.query(`select pg_advisory_lock(${lock})`);
    const appending = store.append('a', deposited(1)).catch((failure: unknown) => failure);
    await vi.waitFor(async () => {
      const ended = await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`,
      );
      expect(ended).toHaveLength(1);
    }, 5_000);
    const error = await appending;
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect((error as OutcomeUnknownError).cause).toMatchObject({ code: '57P01' });
    await locker.query(`select pg_advisory_unlock(${lock})`);
    expect(await store.append('a', (error as OutcomeUnknownError).events)).toMatchObject({ version: 1 });
  });

  it('that cannot be had says so: nothing was sent', async () => {
    const proxy = await CuttingProxy.open(database.connectionString);
    const store = await open({ connectionString: proxy.connectionString });
    await proxy[Symbol.asyncDispose]();
    // The pool learns of its loss a moment later.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(store.append('a', deposited(1))).rejects.toThrow(StoreUnavailableError);
  });

  it('that is lost while nobody uses it, or by a read, is replaced', async () => {
    const store = await open();
    await store.append('a', deposited(1));
    for (let loss = 0; loss < 3; loss++) {
      await terminateAll();
      expect(await collect(store.readAll())).toHaveLength(1);
      await terminateAll();
      expect(await store.streamVersion('a')).toBe(1);
    }
  });

  it('listens, so that subscribers wake when another process has appended', async () => {
    const reader = await open({ pollMs: NEVER_MS });
    const writer = await open();
    const seen = subscribe(reader);
    for (let amount = 1; amount <= 20; amount++) {
      await writer.append('a', deposited(amount));
      await vi.waitFor(() => expect(seen).toHaveLength(amount), 5_000);
    }
  });

  it('that has listened and is lost is replaced, and what was told in between is found', async () => {
    const reader = await open({ pollMs: NEVER_MS });
    const writer = await open();
    const seen = subscribe(reader);
    await writer.append('a', deposited(1));
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    for (let loss = 1; loss <= 3; loss++) {
      await vi.waitFor(async () => {
        const ended = await database.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()`,
        );
        expect(ended).toHaveLength(1);
      }, 5_000);
      await writer.append('a', deposited(loss));
      await vi.waitFor(() => expect(seen).toHaveLength(loss + 1), 5_000);
    }
  });

  it('that is the only one is not kept for listening: the store polls', async () => {
    const reader = await open({ max: 1, pollMs: 20 });
    const writer = await open();
    const seen = subscribe(reader);
    await writer.append('a', deposited(1));
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    await reader.append('a', deposited(2));
    await vi.waitFor(() => expect(seen).toHaveLength(2), 5_000);
  });

  it('is let go of when nobody subscribes any more, and when the store is closed', async () => {
    const store = await open();
    const end = new AbortController();
    const seen = subscribe(store, end.signal);
    await store.append('a', deposited(1));
    await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
    await vi.waitFor(async () => expect(await listeners()).toBe(1), 5_000);
    end.abort();
    await vi.waitFor(async () => expect(await listeners()).toBe(0), 5_000);
    subscribe(store);
    const appending = store.append('a', deposited(2));
    await store.close();
    expect(await appending).toMatchObject({ version: 2 });
    const others = await database.query(
      `select 1 from pg_stat_activity where application_name = 'millrace' and datname = current_database()`,
    );
    expect(others).toStrictEqual([]);
  });

  async function terminateAll(): Promise<void> {
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace' and datname = current_database()`,
    );
  }

  async function listeners(): Promise<number> {
    const rows = await database.query(
      `select 1 from pg_stat_activity where query like 'listen %' and datname = current_database()`,
    );
    return rows.length;
  }
});

describe.skipIf(!isInstalled || process.env['MILLRACE_POSTGRES_URL'] !== undefined)('a server of its own', () => {
  it('that starts again is found again by subscribers and writers', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-restart-'));
    await chmod(folder, 0o711);
    const control = controlService(
      SERVICES.find(({ name }) => name === 'postgres')!,
      folder,
    );
    try {
      const connectionString = await control.up();
      await using reader = await postgresEventStore({ connect: { connectionString } });
      await using writer = await postgresEventStore({ connect: { connectionString } });
      const seen = subscribe(reader);
      await writer.append('a', deposited(1));
      await vi.waitFor(() => expect(seen).toHaveLength(1), 5_000);
      await control.restart();
      await writer.append('a', deposited(2));
      await vi.waitFor(() => expect(seen).toHaveLength(2), 10_000);
    } finally {
      await control.down();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function subscribe(store: EventStore, signal?: AbortSignal): unknown[] {
  const seen: unknown[] = [];
  void (async () => {
    for await (const { data } of store.subscribe(signal === undefined ? {} : { signal })) seen.push(data);
  })();
  return seen;
}
