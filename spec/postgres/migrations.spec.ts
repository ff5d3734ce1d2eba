import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { InvalidOptionError, StoreFormatError, StoreUnavailableError } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';
import { collect } from '../support/collect.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

describe.skipIf(postgresUrl === undefined)('the tables of a store', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await openDatabase();
  });

  afterEach(async () => database[Symbol.asyncDispose]());

  const open = async (options: { readonly schema?: string; readonly manage?: boolean } = {}) =>
    postgresEventStore({ connect: { connectionString: database.connectionString }, ...options });

  it('are made once, though 8 stores are opened at once on an empty database', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, async () => open()));
    await Promise.all(stores.map(async (store) => store.append('a', deposited)));
    expect((await collect(stores[0]!.readAll())).map(({ version }) => version)).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await database.query('select version from millrace.millrace_migrations')).toStrictEqual([{ version: 1 }]);
    await Promise.all(stores.map(async (store) => store.close()));
  });

  it('are made once, though 8 processes open a store at once on an empty database', { timeout: 60_000 }, async () => {
    const run = promisify(execFile);
    const program = fileURLToPath(new URL('./append-once.ts', import.meta.url));
    const args = ['--tsconfig', 'spec/tsconfig.json', program, database.connectionString];
    await Promise.all(Array.from({ length: 8 }, async () => run('node_modules/.bin/tsx', args)));
    await using store = await open();
    expect(await store.streamVersion('a')).toBe(8);
  });

  it('of different schemas know nothing of each other', async () => {
    const schemas = ['one', 'One', 'one "quoted"', "'; drop schema one; --", 'back\\slash', 'größe', 'x'.repeat(63)];
    const pool = database.pool({ max: 3 });
    for (const schema of schemas) {
      await using store = await postgresEventStore({ client: pool, schema });
      expect(await store.append('a', { ...deposited, id: 'same', data: schema })).toMatchObject({ version: 1 });
      expect((await store.head()).position).toBe(1);
    }
    for (const schema of schemas) {
      await using store = await postgresEventStore({ client: pool, schema });
      expect((await collect(store.readAll())).map(({ data }) => data)).toStrictEqual([schema]);
    }
    const rows = await database.query<{ nspname: string }>('select nspname from pg_namespace');
    expect(rows.map(({ nspname }) => nspname)).toEqual(expect.arrayContaining(schemas));
  });

  it.each(['', ' ', 'x'.repeat(64), 'ß'.repeat(32), 'a\0b', 'pg_own'])('are in no schema %j', async (schema) => {
    await expect(open({ schema })).rejects.toThrow(InvalidOptionError);
  });

  it('of a newer version are left alone', async () => {
    await (await open()).close();
    await database.query('insert into millrace.millrace_migrations (version) values (99)');
    await expect(open()).rejects.toThrow(StoreFormatError);
    await expect(open()).rejects.toThrow(
      "Expected schema 'millrace' of version 1 or older, got version 99. A newer millrace has made it: upgrade this program.",
    );
  });

  it('are only checked if it is not to manage them', async () => {
    await expect(open({ manage: false })).rejects.toThrow(
      "Expected schema 'millrace' of version 1, got version 0 (there are no tables yet). Open it once with manage: true, as a role that may create tables.",
    );
    expect(await database.query(`select 1 from pg_namespace where nspname = 'millrace'`)).toStrictEqual([]);
    await (await open()).close();
    await using store = await open({ manage: false });
    expect(await store.append('a', deposited)).toMatchObject({ version: 1 });
  });

  it('are used by a role that may not make any', async () => {
    await (await open()).close();
    const role = `reader_${new URL(database.connectionString).pathname.slice(1)}`;
    await database.query(`
      create role ${role} login;
      grant usage on schema millrace to ${role};
      grant select, insert, update, delete on all tables in schema millrace to ${role};
      grant usage on all sequences in schema millrace to ${role}`);
    const connectionString = Object.assign(new URL(database.connectionString), { username: role }).href;
    {
      await using store = await postgresEventStore({ connect: { connectionString } });
      await store.append('a', deposited);
      await store.documents.put('kind', 'key', '1');
      expect(await store.deleteStream('a')).toBe(true);
      await expect(postgresEventStore({ connect: { connectionString }, schema: 'other' })).rejects.toThrow(
        'permission denied',
      );
    }
    await database.query(`drop owned by ${role}; drop role ${role}`);
  });

  it('do not mix with those of another program', async () => {
    await database.query('create schema millrace; create table millrace.events (id int)');
    await expect(open()).rejects.toThrow(StoreFormatError);
    await expect(open()).rejects.toThrow(`'millrace' to be empty or one of millrace, got one with other things`);
    expect(
      await database.query(`select table_name from information_schema.tables where table_schema = 'millrace'`),
    ).toEqual([{ table_name: 'events' }]);
  });

  it('stand beside those of tools for migrations', async () => {
    await database.query(`create table public.migrations (id serial primary key, name text);
      create table public.knex_migrations (version text); insert into public.migrations (name) values ('1')`);
    await using store = await open({ schema: 'public' });
    expect(await store.append('a', deposited)).toMatchObject({ version: 1 });
    expect(await database.query('select name from migrations')).toStrictEqual([{ name: '1' }]);
  });

  it.each([
    ['other columns', 'create table millrace.millrace_migrations (id int)'],
    ['versions that are texts', `create table millrace.millrace_migrations as select text 'first' as version`],
    ['versions that are no numbers', `create table millrace.millrace_migrations as select float8 'nan' as version`],
    ['our version and no other table', 'create table millrace.millrace_migrations as select 1 as version'],
    [
      'our version and another table of events',
      'create table millrace.millrace_migrations as select 1 as version; create table millrace.events (id int)',
    ],
    [
      'our version and none of our functions',
      `create table millrace.millrace_migrations as select 1 as version;
        create table millrace.events (tx bigint, position bigint)`,
    ],
  ])('of another program are refused: %s', async (_, statement) => {
    await database.query(`create schema millrace; ${statement}`);
    for (const manage of [true, false]) await expect(open({ manage })).rejects.toThrow(StoreFormatError);
  });

  // The numbers of transactions begin anew there, so that all of the old ones would seem to be open.
  it('go on where they stood when a dump was restored on another server', async () => {
    const before = await open();
    await before.append('a', [deposited, deposited]);
    const [, second] = await collect(before.readAll());
    await before.close();
    await database.query('update millrace.events set tx = tx + 1000000000');
    const from = second!.checkpoint.replace(/^\d+/, (tx) => String(Number(tx) + 1_000_000_000));

    await expect(open({ manage: false })).rejects.toThrow('got one that was restored from another server');
    await using store = await open();
    await using other = await open();
    await other.append('b', deposited);
    expect((await collect(store.readAll())).map(({ stream }) => stream)).toStrictEqual(['a', 'a', 'b']);
    expect((await collect(other.readAll({ from }))).map(({ stream }) => stream)).toStrictEqual(['b']);
    const { checkpoint } = await store.head();
    await store.append('c', deposited);
    expect((await collect(store.readAll({ from: checkpoint }))).map(({ stream }) => stream)).toStrictEqual(['c']);
  });

  it.each(['repeatable read', 'serializable'])('need transactions that are not %s', async (isolation) => {
    const name = new URL(database.connectionString).pathname.slice(1);
    await database.query(`alter database ${name} set default_transaction_isolation = '${isolation}'`);
    await expect(open()).rejects.toThrow(
      `Expected transactions to be 'read committed' by default, got '${isolation}'.`,
    );
    const options = '-c default_transaction_isolation=read\\ committed';
    await using store = await postgresEventStore({ connect: { connectionString: database.connectionString, options } });
    expect(await store.append('a', deposited)).toMatchObject({ version: 1 });
  });

  it('need a database in UTF8', async () => {
    const name = `latin_${new URL(database.connectionString).pathname.slice(1)}`;
    await database.query(`create database ${name} encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`);
    const connectionString = Object.assign(new URL(database.connectionString), { pathname: `/${name}` }).href;
    await expect(postgresEventStore({ connect: { connectionString } })).rejects.toThrow(
      'Expected a database in UTF8, got LATIN1',
    );
    await database.query(`drop database ${name}`);
  });
});

describe.skipIf(postgresUrl === undefined)('opening a store', () => {
  it.each([
    ['nothing', {}],
    ['both', { client: {}, connect: {} }],
    ['a text as client', { client: 'postgres://127.0.0.1' }],
    ['a single client', { client: new Client() }],
    ['a text as connect', { connect: 'postgres://127.0.0.1' }],
    ['a wrong page size', { connect: {}, pageSize: 0 }],
    ['a wrong schema', { connect: {}, schema: 1 }],
    ['a wrong flag', { connect: {}, manage: 'no' }],
  ])('refuses %s', async (_, options) => {
    await expect(postgresEventStore(options as never)).rejects.toThrow(InvalidOptionError);
  });

  it('says that nobody is there', async () => {
    const connectionString = 'postgres://test@127.0.0.1:1/test';
    await expect(postgresEventStore({ connect: { connectionString } })).rejects.toThrow(StoreUnavailableError);
    await expect(postgresEventStore({ connect: { connectionString } })).rejects.toThrow(
      'Expected a connection to PostgreSQL, got: connect ECONNREFUSED 127.0.0.1:1. Nothing was sent.',
    );
  });

  it('leaves the pool of its user open, and as it was', async () => {
    await using database = await openDatabase();
    const pool = database.pool();
    const listeners = pool.listenerCount('error');
    await using first = await postgresEventStore({ client: pool });
    const store = await postgresEventStore({ client: pool, schema: 'other' });
    await store.append('a', deposited);
    await store.close();
    expect((await pool.query('select 1 as one')).rows).toStrictEqual([{ one: 1 }]);
    await first.close();
    expect(pool.listenerCount('error')).toBe(listeners);
    expect(pool.idleCount).toBe(pool.totalCount);
  });
});
