import type { StoredEvent } from '../sourcing/event-store-backend.ts';
import type { Command, Connection } from './connection.ts';
import { EVENT_COLUMNS } from './event-row.ts';
import type { SqliteValue } from './sqlite-database.ts';

/** How many events are inserted by one statement: crossing into SQLite costs more than a row does. */
const CHUNKS: readonly number[] = [50, 10, 1];

/** Inserts events. */
export class Inserts {
  readonly #commands: readonly { readonly size: number; readonly insert: Command }[];

  constructor(connection: Connection) {
    this.#commands = CHUNKS.map((size) => ({ size, insert: connection.command(insertSql(size)) }));
  }

  /** Inserts events of a stream, whose versions and positions begin behind these. */
  insert(stream: string, version: number, position: number, events: readonly StoredEvent[]): void {
    let at = 0;
    for (const { size, insert } of this.#commands) {
      for (; events.length - at >= size; at += size) {
        const values: SqliteValue[] = [position + at + 1, stream, version + at + 1];
        for (let index = at; index < at + size; index++) {
          const { id, type, time, data, metadata } = events[index]!;
          values.push(id, type, time, data, metadata);
        }
        insert(values);
      }
    }
  }
}

/** What the rows share is bound once. */
function insertSql(rows: number): string {
  const row = (_: unknown, index: number): string => {
    const own = Array.from({ length: 5 }, (_value, column) => `?${4 + index * 5 + column}`);
    return `(?1 + ${index}, ?2, ?3 + ${index}, ${own.join(', ')})`;
  };
  return `INSERT INTO events (${EVENT_COLUMNS}) VALUES ${Array.from({ length: rows }, row).join(', ')}`;
}
