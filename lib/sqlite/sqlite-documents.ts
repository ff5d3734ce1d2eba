import type { DocumentStore, StoredDocument } from '../sourcing/document-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { WorkLine } from './work-line.ts';

/** Keeps documents in the table for them. */
export function sqliteDocuments(database: SqliteDatabase, line: WorkLine): DocumentStore {
  const one = database.prepare('SELECT key, value, revision FROM documents WHERE kind = ? AND key = ?');
  const all = database.prepare('SELECT key, value, revision FROM documents WHERE kind = ? ORDER BY number');
  const insert = database.prepare('INSERT INTO documents (value, revision, kind, key) VALUES (?, ?, ?, ?)');
  const update = database.prepare('UPDATE documents SET value = ?, revision = ? WHERE kind = ? AND key = ?');
  const remove = database.prepare('DELETE FROM documents WHERE kind = ? AND key = ?');

  return {
    get: async (kind, key) => {
      const row = await line.read(() => one.get(kind, key) as StoredDocument | undefined);
      return row && storedDocument(row);
    },
    put: (kind, key, value, ifRevision) =>
      line.write(() => {
        const { revision } = (one.get(kind, key) as StoredDocument | undefined) ?? { revision: 0 };
        if (ifRevision !== undefined && ifRevision !== revision) return false;
        (revision === 0 ? insert : update).run(value, revision + 1, kind, key);
        return true;
      }),
    remove: (kind, key) => line.write(() => void remove.run(kind, key)),
    list: async (kind) => (await line.read(() => all.all(kind) as StoredDocument[])).map(storedDocument),
  };
}

/** Not spread: clients add things of their own to rows. */
function storedDocument({ key, value, revision }: StoredDocument): StoredDocument {
  return { key, value, revision };
}
