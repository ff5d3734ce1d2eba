import { DuplicateEventError, OutcomeUnknownError, StoreUnavailableError, VersionConflictError } from 'millrace';
import { type SqliteDriver, sqliteEventStore } from 'millrace/sqlite';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/collect.ts';
import { DRIVERS, openDatabase, openFolder } from './clients.ts';
import { SpyingDatabase, sqliteError } from './spying-database.ts';

const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } });

async function openSpied(driver: SqliteDriver, path = ':memory:') {
  const database = new SpyingDatabase(openDatabase(driver, path));
  const store = await sqliteEventStore({ database });
  database.ran.length = 0;
  return { database, store };
}

describe.each(DRIVERS)('transactions, by %s', (driver) => {
  it('are shared by all that is written in one turn', async () => {
    const { database, store } = await openSpied(driver);
    const appends = Array.from({ length: 8 }, (_, index) => store.append(`account-${index % 4}`, deposited(index)));
    const [results] = await Promise.all([Promise.all(appends), store.documents.put('kind', 'key', '1')]);
    expect(results.map(({ version }) => version)).toStrictEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect([database.count('BEGIN'), database.count('COMMIT')]).toStrictEqual([1, 1]);
  });

  it('are shared by writers who go on when they are answered', async () => {
    const { database, store } = await openSpied(driver);
    const write = async (writer: number): Promise<void> => {
      for (let round = 0; round < 10; round++) await store.append(`account-${writer}`, deposited(round));
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    expect(database.count('COMMIT')).toBe(10);
    expect(await store.head()).toMatchObject({ position: 80 });
  });

  it('do not grow without bound', async () => {
    const { database, store } = await openSpied(driver);
    const events = Array.from({ length: 600 }, (_, index) => deposited(index));
    await Promise.all(Array.from({ length: 4 }, (_, writer) => store.append(`account-${writer}`, events)));
    expect(database.count('COMMIT')).toBe(2);
  });

  it('write what can be written, whatever cannot', async () => {
    const { database, store } = await openSpied(driver);
    const id = 'taken';
    // The id is that of the last of three statements: those before it have to be undone.
    const batch = Array.from({ length: 61 }, (_, index) => (index < 60 ? deposited(index) : { ...deposited(60), id }));
    const [first, second, conflict, duplicate, third] = await Promise.allSettled([
      store.append('a', { ...deposited(1), id }),
      store.append('b', deposited(2)),
      store.append('b', deposited(3), { expectedVersion: 7 }),
      store.append('c', batch),
      store.append('b', deposited(4), { expectedVersion: 1 }),
    ]);
    expect(database.count('COMMIT')).toBe(1);
    expect([first, second, third]).toMatchObject([
      { value: { version: 1, checkpoint: '1' } },
      { value: { version: 1, checkpoint: '2' } },
      { value: { version: 2, checkpoint: '3' } },
    ]);
    expect(conflict).toMatchObject({ reason: expect.any(VersionConflictError) as unknown });
    expect(duplicate).toMatchObject({ reason: expect.any(DuplicateEventError) as unknown });
    expect((await collect(store.readAll())).map(({ stream, version }) => `${stream}${version}`)).toStrictEqual([
      'a1',
      'b1',
      'b2',
    ]);
  });

  it('keep no commit for what has changed nothing', async () => {
    await using folder = await openFolder();
    const { database, store } = await openSpied(driver, folder.file('events.db'));
    await store.append('a', deposited(1));
    const other = openDatabase(driver, folder.file('events.db'));
    const dataVersion = () => Object.values(other.prepare('PRAGMA data_version').get() as object)[0] as unknown;
    const before = dataVersion();
    await expect(store.append('a', deposited(2), { expectedVersion: 0 })).rejects.toThrow(VersionConflictError);
    expect(dataVersion()).toBe(before);
    await store.append('a', deposited(2));
    expect(dataVersion()).not.toBe(before);
    other.close();
    await store.close();
    database.close();
  });

  it('are done one by one when one of them breaks them', async () => {
    const { database, store } = await openSpied(driver);
    let inserts = 0;
    database.before = (sql) => {
      // The second of the three, together and alone.
      if (sql.startsWith('INSERT') && [2, 4].includes(++inserts)) {
        throw sqliteError('SQLITE_TOOBIG', 18, 'string or blob too big');
      }
    };
    const [first, second, third] = await Promise.allSettled(
      ['a', 'b', 'c'].map((stream) => store.append(stream, deposited(1))),
    );
    expect([first, third]).toMatchObject([{ value: { version: 1 } }, { value: { version: 1 } }]);
    expect(second).toMatchObject({ reason: { message: expect.stringContaining('string or blob too big') as unknown } });
    expect(database.count('ROLLBACK')).toBe(2);
    expect((await collect(store.readAll())).map(({ stream }) => stream)).toStrictEqual(['a', 'c']);
  });

  it('that cannot be committed are answered so to everyone, and leave nothing', async () => {
    const { database, store } = await openSpied(driver);
    database.before = (sql) => {
      if (sql === 'COMMIT') throw sqliteError('SQLITE_FULL', 13, 'database or disk is full');
    };
    const outcomes = await Promise.allSettled([store.append('a', deposited(1)), store.append('b', deposited(1))]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: expect.any(StoreUnavailableError) as unknown });
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining('disk is full') as unknown } });
    }
    database.before = () => undefined;
    expect(await store.head()).toMatchObject({ position: 0 });
    expect(await store.append('a', deposited(1))).toMatchObject({ version: 1, checkpoint: '1' });
  });

  it('whose sync fails are of unknown outcome, and their events can be appended again', async () => {
    const { database, store } = await openSpied(driver);
    database.before = (sql) => {
      if (sql === 'COMMIT') throw sqliteError('SQLITE_IOERR_FSYNC', 1034, 'disk I/O error');
    };
    const error = await store.append('a', deposited(1)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    await expect(store.documents.put('kind', 'key', '1')).rejects.toThrow('Whether it was written is unknown');
    database.before = () => undefined;
    const { events } = error as OutcomeUnknownError;
    expect(await store.append('a', events)).toMatchObject({ version: 1, isRepeated: false });
    expect(await store.append('a', events)).toMatchObject({ version: 1, isRepeated: true });
  });

  it('that cannot begin refuse all, and say why', async () => {
    const { database, store } = await openSpied(driver);
    database.exec('BEGIN');
    const appends = [store.append('a', deposited(1)), store.append('b', deposited(1))];
    for (const outcome of await Promise.allSettled(appends)) {
      expect(outcome).toMatchObject({ reason: expect.any(StoreUnavailableError) as unknown });
    }
    database.exec('ROLLBACK');
    expect(await store.append('a', deposited(1))).toMatchObject({ version: 1 });
  });

  it('leave the loop a turn between two', async () => {
    const { store } = await openSpied(driver);
    let turns = 0;
    const turn = (): void => {
      turns++;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    for (let round = 0; round < 20; round++) await store.append('a', deposited(round));
    for (let round = 0; round < 20; round++) await store.streamVersion('a');
    clearImmediate(next);
    expect(turns).toBeGreaterThan(35);
  });
});
