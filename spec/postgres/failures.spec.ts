import { type EventStore, MillraceError, StoreFormatError, StoreUnavailableError } from 'millrace';
import { type PostgresPool, postgresEventStore } from 'millrace/postgres';
import type { QueryArrayConfig } from 'pg';
import { asapScheduler, type SchedulerLike } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../support/collect.ts';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';
import { CuttingProxy } from './proxy.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

describe.skipIf(postgresUrl === undefined)('an error of PostgreSQL', () => {
  let database: TestDatabase;
  const stores: EventStore[] = [];

  beforeEach(async () => {
    database = await openDatabase();
    const store = await open();
    await store.append('a', [deposited, deposited]);
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await database[Symbol.asyncDispose]();
  });

  async function open(connect: Readonly<Record<string, unknown>> = {}): Promise<EventStore> {
    const store = await postgresEventStore({ connect: { connectionString: database.connectionString, ...connect } });
    stores.push(store);
    return store;
  }

  it('that nothing may be written is one of the store, and says what to do', async () => {
    const store = await open({ options: '-c default_transaction_read_only=on' });
    for (const error of await failuresOfWriting(store)) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('in a read-only transaction (25006). Nothing was written. Connect to a server');
      expect(error.cause).toMatchObject({ code: '25006', severity: 'ERROR' });
    }
    expect(await collect(store.readAll())).toHaveLength(2);
  });

  it('that something is not permitted is one of the store, for readers too', async () => {
    const role = `stranger_${new URL(database.connectionString).pathname.slice(1)}`;
    const store = await open({ options: `-c role=${role}`, max: 1 }).catch((failure: unknown) => failure);
    expect(store).toBeInstanceOf(StoreUnavailableError);
    await database.query(`create role ${role}; grant usage on schema millrace to ${role};
      grant select on millrace.millrace_migrations, millrace.events to ${role}`);
    const stranger = await open({ options: `-c role=${role}` });
    await database.query(`revoke select on millrace.events from ${role}`);
    const errors = [
      ...(await failuresOfWriting(stranger)),
      ...(await failuresOf([
        () => collect(stranger.readAll()),
        () => collect(stranger.readStream('a')),
        () => stranger.streamVersion('a'),
        () => stranger.documents.get('kind', 'key'),
        () => stranger.documents.list('kind'),
      ])),
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('permission denied');
      expect(error.message).toContain('(42501). Nothing was written. Grant it');
      expect(error.cause).toMatchObject({ code: '42501' });
    }
    await database.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('that it took too long is one of the store', async () => {
    const store = await open({ statement_timeout: 50 });
    const locker = await database.connect();
    await locker.query(`select pg_advisory_lock(hashtextextended('a', hashtextextended('millrace.millrace', 0)))`);
    const errors = await failuresOf([() => store.append('a', deposited), () => store.deleteStream('a')]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error.message).toContain('Try again, or raise statement_timeout.');
      expect(error.cause).toMatchObject({ code: '57014' });
    }
  });

  it('that any other thing failed refers to the log of the server', async () => {
    const store = await open();
    await database.query(`create function full() returns trigger language plpgsql as
      $$ begin raise exception 'no space left on device' using errcode = tg_argv[0]; end $$`);
    for (const [code, remedy] of [
      ['53100', 'See that the server has room'],
      ['XX001', 'Look into the log'],
    ] as const) {
      await database.query(`create trigger full_${code} before insert or delete on millrace.events
        for each row execute function full('${code}')`);
      for (const error of await failuresOf([() => store.append('b', deposited), () => store.deleteStream('a')])) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error.message).toContain(`no space left on device (${code}). Nothing was written. ${remedy}`);
        expect(error.cause).toMatchObject({ code });
      }
      await database.query(`drop trigger full_${code} on millrace.events`);
    }
    expect(await store.append('a', deposited)).toMatchObject({ version: 3 });
  });

  it('that tables are missing is one of their format', async () => {
    const store = await open();
    await database.query('drop schema millrace cascade');
    const errors = await failuresOf([
      () => store.append('a', deposited),
      () => collect(store.readAll()),
      () => store.documents.put('kind', 'key', '1'),
    ]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreFormatError);
      expect(error.cause).toMatchObject({ code: expect.stringMatching(/^(?:42P01|42883|3F000)$/) as string });
    }
  });

  it.each(['after the answer', 'before the request'] as const)(
    'that a connection is lost %s to anything but an append says that it is unknown whether it was done',
    async (cut) => {
      await using proxy = await CuttingProxy.open(database.connectionString);
      const store = await open({ connectionString: proxy.connectionString });
      await store.append('lost-stream', deposited);
      const isDone = cut === 'after the answer';

      proxy.cutNext('lost-stream', cut);
      const [deleting] = await failuresOf([() => store.deleteStream('lost-stream')]);
      proxy.cutNext('lost-key', cut);
      const [putting] = await failuresOf([() => store.documents.put('kind', 'lost-key', '1')]);
      for (const error of [deleting, putting]) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect(error!.message).toMatch(/It is unknown whether it was done\. Ask again: that tells\.$/);
        expect(error!.cause).toBeInstanceOf(Error);
      }
      expect(await store.deleteStream('lost-stream')).toBe(!isDone);
      expect((await store.documents.get('kind', 'lost-key'))?.value).toBe(isDone ? '1' : undefined);
    },
  );

  it('that a read loses each connection ends the read, which was tried six times', async () => {
    const pool = database.pool();
    let queries = 0;
    const client: PostgresPool = {
      options: {},
      on: (event, listener) => pool.on(event, listener),
      off: (event, listener) => pool.off(event, listener),
      async connect() {
        const connection = await pool.connect();
        const query = connection.query.bind(connection);
        return Object.assign(connection, {
          async query(statement: QueryArrayConfig) {
            if (!statement.text.includes('coalesce(max(e.version)')) return query(statement);
            queries++;
            throw new Error('Connection terminated unexpectedly');
          },
        }) as never;
      },
    };
    const scheduler: SchedulerLike = { now: () => 0, schedule: (work) => asapScheduler.schedule(work as () => void) };
    const store = await postgresEventStore({ client, scheduler });
    stores.push(store);
    const [error] = await failuresOf([() => store.streamVersion('a')]);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error!.message).toContain('Expected to read from PostgreSQL, got: Connection terminated unexpectedly.');
    expect(error!.cause).toMatchObject({ message: 'Connection terminated unexpectedly' });
    expect(queries).toBe(6);
  });
});

async function failuresOfWriting(store: EventStore): Promise<MillraceError[]> {
  return failuresOf([
    () => store.append('a', deposited),
    () => store.deleteStream('a'),
    () => store.documents.put('kind', 'key', '1'),
    () => store.documents.put('kind', 'key', '1', 0),
    () => store.documents.remove('kind', 'key'),
  ]);
}

/** What each of them fails with. */
async function failuresOf(works: readonly (() => Promise<unknown>)[]): Promise<MillraceError[]> {
  const failures: MillraceError[] = [];
  for (const work of works) {
    const failure = await work().then(
      () => 'success',
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(MillraceError);
    failures.push(failure as MillraceError);
  }
  return failures;
}
