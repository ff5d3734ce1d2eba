import { InvalidOptionError, StoreFormatError, StoreUnavailableError } from 'millrace';
import { type SqliteEventStoreOptions, sqliteEventStore } from 'millrace/sqlite';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/collect.ts';
import { DRIVERS, openDatabase, openFolder } from './clients.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

describe.each(DRIVERS)('a file, by %s', (driver) => {
  it('is made once, and found again', async () => {
    await using folder = await openFolder();
    const path = folder.file('größe #1?.db');
    const first = await sqliteEventStore({ path, driver });
    await first.append('a', deposited);
    await first.close();
    await using second = await sqliteEventStore({ path, driver });
    expect(await second.streamVersion('a')).toBe(1);
    expect((await stat(path)).isFile()).toBe(true);
  });

  it.each([
    { what: 'with tables', sql: 'CREATE TABLE notes (text)' },
    { what: 'with an application id', sql: 'PRAGMA application_id = 7' },
    { what: 'with a version', sql: 'PRAGMA user_version = 1' },
  ])('of another program $what is refused, and left as it is', async ({ sql }) => {
    await using folder = await openFolder();
    const path = folder.file('notes.db');
    const other = openDatabase(driver, path);
    other.exec(sql);
    other.close();
    const before = await readFile(path);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow(StoreFormatError);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow('got an SQLite database of another program');
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it('of a newer version of the library is refused, and left as it is', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await (await sqliteEventStore({ path, driver })).close();
    const newer = openDatabase(driver, path);
    newer.exec('PRAGMA user_version = 1000; PRAGMA wal_checkpoint(TRUNCATE)');
    newer.close();
    const before = await readFile(path);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow(StoreFormatError);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow(/got format 1000 of a newer millrace. Update/);
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  it.each([
    { what: 'is text', bytes: Buffer.from('this is no database; '.repeat(1_000)) },
    { what: 'is zeros', bytes: Buffer.alloc(10_000) },
  ])('that $what is refused', async ({ bytes }) => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await writeFile(path, bytes);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow(StoreFormatError);
    await expect(sqliteEventStore({ path, driver })).rejects.toThrow(/Restore it from a backup, or give another path/);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('that is cut off says so when what is missing is read', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const first = await sqliteEventStore({ path, driver });
    const events = Array.from({ length: 1_000 }, (_, index) => ({ type: 'a', data: index, id: `id-${index}` }));
    await first.append('a', events);
    await first.close();
    await truncate(path, (await stat(path)).size - 3 * 4_096);
    const reading = async () => {
      await using store = await sqliteEventStore({ path, driver });
      await collect(store.readAll());
      for (const { id } of events) await store.findEvent(id);
    };
    await expect(reading()).rejects.toThrow(StoreFormatError);
    await expect(reading()).rejects.toThrow(/Expected a sound SQLite database/);
  });

  it.each(['nowhere/events.db', 'folder'])(
    'at %s, where none can be, is an error that says what to look at',
    async (name) => {
      await using folder = await openFolder();
      await mkdir(folder.file('folder'));
      const opening = sqliteEventStore({ path: folder.file(name), driver });
      await expect(opening).rejects.toThrow(StoreUnavailableError);
      await expect(opening).rejects.toThrow(
        /Expected to open the SQLite database '.*', got: .*See that its folder exists/,
      );
    },
  );

  it('that may not be written is refused when it is opened', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await (await sqliteEventStore({ path, driver })).close();
    const database = openDatabase(driver, path);
    database.exec('PRAGMA query_only = ON');
    // It stands for a file without rights: those do not hold for root.
    await expect(sqliteEventStore({ database })).rejects.toThrow(StoreUnavailableError);
    await expect(sqliteEventStore({ database })).rejects.toThrow(/this process may write to the file/);
    database.close();
  });

  it('is left with its log empty, though others have it open', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await using other = await sqliteEventStore({ path, driver });
    const store = await sqliteEventStore({ path, driver });
    await store.append('a', deposited);
    expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0);
    await store.close();
    expect((await stat(`${path}-wal`)).size).toBe(0);
    expect(await other.streamVersion('a')).toBe(1);
  });

  it('holds nothing of a stream that was deleted', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const store = await sqliteEventStore({ path, driver });
    await store.append('kept', deposited);
    await store.append('person-1', { type: 'named', data: { name: 'Ada'.repeat(4_000), short: 'Lovelace' } });
    await store.append('person-1', { type: 'named', data: { short: 'Lovelace' } });
    await store.documents.put('snapshot', 'person-1', '"Lovelace"');
    await store.deleteStream('person-1');
    await store.close();
    const bytes = await readFile(path);
    expect([bytes.includes('account.deposited'), bytes.includes('Lovelace'), bytes.includes('AdaAda')]).toStrictEqual([
      true,
      false,
      false,
    ]);
  });
});

describe.each(DRIVERS)('a database that was given, of %s', (driver) => {
  it('is not closed with the store', async () => {
    const database = openDatabase(driver, ':memory:');
    const store = await sqliteEventStore({ database });
    await store.append('a', deposited);
    await store.close();
    const again = await sqliteEventStore({ database });
    expect(await again.streamVersion('a')).toBe(1);
    await again.close();
    database.close();
  });

  it('that its owner has closed says so', async () => {
    const database = openDatabase(driver, ':memory:');
    const store = await sqliteEventStore({ database });
    database.exec('DROP TABLE events');
    await expect(store.append('a', deposited)).rejects.toThrow(
      /Expected the SQLite database .* to answer, got: .*events/,
    );
    await store.close();
    database.close();
    await expect(sqliteEventStore({ database })).rejects.toThrow(/not open/);
  });
});

describe('bad options', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /either path or database, got neither/],
    [null, /an object of options, got null/],
    [{}, /either path or database, got neither/],
    [{ path: 'a', database: {} }, /either path or database, got both/],
    [{ path: '' }, /path to be a text that is not empty/],
    [{ path: 7 }, /path to be a text/],
    [{ database: {} }, /Expected database to be one that node:sqlite/],
    [{ database: null }, /Expected database to be one that node:sqlite/],
    [{ path: ':memory:', driver: 'sqlite3' }, /driver to be one of/],
    [{ path: ':memory:', durability: 'none' }, /durability to be one of/],
    [{ path: ':memory:', busyTimeoutMs: -1 }, /busyTimeoutMs to be milliseconds/],
    [{ path: ':memory:', pollMs: 0 }, /pollMs to be milliseconds/],
    [{ path: ':memory:', pageSize: 0 }, /pageSize to be a whole number/],
    [{ path: ':memory:', name: '' }, /name to be a text/],
  ])('%j are refused', async (options, text) => {
    const opening = sqliteEventStore(options as SqliteEventStoreOptions);
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(text);
  });

  it.skipIf(DRIVERS.includes('node'))('say from which Node on the driver is there', async () => {
    const opening = sqliteEventStore({ path: ':memory:', driver: 'node' });
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(/from 22.13 on.*npm install libsql/);
  });
});

it.each([
  { durability: 'full', synchronous: 2 },
  { durability: 'normal', synchronous: 1 },
  { durability: undefined, synchronous: 2 },
] as const)('sets synchronous to $synchronous for durability $durability', async ({ durability, synchronous }) => {
  await using folder = await openFolder();
  const database = openDatabase(DRIVERS[0]!, folder.file('events.db'));
  await using store = await sqliteEventStore({ database, ...(durability && { durability }) });
  expect(await store.head()).toMatchObject({ position: 0 });
  expect(database.prepare('PRAGMA synchronous').all()).toMatchObject([{ synchronous }]);
  expect(database.prepare('PRAGMA journal_mode').all()).toMatchObject([{ journal_mode: 'wal' }]);
});
