import { StoreUnavailableError } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { DRIVERS, openDatabase, openFolder } from './clients.ts';
import { SpyingDatabase, sqliteError } from './spying-database.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

describe.each(DRIVERS)('a database that somebody else writes to, by %s', (driver) => {
  it('is waited for, and the loop goes on meanwhile', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await using store = await sqliteEventStore({ path, driver });
    const other = openDatabase(driver, path);
    other.exec('BEGIN IMMEDIATE');
    let longestMs = 0;
    let before = performance.now();
    const beat = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - before);
      before = performance.now();
    }, 1);
    const appends = Promise.all([store.append('a', deposited), store.append('b', deposited)]);
    // Whoever only reads does not wait.
    expect(await store.streamVersion('a')).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    clearInterval(beat);
    other.exec('COMMIT');
    other.close();
    expect(await appends).toMatchObject([{ version: 1 }, { version: 1 }]);
    expect(longestMs).toBeLessThan(100);
  });

  it('is given up after the busy time-out, and nothing was written', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const scheduler = new VirtualTimeScheduler();
    const store = await sqliteEventStore({ path, driver, scheduler, busyTimeoutMs: 1_000 });
    const other = openDatabase(driver, path);
    other.exec('BEGIN IMMEDIATE');
    const append = store.append('a', deposited);
    const over = append.catch(() => 'over');
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    let late: Promise<unknown> | undefined;
    while ((await Promise.race([over, turn()])) !== 'over') {
      if (scheduler.now() >= 500) late ??= store.append('late', deposited);
      scheduler.flush();
    }
    await expect(append).rejects.toThrow(StoreUnavailableError);
    await expect(append).rejects.toThrow(
      /to be free within 1000 ms, got one that another connection writes to; nothing was written/,
    );
    expect(scheduler.now()).toBeGreaterThanOrEqual(1_000);
    expect(scheduler.now()).toBeLessThan(1_100);
    other.exec('COMMIT');
    other.close();
    scheduler.flush();
    // It has come later, and has its own time.
    expect(await late).toMatchObject({ version: 1 });
    expect(await store.streamVersion('a')).toBe(0);
    await store.close();
  });

  it('is waited for in full, however long the store was busy itself', async () => {
    const scheduler = new VirtualTimeScheduler();
    const database = new SpyingDatabase(openDatabase(driver, ':memory:'));
    const store = await sqliteEventStore({ database, scheduler, busyTimeoutMs: 1_000 });
    let refusals = 3;
    database.before = (sql) => {
      if (sql.startsWith('BEGIN') && refusals-- > 0) throw sqliteError('SQLITE_BUSY', 5, 'database is locked');
    };
    const append = store.append('a', deposited);
    scheduler.schedule(() => undefined, 10_000);
    const over = append.then(() => 'over');
    over.catch(() => undefined);
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    do scheduler.flush();
    while ((await Promise.race([over, turn()])) !== 'over');
    expect(await append).toMatchObject({ version: 1 });
    expect(scheduler.now()).toBe(10_006);
    await store.close();
  });

  it('is not waited for with a time-out of 0', async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    await using store = await sqliteEventStore({ path, driver, busyTimeoutMs: 0 });
    const other = openDatabase(driver, path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.append('a', deposited)).rejects.toThrow(StoreUnavailableError);
    // It can be opened, too: there is nothing to be written for that.
    await using second = await sqliteEventStore({ path, driver, busyTimeoutMs: 0 });
    expect(await second.streamVersion('a')).toBe(0);
    other.exec('ROLLBACK');
    other.close();
    expect(await store.append('a', deposited)).toMatchObject({ version: 1 });
  });

  it("does not block the thread by the client's own waiting", async () => {
    await using folder = await openFolder();
    const path = folder.file('events.db');
    const database = openDatabase(driver, path);
    database.exec('PRAGMA busy_timeout = 3000');
    const store = await sqliteEventStore({ database, busyTimeoutMs: 0 });
    const other = openDatabase(driver, path);
    other.exec('BEGIN IMMEDIATE');
    const begin = performance.now();
    await expect(store.append('a', deposited)).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - begin).toBeLessThan(1_500);
    other.close();
    await store.close();
    database.close();
  });
});
