import { SNAPSHOT_KIND } from '../sourcing/document-store.ts';
import type { ExpectedVersion } from '../sourcing/event-store.ts';
import type {
  AppendOutcome,
  DeleteOutcome,
  StoredEvent,
  StoredRecord,
  StreamPageRequest,
} from '../sourcing/event-store-backend.ts';
import { isExpected } from '../sourcing/selection.ts';
import { HEAD } from './all-events.ts';
import { type Command, type Connection, onlyRow, type Query } from './connection.ts';
import { EVENT_COLUMNS, storedRecord } from './event-row.ts';
import { isConstraint } from './failures.ts';
import { Inserts } from './inserts.ts';

/** Reads and writes streams. What writes is to be called within a transaction. */
export class Streams {
  readonly #connection: Connection;
  readonly #inserts: Inserts;
  readonly #standing: Query;
  readonly #version: Query;
  readonly #isDeleted: Query;
  readonly #forwards: Query;
  readonly #backwards: Query;
  readonly #undo: Command;

  constructor(connection: Connection) {
    const select = `SELECT ${EVENT_COLUMNS} FROM events WHERE stream = ?`;
    const version = '(SELECT max(version) FROM events WHERE stream = ?)';
    this.#connection = connection;
    this.#inserts = new Inserts(connection);
    this.#standing = connection.query(`SELECT coalesce(${version}, 0), ${HEAD}`);
    this.#version = connection.query(`SELECT coalesce(${version}, 0)`);
    this.#isDeleted = connection.query('SELECT 1 FROM deleted_streams WHERE stream = ?');
    this.#forwards = connection.query(`${select} AND version >= ? ORDER BY version LIMIT ?`);
    this.#backwards = connection.query(`${select} AND version <= ? ORDER BY version DESC LIMIT ?`);
    this.#undo = connection.command('DELETE FROM events WHERE position > ?');
  }

  version(stream: string): number {
    return onlyRow<readonly [number]>(this.#version, [stream])[0];
  }

  page(stream: string, { from, direction, limit }: StreamPageRequest): readonly StoredRecord[] {
    const query = direction === 'forwards' ? this.#forwards : this.#backwards;
    return query.rows([stream, from, limit]).map(storedRecord);
  }

  append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): AppendOutcome {
    const [version, position] = onlyRow<readonly [number, number]>(this.#standing, [stream]);
    // Only a stream without events can be one that was deleted.
    if (version === 0 && this.#isDeleted.row([stream]) !== undefined) return { outcome: 'deleted' };
    if (!isExpected(expected, version)) return { outcome: 'conflict', actual: version };
    try {
      this.#inserts.insert(stream, version, position, events);
    } catch (error) {
      // Versions and positions are free, as nobody else writes: an id is taken.
      if (!isConstraint(error)) throw error;
      // The statement has undone itself; those before it have not. Other appends of the transaction stay.
      this.#undo([position]);
      return { outcome: 'duplicate' };
    }
    const { length } = events;
    return { outcome: 'appended', version: version + length, checkpoint: String(position + length) };
  }

  delete(stream: string, expected: ExpectedVersion): DeleteOutcome {
    const [version, position] = onlyRow<readonly [number, number]>(this.#standing, [stream]);
    if (!isExpected(expected, version)) return { outcome: 'conflict', actual: version };
    if (version === 0) return { outcome: 'absent' };
    this.#connection.command('DELETE FROM events WHERE stream = ?')([stream]);
    this.#connection.command('DELETE FROM documents WHERE kind = ? AND key = ?')([SNAPSHOT_KIND, stream]);
    this.#connection.command('INSERT INTO deleted_streams (stream, position) VALUES (?, ?)')([stream, position]);
    return { outcome: 'deleted' };
  }
}
