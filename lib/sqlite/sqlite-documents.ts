import type { DocumentStore, StoredDocument } from '../sourcing/document-store.ts';
import type { Connection, Row } from './connection.ts';
import type { WorkLine } from './work-line.ts';

/** Keeps documents in the table for them. */
export function sqliteDocuments(connection: Connection, line: WorkLine): DocumentStore {
  const one = connection.query('SELECT key, value, revision FROM documents WHERE kind = ? AND key = ?');
  const all = connection.query('SELECT key, value, revision FROM documents WHERE kind = ? ORDER BY number');
  const insert = connection.command('INSERT INTO documents (value, revision, kind, key) VALUES (?, ?, ?, ?)');
  const update = connection.command('UPDATE documents SET value = ?, revision = ? WHERE kind = ? AND key = ?');
  const remove = connection.command('DELETE FROM documents WHERE kind = ? AND key = ?');

  function find(kind: string, key: string): StoredDocument | undefined {
    const row = one.row([kind, key]);
    return row && storedDocument(row);
  }

  return {
    get: (kind, key) => line.read(() => find(kind, key)),
    put: (kind, key, value, ifRevision) =>
      line.write(() => {
        const { revision } = find(kind, key) ?? { revision: 0 };
        if (ifRevision !== undefined && ifRevision !== revision) return false;
        (revision === 0 ? insert : update)([value, revision + 1, kind, key]);
        return true;
      }),
    remove: (kind, key) => line.write(() => void remove([kind, key])),
    list: (kind) => line.read(() => all.rows([kind]).map(storedDocument)),
  };
}

function storedDocument(row: Row): StoredDocument {
  const [key, value, revision] = row as readonly [key: string, value: string, revision: number];
  return { key, value, revision };
}
