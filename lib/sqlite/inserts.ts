import type { StoredEvent } from '../sourcing/event-store-backend.ts';
import type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite-database.ts';

/** How many events are inserted by one statement, where there are so many: crossing into SQLite costs more than a row. */
const CHUNK = 32;

/** Inserts events. */
export class Inserts {
  readonly #one: SqliteStatement;
  readonly #chunk: SqliteStatement;

  constructor(database: SqliteDatabase) {
    this.#one = database.prepare(insertSql(1));
    this.#chunk = database.prepare(insertSql(CHUNK));
  }

  /**
   * Inserts events behind a version of a stream.
   *
   * @returns the position of the last one
   */
  insert(stream: string, version: number, events: readonly StoredEvent[]): number {
    let at = 0;
    let position: number | bigint = 0;
    while (at < events.length) {
      const size = events.length - at >= CHUNK ? CHUNK : 1;
      const values: SqliteValue[] = [];
      for (const { id, type, time, data, metadata } of events.slice(at, at + size)) {
        values.push(stream, version + ++at, id, type, time, data, metadata);
      }
      position = (size === 1 ? this.#one : this.#chunk).run(...values).lastInsertRowid;
    }
    return Number(position);
  }
}

function insertSql(rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO events (stream, version, id, type, time, data, metadata) VALUES ${values}`;
}
