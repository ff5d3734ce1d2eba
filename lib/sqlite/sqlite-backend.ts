import type { DocumentStore } from '../sourcing/document-store.ts';
import { SNAPSHOT_KIND } from '../sourcing/document-store.ts';
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
import { isConstraint } from './failures.ts';
import { Inserts } from './inserts.ts';
import { AllEvents } from './all-events.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.ts';
import { sqliteDocuments } from './sqlite-documents.ts';
import { type EventRow, storedRecord } from './event-row.ts';
import type { WorkLine } from './work-line.ts';

/** Keeps events in an SQLite database. One process writes at a time, so positions are in the order of commits, and a checkpoint is a position. */
export class SqliteBackend implements EventStoreBackend {
  readonly documents: DocumentStore;
  readonly #line: WorkLine;
  readonly #closeDatabase: () => void;
  readonly #inserts: Inserts;
  readonly #all: AllEvents;
  readonly #version: SqliteStatement;
  readonly #isDeleted: SqliteStatement;
  readonly #forwards: SqliteStatement;
  readonly #backwards: SqliteStatement;
  readonly #byId: SqliteStatement;
  readonly #deletions: readonly SqliteStatement[];

  constructor(database: SqliteDatabase, line: WorkLine, closeDatabase: () => void) {
    this.documents = sqliteDocuments(database, line);
    this.#line = line;
    this.#closeDatabase = closeDatabase;
    this.#inserts = new Inserts(database);
    this.#all = new AllEvents(database);
    this.#version = database.prepare('SELECT max(version) AS version FROM events WHERE stream = ?');
    this.#isDeleted = database.prepare('SELECT 1 FROM deleted_streams WHERE stream = ?');
    this.#forwards = database.prepare(
      'SELECT * FROM events WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?',
    );
    this.#backwards = database.prepare(
      'SELECT * FROM events WHERE stream = ? AND version <= ? ORDER BY version DESC LIMIT ?',
    );
    this.#byId = database.prepare('SELECT * FROM events WHERE id = ?');
    this.#deletions = [
      'DELETE FROM events WHERE stream = ?',
      `DELETE FROM documents WHERE kind = '${SNAPSHOT_KIND}' AND key = ?`,
      'INSERT INTO deleted_streams (stream) VALUES (?)',
    ].map((sql) => database.prepare(sql));
  }

  async append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome> {
    try {
      return await this.#line.write(() => this.#append(stream, events, expected));
    } catch (error) {
      // The version was looked up in the same transaction: it is the id.
      if (isConstraint(error)) return { outcome: 'duplicate' };
      throw error;
    }
  }

  readStream(stream: string, { from, direction, limit }: StreamPageRequest): Promise<readonly StoredRecord[]> {
    const statement = direction === 'forwards' ? this.#forwards : this.#backwards;
    return this.#line.read(() => (statement.all(stream, from, limit) as EventRow[]).map(storedRecord));
  }

  readAll(request: AllPageRequest): Promise<AllPage> {
    const read = this.#all.page(request);
    return this.#line.read(read);
  }

  async findEvent(id: string): Promise<StoredRecord | undefined> {
    const row = await this.#line.read(() => this.#byId.get(id) as EventRow | undefined);
    return row && storedRecord(row);
  }

  streamVersion(stream: string): Promise<number> {
    return this.#line.read(() => this.#versionOf(stream));
  }

  deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome> {
    return this.#line.write(() => {
      const version = this.#versionOf(stream);
      if (!isExpected(expected, version)) return { outcome: 'conflict', actual: version };
      if (version === 0) return { outcome: 'absent' };
      for (const statement of this.#deletions) statement.run(stream);
      return { outcome: 'deleted' };
    });
  }

  async head(): Promise<StoreHead> {
    const position = await this.#line.read(() => this.#all.head());
    return { position, checkpoint: String(position) };
  }

  watch(): () => void {
    // The store in front tells of its own appends, and looks for those of others every pollMs, which costs some microseconds.
    return () => undefined;
  }

  async close(): Promise<void> {
    await this.#line.rest();
    this.#closeDatabase();
  }

  #append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): AppendOutcome {
    const version = this.#versionOf(stream);
    // Only a stream without events can be one that was deleted.
    if (version === 0 && this.#isDeleted.get(stream) !== undefined) return { outcome: 'deleted' };
    if (!isExpected(expected, version)) return { outcome: 'conflict', actual: version };
    const position = this.#inserts.insert(stream, version, events);
    return { outcome: 'appended', version: version + events.length, checkpoint: String(position) };
  }

  #versionOf(stream: string): number {
    return (this.#version.get(stream) as { readonly version: number | null }).version ?? 0;
  }
}
