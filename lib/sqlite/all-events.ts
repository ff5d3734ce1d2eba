import type { AllPage, AllPageRequest } from '../sourcing/event-store-backend.ts';
import { positionOf } from '../sourcing/selection.ts';
import { type EventRow, storedRecord } from './event-row.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';

/** How many positions are looked through for a page at most, so that a rare type among millions of events does not hold the thread. */
const SCAN = 10_000;

/** Reads all events by position. */
export class AllEvents {
  readonly #database: SqliteDatabase;
  readonly #head: SqliteStatement;
  readonly #every: SqliteStatement;
  /** Prepared when first asked for: by whether types and streams are selected. */
  readonly #selecting = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#head = database.prepare(`SELECT seq AS position FROM sqlite_sequence WHERE name = 'events'`);
    this.#every = database.prepare('SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?');
  }

  /** The highest position that was ever given. */
  head(): number {
    return (this.#head.get() as { readonly position: number } | undefined)?.position ?? 0;
  }

  /** How a page is read. */
  page({ after, types, streams, limit }: AllPageRequest): () => AllPage {
    const start = after === undefined ? 0 : positionOf(after);
    if (types === undefined && streams === undefined) return () => this.#pageOfAll(start, limit);
    const values: SqliteValue[] = [];
    if (types !== undefined) values.push(JSON.stringify(types));
    if (streams !== undefined) {
      values.push(JSON.stringify(streams.filter((wanted) => typeof wanted === 'string')));
      values.push(JSON.stringify(streams.flatMap((wanted) => (typeof wanted === 'string' ? [] : [wanted.prefix]))));
    }
    const statement = this.#selectionOf(types !== undefined, streams !== undefined);
    return () => this.#selectedPage(statement, start, values, limit);
  }

  #pageOfAll(start: number, limit: number): AllPage {
    const rows = this.#every.all(start, limit) as EventRow[];
    return {
      records: rows.map(storedRecord),
      checkpoint: String(rows.at(-1)?.position ?? start),
      isEnd: rows.length < limit,
    };
  }

  #selectedPage(statement: SqliteStatement, start: number, values: readonly SqliteValue[], limit: number): AllPage {
    // Looked up first: what is appended later is beyond the page.
    const head = this.head();
    const end = Math.min(head, start + SCAN);
    const rows = statement.all(start, end, ...values, limit) as EventRow[];
    const reached = rows.length < limit ? Math.max(start, end) : rows.at(-1)!.position;
    return { records: rows.map(storedRecord), checkpoint: String(reached), isEnd: reached >= head };
  }

  #selectionOf(hasTypes: boolean, hasStreams: boolean): SqliteStatement {
    const name = `${hasTypes} ${hasStreams}`;
    const known = this.#selecting.get(name);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(
      [
        'SELECT * FROM events WHERE position > ? AND position <= ?',
        hasTypes ? 'AND type IN (SELECT value FROM json_each(?))' : '',
        hasStreams
          ? `AND (stream IN (SELECT value FROM json_each(?))
               OR EXISTS (SELECT 1 FROM json_each(?) WHERE substr(stream, 1, length(value)) = value))`
          : '',
        'ORDER BY position LIMIT ?',
      ].join(' '),
    );
    this.#selecting.set(name, statement);
    return statement;
  }
}
