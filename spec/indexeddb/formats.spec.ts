import { StoreFormatError, StoreUnavailableError } from 'millrace';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { openDatabase } from '../../lib/indexeddb/open-database.ts';
import { SCHEMA } from '../../lib/indexeddb/schema.ts';
import { settled } from '../support/virtual-clock.ts';
import { FakeBrowser } from './fake-browser.ts';

const deposited = { type: 'account.deposited', data: { amount: 1 } };

/** The format that the next version of the library may have. */
const NEXT_SCHEMA = [...SCHEMA, (database: IDBDatabase) => database.createObjectStore('more')];

describe('a database', () => {
  it('is made once, and found again', async () => {
    await using browser = new FakeBrowser();
    const first = await browser.open();
    await first.append('a', deposited);
    await first.close();
    expect(await (await browser.open()).streamVersion('a')).toBe(1);
  });

  it('of a newer version of the library is refused, and left as it is', async () => {
    await using browser = new FakeBrowser();
    await (await browser.open()).close();
    (await browser.openRaw(3)).close();
    await expect(browser.open()).rejects.toThrow(StoreFormatError);
    await expect(browser.open()).rejects.toThrow(/in format 1 or older, got format 3/);
    expect((await browser.openRaw()).version).toBe(3);
  });

  it.each([
    { what: 'of the same version', version: 1, stores: ['notes'] },
    { what: 'of a higher version', version: 4, stores: ['notes'] },
    { what: 'with a store of the same name', version: 1, stores: ['meta', 'events'] },
    { what: 'that is empty', version: 1, stores: [] },
  ])('of another program $what is refused, and left as it is', async ({ version, stores }) => {
    await using browser = new FakeBrowser();
    const raw = await browser.openRaw(version, (database) => {
      for (const store of stores) database.createObjectStore(store);
    });
    raw.close();
    await expect(browser.open()).rejects.toThrow(StoreFormatError);
    await expect(browser.open()).rejects.toThrow(`Expected '${browser.name}' to be a database of millrace`);
    const left = await browser.openRaw();
    expect([left.version, [...left.objectStoreNames].toSorted()]).toStrictEqual([version, stores.toSorted()]);
  });
});

describe('a new version of the program in another tab', () => {
  it('gets the database from an old tab at once, which then says that it must be reloaded', async () => {
    await using browser = new FakeBrowser();
    const old = await browser.open({ pollMs: 2_000_000_000 });
    const subscription = old.subscribe();
    await old.append('a', deposited);
    await subscription.next();
    const waiting = subscription.next();
    waiting.catch(() => undefined);
    const writing = old.append('a', deposited);
    const place = { factory: browser.indexedDB, name: browser.name, scheduler: new VirtualTimeScheduler() };
    const { database } = await openDatabase(place, NEXT_SCHEMA);
    expect([...database.objectStoreNames]).toContain('more');
    expect((await writing).version).toBe(2);
    await expect(old.append('a', deposited)).rejects.toThrow(StoreFormatError);
    await expect(old.head()).rejects.toThrow(/got format 2 from a newer version .* Reload this page/);
    database.close();
  });

  it('ends the subscriptions of the old tab with the same error', async () => {
    await using browser = new FakeBrowser();
    const old = await browser.open({ pollMs: 2_000_000_000 });
    const waiting = old.subscribe().next();
    waiting.catch(() => undefined);
    await old.head();
    (await browser.openRaw(2)).close();
    await expect(waiting).rejects.toThrow(StoreFormatError);
  });

  it('says after a while that a tab does not let go', async () => {
    await using browser = new FakeBrowser();
    await (await browser.open()).close();
    const stuck = await browser.openRaw(1);
    const scheduler = new VirtualTimeScheduler();
    const requests = vi.spyOn(browser.indexedDB, 'open');
    const opening = openDatabase({ factory: browser.indexedDB, name: browser.name, scheduler }, NEXT_SCHEMA);
    const request = requests.mock.results[0]!.value as IDBOpenDBRequest;
    opening.catch(() => undefined);
    while (scheduler.actions.length === 0) await settled();
    scheduler.flush();
    await expect(opening).rejects.toThrow(StoreUnavailableError);
    await expect(opening).rejects.toThrow("Close or reload the site's other tabs");
    expect(scheduler.now()).toBe(5_000);
    stuck.close();
    // The upgrade was under way: it is made, and its connection does not stay open.
    await vi.waitUntil(() => request.readyState === 'done');
    await settled();
    expect(() => request.result.transaction('meta')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    const later = await browser.openRaw(3);
    expect([...later.objectStoreNames]).toContain('more');
    later.close();
  });

  it('waits for a tab that lets go in time', async () => {
    await using browser = new FakeBrowser();
    await (await browser.open()).close();
    const slow = await browser.openRaw(1);
    const scheduler = new VirtualTimeScheduler();
    const opening = openDatabase({ factory: browser.indexedDB, name: browser.name, scheduler }, NEXT_SCHEMA);
    while (scheduler.actions.length === 0) await settled();
    slow.close();
    const { database } = await opening;
    expect(database.version).toBe(2);
    scheduler.flush();
    expect(scheduler.now()).toBe(0);
    database.close();
  });
});

it('says that its database was deleted by another tab, and does not make a new one', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  await store.append('a', deposited);
  await browser.delete();
  await expect(store.head()).rejects.toThrow(StoreUnavailableError);
  await expect(store.append('a', deposited)).rejects.toThrow('got one that was deleted with all its events');
  expect(await browser.indexedDB.databases()).toStrictEqual([]);
});
