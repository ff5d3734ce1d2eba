import { SNAPSHOT_KIND, type DocumentStore } from '../sourcing/document-store.ts';
import type { ExpectedVersion, StoreHead } from '../sourcing/event-store.ts';
import type {
  AllPage,
  AllPageRequest,
  AppendOutcome,
  DeleteOutcome,
  EventStoreBackend,
  StoredEvent,
  StoredRecord,
  StreamPageRequest,
} from '../sourcing/event-store-backend.ts';
import { isExpected } from '../sourcing/selection.ts';
import { type Append, APPEND_STORES, appendGroup } from './append-group.ts';
import { AppendLine } from './append-line.ts';
import { Connection, type Durability } from './connection.ts';
import { indexedDbDocuments, removeDocument } from './documents.ts';
import type { DatabasePlace } from './open-database.ts';
import { resultOf } from './requests.ts';
import { recordOf, scanAll } from './scan.ts';
import type { EventRow } from './schema.ts';
import { lastVersion, versionsOf } from './stream-index.ts';
import { WakeChannel } from './wake-channel.ts';
import { webLocks } from './web-lock.ts';

const EVENTS: readonly string[] = ['events'];

/** Events of a deleted stream are forgotten so many at a time. */
const DELETE_SIZE = 10_000;

/** Where the database is, and how it is used. */
export interface IndexedDbPlace extends DatabasePlace {
  readonly keyRange: typeof IDBKeyRange;
  readonly durability: Durability;
}

/** Keeps events in an IndexedDB database, which all tabs of an origin share. */
export class IndexedDbBackend implements EventStoreBackend {
  readonly documents: DocumentStore;
  readonly lock?: NonNullable<EventStoreBackend['lock']>;
  readonly #keyRange: typeof IDBKeyRange;
  readonly #channel: WakeChannel;
  readonly #connection: Connection;
  readonly #line = new AppendLine((group) => this.#commit(group));

  constructor({ keyRange, durability, ...place }: IndexedDbPlace) {
    this.#keyRange = keyRange;
    this.#channel = new WakeChannel(place.name);
    this.#connection = new Connection(place, durability, () => this.#channel.wake());
    this.documents = indexedDbDocuments(this.#connection);
    const lock = webLocks(place.name);
    if (lock !== undefined) this.lock = lock;
  }

  async open(): Promise<void> {
    await this.#connection.open();
  }

  append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome> {
    return this.#line.append({ stream, events, expected });
  }

  readStream(stream: string, request: StreamPageRequest): Promise<readonly StoredRecord[]> {
    return this.#connection.read(EVENTS, (transaction) => this.#readPage(transaction, stream, request));
  }

  readAll(request: AllPageRequest): Promise<AllPage> {
    return this.#connection.read(EVENTS, (transaction) => scanAll(this.#keyRange, transaction, request));
  }

  findEvent(id: string): Promise<StoredRecord | undefined> {
    return this.#connection.read(EVENTS, async (transaction) => {
      const index = transaction.objectStore('events').index('id');
      const row = await resultOf(index.get(id) as IDBRequest<EventRow | undefined>);
      return row && recordOf(row);
    });
  }

  streamVersion(stream: string): Promise<number> {
    return this.#connection.read(EVENTS, (transaction) => lastVersion(this.#keyRange, transaction, stream));
  }

  deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome> {
    return this.#connection.write(['events', 'tombstones', 'documents'], async (transaction) => {
      const actual = await lastVersion(this.#keyRange, transaction, stream);
      if (!isExpected(expected, actual)) return { outcome: 'conflict', actual };
      if (actual === 0) return { outcome: 'absent' };
      transaction.objectStore('tombstones').put(true, stream);
      await removeDocument(transaction, SNAPSHOT_KIND, stream);
      await this.#deleteEvents(transaction, stream);
      return { outcome: 'deleted' };
    });
  }

  head(): Promise<StoreHead> {
    return this.#connection.read(['meta'], async (transaction) => {
      const meta = transaction.objectStore('meta');
      const position = await resultOf(meta.get('position') as IDBRequest<number>);
      return { position, checkpoint: String(position) };
    });
  }

  watch(wake: () => void): () => void {
    return this.#channel.watch(wake);
  }

  async close(): Promise<void> {
    await this.#line.idle();
    await this.#connection.close();
    this.#channel.close();
  }

  async #commit(group: readonly Append[]): Promise<readonly AppendOutcome[]> {
    const outcomes = await this.#connection.write(APPEND_STORES, (transaction) =>
      appendGroup(this.#keyRange, transaction, group),
    );
    if (outcomes.some(({ outcome }) => outcome === 'appended')) this.#channel.tell();
    return outcomes;
  }

  async #readPage(
    transaction: IDBTransaction,
    stream: string,
    { from, direction, limit }: StreamPageRequest,
  ): Promise<readonly StoredRecord[]> {
    const isForwards = direction === 'forwards';
    // There are no gaps: where a page that goes backwards begins can be counted, which is quicker than a cursor.
    const last = isForwards ? Number.MAX_SAFE_INTEGER : Math.min(from, await this.#lastVersion(transaction, stream));
    const first = isForwards ? from : Math.max(1, last - limit + 1);
    if (first > last) return [];
    const index = transaction.objectStore('events').index('version');
    const range = versionsOf(this.#keyRange, stream, first, last);
    const rows = await resultOf(index.getAll(range, limit) as IDBRequest<EventRow[]>);
    const records = rows.map(recordOf);
    return isForwards ? records : records.toReversed();
  }

  #lastVersion(transaction: IDBTransaction, stream: string): Promise<number> {
    return lastVersion(this.#keyRange, transaction, stream);
  }

  async #deleteEvents(transaction: IDBTransaction, stream: string): Promise<void> {
    const events = transaction.objectStore('events');
    const range = versionsOf(this.#keyRange, stream);
    for (;;) {
      const positions = await resultOf(events.index('version').getAllKeys(range, DELETE_SIZE));
      for (const position of positions) events.delete(position);
      if (positions.length < DELETE_SIZE) return;
    }
  }
}
