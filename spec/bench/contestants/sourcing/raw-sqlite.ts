import Database from 'libsql';
import { sqliteEventStore } from 'millrace/sqlite';
import { newPath } from '../../harness/new-database.ts';
import { underTest } from './millrace.ts';
import { cheapId, type Deposit, type OpenFile, type OpenStore, PAGE, type Pause } from './store.ts';

/** A row of the table of events, as far as it is looked at. */
interface EventRow {
  readonly position: number;
  readonly data: string;
}

/** How many events are inserted by one statement, as by millrace/sqlite. */
const CHUNK = 32;

/** `libsql` with the statements of `millrace/sqlite`, on its tables. */
export const openFile: OpenFile = async (path) => {
  const tables = await sqliteEventStore({ path, driver: 'libsql' });
  await tables.close();
  const database = new Database(path);
  database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = full');
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const version = database.prepare('SELECT max(version) AS version FROM events WHERE stream = ?');
  const isDeleted = database.prepare('SELECT 1 FROM deleted_streams WHERE stream = ?');
  const insertOne = database.prepare(insertSql(1));
  const insertChunk = database.prepare(insertSql(CHUNK));
  const readStream = database.prepare(
    'SELECT * FROM events WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?',
  );
  const readAll = database.prepare('SELECT * FROM events WHERE position > ? ORDER BY position LIMIT ?');

  function versionOf(stream: string, expected: number | undefined): number {
    const found = (version.get(stream) as { readonly version: number | null }).version ?? 0;
    if (found === 0 && isDeleted.get(stream) !== undefined) throw new Error('Expected a stream, got a deleted one.');
    if (expected === undefined || expected === found) return found;
    throw new Error(`Expected version ${expected}, got ${found}.`);
  }

  function insert(stream: string, first: number, events: readonly Deposit[]): void {
    const now = Date.now();
    for (let at = 0; at < events.length;) {
      const size = events.length - at >= CHUNK ? CHUNK : 1;
      const values: (number | string)[] = [];
      for (const { type, data } of events.slice(at, at + size)) {
        values.push(stream, first + ++at, cheapId(), type, now, JSON.stringify(data), '{}');
      }
      (size === 1 ? insertOne : insertChunk).run(...values);
    }
  }

  async function sumOfAll(limit: number, pause?: Pause): Promise<number> {
    let total = 0;
    let count = 0;
    for (let position = 0; count < limit;) {
      const rows = readAll.all(position, Math.min(PAGE, limit - count)) as EventRow[];
      if (rows.length === 0) return total;
      for (const { data } of rows) {
        total += (JSON.parse(data) as Deposit['data']).amount;
        count++;
        const pausing = pause?.(count);
        if (pausing !== undefined) await pausing;
      }
      position = rows.at(-1)!.position;
    }
    return total;
  }

  return {
    async append(stream, events, expectedVersion) {
      begin.run();
      insert(stream, versionOf(stream, expectedVersion), events);
      commit.run();
    },
    async readStream(stream) {
      let total = 0;
      for (let from = 1; ; from += PAGE) {
        const rows = readStream.all(stream, from, PAGE) as EventRow[];
        for (const { data } of rows) total += (JSON.parse(data) as Deposit['data']).amount;
        if (rows.length < PAGE) return total;
      }
    },
    readAll: async () => sumOfAll(Infinity),
    catchUp: sumOfAll,
    async readAsOurs() {
      await using ours = await sqliteEventStore({ path, driver: 'libsql' });
      return await underTest(ours).readAll!();
    },
    async close() {
      database.close();
    },
  };
};

export const openStore: OpenStore = async () => openFile(newPath());

function insertSql(rows: number): string {
  const values = Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?, ?)').join(', ');
  return `INSERT INTO events (stream, version, id, type, time, data, metadata) VALUES ${values}`;
}
