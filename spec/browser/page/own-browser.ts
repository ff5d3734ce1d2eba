// What spec/indexeddb/fake-browser.ts is in Node: here, it is the browser itself.
import type { EventStore } from 'millrace';
import { indexedDbEventStore, type IndexedDbEventStoreOptions } from 'millrace/indexeddb';

/** The IndexedDB of the page, of which every test has a database of its own: every store that is opened in it is like a tab. */
export class FakeBrowser implements AsyncDisposable {
  /** How many connections were asked for. */
  connections = 0;
  readonly name: string = `accounts-${crypto.randomUUID()}`;
  readonly indexedDB: IDBFactory = {
    open: (...request) => {
      this.connections++;
      return indexedDB.open(...request);
    },
    cmp: (first, second) => indexedDB.cmp(first, second),
    databases: () => indexedDB.databases(),
    deleteDatabase: (name) => indexedDB.deleteDatabase(name),
  };
  readonly #tabs: EventStore[] = [];
  readonly #raw: IDBDatabase[] = [];

  async open(options: Partial<IndexedDbEventStoreOptions> = {}): Promise<EventStore> {
    const { indexedDB: factory, name } = this;
    const tab = await indexedDbEventStore({ name, indexedDB: factory, ...options });
    this.#tabs.push(tab);
    return tab;
  }

  /** The database without the library, as another program has it. */
  async openRaw(version?: number, upgrade: (database: IDBDatabase) => void = () => undefined): Promise<IDBDatabase> {
    const request = this.indexedDB.open(this.name, version);
    request.onupgradeneeded = () => upgrade(request.result);
    const database = await answerOf(request);
    this.#raw.push(database);
    return database;
  }

  async delete(): Promise<void> {
    await answerOf(this.indexedDB.deleteDatabase(this.name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => tab.close()));
    for (const database of this.#raw) database.close();
    await this.delete();
  }
}

/** What a request answers. */
function answerOf<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
}
