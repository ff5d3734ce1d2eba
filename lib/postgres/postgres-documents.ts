import type { DocumentStore, StoredDocument } from '../sourcing/document-store.ts';
import type { Connections } from './connections.ts';
import { documentStatements } from './statements.ts';

/** Keeps documents in a table. */
export function postgresDocuments(connections: Connections, schema: string): DocumentStore {
  const statements = documentStatements(schema);
  return {
    async get(kind, key) {
      const [row] = await connections.read(statements.get, [kind, key]);
      return row && documentOf(row);
    },
    async put(kind, key, value, ifRevision) {
      const over = ifRevision === undefined ? statements.put : statements.putFirst;
      const { rowCount } =
        ifRevision === undefined || ifRevision === 0
          ? await connections.write(over, [kind, key, value])
          : await connections.write(statements.putOver, [kind, key, value, ifRevision]);
      return rowCount === 1;
    },
    async remove(kind, key) {
      await connections.write(statements.remove, [kind, key]);
    },
    async list(kind) {
      return (await connections.read(statements.list, [kind])).map(documentOf);
    },
  };
}

function documentOf(row: readonly unknown[]): StoredDocument {
  const [key, value, revision] = row as readonly [key: string, value: string, revision: string];
  return { key, value, revision: Number(revision) };
}
