import { forceCloseDatabase, IDBDatabase, IDBFactory, IDBKeyRange, IDBObjectStore } from 'fake-indexeddb';
import type { EventStore } from 'millrace';
import { indexedDbEventStore, type IndexedDbEventStoreOptions } from 'millrace/indexeddb';
import { vi } from 'vitest';

let browsers = 0;

/** A browser with an IndexedDB of its own: every store that is opened in it is a tab. */
export class FakeBrowser implements AsyncDisposable {
  readonly indexedDB: IDBFactory = new IDBFactory();
  /** Channels are shared by all of this process: no two browsers have the same. */
  readonly name: string = `accounts-${++browsers}`;
  readonly #tabs: EventStore[] = [];
  readonly #connections: IDBDatabase[] = [];
  readonly #transactions: IDBTransaction[] = [];

  constructor() {
    this.indexedDB.open = (...request) => {
      const opening = IDBFactory.prototype.open.apply(this.indexedDB, request);
      opening.addEventListener('success', () => this.#watch(opening.result));
      return opening;
    };
  }

  async open(options: Partial<IndexedDbEventStoreOptions> = {}): Promise<EventStore> {
    const { indexedDB, name } = this;
    const tab = await indexedDbEventStore({ name, indexedDB, IDBKeyRange, ...options });
    this.#tabs.push(tab);
    return tab;
  }

  /** The database without the library, as another program has it. */
  async openRaw(version?: number, upgrade: (database: IDBDatabase) => void = () => undefined): Promise<IDBDatabase> {
    const request = this.indexedDB.open(this.name, version);
    request.onupgradeneeded = () => upgrade(request.result);
    return answerOf(request);
  }

  async delete(): Promise<void> {
    await answerOf(this.indexedDB.deleteDatabase(this.name));
  }

  /** Closes all connections, as browsers do in trouble and Safari in the background. */
  loseConnections(): void {
    // The fake lets them end well, where browsers abort them.
    for (const transaction of this.#transactions.splice(0)) abort(transaction);
    for (const connection of this.#connections.splice(0)) {
      forceCloseDatabase(connection as never);
    }
  }

  /** How many connections were opened that nobody has closed by force. */
  get connections(): number {
    return this.#connections.length;
  }

  #watch(connection: IDBDatabase): void {
    this.#connections.push(connection);
    connection.transaction = (...request) => {
      const transaction = IDBDatabase.prototype.transaction.apply(connection, request);
      this.#transactions.push(transaction);
      return transaction;
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => tab.close()));
  }
}

/** What a request answers. */
function answerOf<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
}

/** Has transactions fail in which an event of this type is written, as browsers do when the disk is full. */
export function failWriting(type: string, errorName: string): Disposable {
  const add = Reflect.get<typeof IDBObjectStore.prototype, 'add'>(IDBObjectStore.prototype, 'add');
  function failing(this: IDBObjectStore, row: { readonly type?: string }): IDBRequest<IDBValidKey> {
    const request = add.call(this, row);
    if (row.type === type) abort(Object.assign(this.transaction, { error: new DOMException('No.', errorName) }));
    return request;
  }
  const spy = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(failing);
  return { [Symbol.dispose]: () => spy.mockRestore() };
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
