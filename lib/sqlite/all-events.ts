import type { AllPage, AllPageRequest } from '../sourcing/event-store-backend.ts';
import { positionOf } from '../sourcing/selection.ts';
import { type Connection, onlyRow, type Query } from './connection.ts';
import { EVENT_COLUMNS, storedRecord } from './event-row.ts';
import type { SqliteValue } from './sqlite-database.ts';

/** How many positions are looked through for a page at most, so that a rare type among millions of events does not hold the thread. */
const SCAN = 10_000;

/** Reads all events by position. */
export class AllEvents {
  readonly #connection: Connection;
  readonly #head: Query;
  readonly #every: Query;
  /** Prepared when first asked for: by whether types and streams are selected. */
  readonly #selecting = new Map<string, Query>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#head = connection.query(`SELECT ${HEAD}`);
    this.#every = connection.query(`SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
  }

  /** The highest position that was ever given. */
  head(): number {
    return onlyRow<readonly [number]>(this.#head)[0];
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
    return () => {
      const query = this.#selectionOf(types !== undefined, streams !== undefined);
      return this.#selectedPage(query, start, values, limit);
    };
  }

  #pageOfAll(start: number, limit: number): AllPage {
    const records = this.#every.rows([start, limit]).map(storedRecord);
    const checkpoint = records.at(-1)?.checkpoint ?? String(start);
    return { records, checkpoint, isEnd: records.length < limit };
  }

  #selectedPage(query: Query, start: number, values: readonly SqliteValue[], limit: number): AllPage {
    // Looked up first: what is appended later is beyond the page.
    const head = this.head();
    const end = Math.min(head, start + SCAN);
    const records = query.rows([start, end, ...values, limit]).map(storedRecord);
    const reached = records.length < limit ? Math.max(start, end) : records.at(-1)!.position;
    return { records, checkpoint: String(reached), isEnd: reached >= head };
  }

  #selectionOf(hasTypes: boolean, hasStreams: boolean): Query {
    const name = `${hasTypes} ${hasStreams}`;
    const known = this.#selecting.get(name);
    if (known !== undefined) return known;
    const query = this.#connection.query(
      [
        `SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? AND position <= ?`,
        hasTypes ? 'AND type IN (SELECT value FROM json_each(?))' : '',
        hasStreams
          ? `AND (stream IN (SELECT value FROM json_each(?))
               OR EXISTS (SELECT 1 FROM json_each(?) WHERE substr(stream, 1, length(value)) = value))`
          : '',
        'ORDER BY position LIMIT ?',
      ].join(' '),
    );
    this.#selecting.set(name, query);
    return query;
  }
}

/** The highest position that was ever given: that of the last event, or of one that was deleted. */
export const HEAD: string =
  'max(coalesce((SELECT max(position) FROM events), 0), coalesce((SELECT max(position) FROM deleted_streams), 0))';
