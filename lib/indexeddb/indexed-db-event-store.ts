import { asyncScheduler } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { expectName, expectOneOf, expectOptions, show } from '../core/options.ts';
import { createEventStore, type EventStoreOptions } from '../sourcing/create-event-store.ts';
import { StoreUnavailableError } from '../sourcing/errors.ts';
import type { EventStore } from '../sourcing/event-store.ts';
import { IndexedDbBackend } from './indexed-db-backend.ts';

/** Which database, and how it is used. */
export interface IndexedDbEventStoreOptions extends EventStoreOptions {
  /** The database: all tabs of an origin that use this name share its events. It names the store in errors, too. */
  readonly name: string;
  /**
   * When an append is safe.
   *
   * - `strict`: when the browser has flushed it to the disk. Browsers that do not know this wish (before Chromium 83, Firefox 126, Safari 15) do
   *   what they think right, which in Firefox was `relaxed`.
   * - `relaxed`: when the operating system has it. Quicker; a tab or a browser that crashes loses nothing, a power cut may lose the last moments.
   *
   *
   * @defaultValue 'strict'
   */
  readonly durability?: 'relaxed' | 'strict';
  /** The IndexedDB to use, such as one of `fake-indexeddb` in tests. @defaultValue the browser's */
  readonly indexedDB?: IDBFactory;
  /** The class of key ranges that goes with `indexedDB`. @defaultValue the browser's */
  readonly IDBKeyRange?: typeof IDBKeyRange;
}

/**
 * Opens an event store in the browser's IndexedDB, and makes its database if there is none. Any number of tabs and workers of an origin may have it open: appends
 * take place one after the other, `subscribe` sees those of the other tabs at once, and `lock` is given up when its tab is closed.
 *
 * A browser may delete what a site keeps when the disk fills up, unless the site has asked it not to with `navigator.storage.persist()`.
 *
 * @throws InvalidOptionError for an option that cannot work; StoreUnavailableError when there is no IndexedDB, such as in some private windows, or it
 * cannot be opened; StoreFormatError for a database of another program, or of a newer version of this library
 *
 * @example
 * ```ts
 * import { indexedDbEventStore } from 'millrace/indexeddb';
 *
 * await using store = await indexedDbEventStore({ name: 'accounts' });
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } });
 * for await (const { version, type, data } of store.readStream('account-1')) console.log(version, type, data);
 * ```
 */
export async function indexedDbEventStore(options: IndexedDbEventStoreOptions): Promise<EventStore> {
  const platform: Partial<Pick<typeof globalThis, 'IDBKeyRange' | 'indexedDB'>> = globalThis;
  const {
    durability = 'strict',
    indexedDB: factory = platform.indexedDB,
    IDBKeyRange: keyRange = platform.IDBKeyRange,
    ...storeOptions
  } = expectOptions('options', options) ?? {};
  const name = expectName('name', storeOptions.name);
  expectOneOf('durability', durability, ['strict', 'relaxed']);
  if (factory === undefined || keyRange === undefined) throw missing(name);
  if (typeof factory.open !== 'function' || typeof keyRange.bound !== 'function') {
    throw new InvalidOptionError(
      `Expected indexedDB to be an IDBFactory and IDBKeyRange its class of key ranges, got ${show(factory)} and ${show(keyRange)}.`,
    );
  }
  const { scheduler = asyncScheduler } = storeOptions;
  const backend = new IndexedDbBackend({ factory, keyRange, name, durability, scheduler });
  const store = createEventStore(backend, storeOptions);
  try {
    await backend.open();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function missing(name: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `Expected a platform with IndexedDB for database '${name}', got one without. In some private windows there is none, and in Node give indexedDB and IDBKeyRange of fake-indexeddb; memoryEventStore() works everywhere.`,
  );
}
