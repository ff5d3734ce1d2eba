import { interval, type SchedulerLike } from 'rxjs';
import type { DocumentStore } from '../sourcing/document-store.ts';
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
import { AllEvents } from './all-events.ts';
import { type Connection, onlyRow, type Query } from './connection.ts';
import { EVENT_COLUMNS, storedRecord } from './event-row.ts';
import { UnknownCommitError } from './failures.ts';
import { sqliteDocuments } from './sqlite-documents.ts';
import { Streams } from './streams.ts';
import type { WorkLine } from './work-line.ts';

/** How a database is watched, and left. */
export interface BackendSettings {
  readonly scheduler: SchedulerLike;
  /** How often to look whether others have written; undefined where there can be none. */
  readonly pollMs: number | undefined;
  /** Lets go of the database. */
  readonly leave: () => void;
}

/** Keeps events in an SQLite database. One connection writes at a time, so positions are in the order of commits, and a checkpoint is a position. */
export class SqliteBackend implements EventStoreBackend {
  readonly documents: DocumentStore;
  readonly #line: WorkLine;
  readonly #settings: BackendSettings;
  readonly #streams: Streams;
  readonly #all: AllEvents;
  readonly #byId: Query;
  readonly #dataVersion: Query;

  constructor(connection: Connection, line: WorkLine, settings: BackendSettings) {
    this.documents = sqliteDocuments(connection, line);
    this.#line = line;
    this.#settings = settings;
    this.#streams = new Streams(connection);
    this.#all = new AllEvents(connection);
    this.#byId = connection.query(`SELECT ${EVENT_COLUMNS} FROM events WHERE id = ?`);
    this.#dataVersion = connection.query('PRAGMA data_version');
  }

  async append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome> {
    try {
      return await this.#line.write(() => this.#streams.append(stream, events, expected), events.length);
    } catch (error) {
      if (error instanceof UnknownCommitError) return { outcome: 'unknown', cause: error };
      throw error;
    }
  }

  readStream(stream: string, request: StreamPageRequest): Promise<readonly StoredRecord[]> {
    return this.#line.read(() => this.#streams.page(stream, request));
  }

  async readAll(request: AllPageRequest): Promise<AllPage> {
    return this.#line.read(this.#all.page(request));
  }

  async findEvent(id: string): Promise<StoredRecord | undefined> {
    const row = await this.#line.read(() => this.#byId.row([id]));
    return row && storedRecord(row);
  }

  streamVersion(stream: string): Promise<number> {
    return this.#line.read(() => this.#streams.version(stream));
  }

  deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome> {
    return this.#line.write(() => this.#streams.delete(stream, expected));
  }

  async head(): Promise<StoreHead> {
    const position = await this.#line.read(() => this.#all.head());
    return { position, checkpoint: String(position) };
  }

  watch(wake: () => void): () => void {
    const { pollMs, scheduler } = this.#settings;
    if (pollMs === undefined) return () => undefined;
    let seen = this.#readDataVersion();
    const polling = interval(pollMs, scheduler).subscribe(() => {
      const version = this.#readDataVersion();
      if (version !== undefined && version === seen) return;
      seen = version;
      wake();
    });
    return () => polling.unsubscribe();
  }

  async close(): Promise<void> {
    await this.#line.rest();
    this.#settings.leave();
  }

  /** Changes when another connection has written: https://sqlite.org/pragma.html#pragma_data_version */
  #readDataVersion(): number | undefined {
    try {
      return onlyRow<readonly [number]>(this.#dataVersion)[0];
    } catch {
      // Whoever is woken reads, and learns why.
      return undefined;
    }
  }
}
