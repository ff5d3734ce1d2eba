import type { DocumentStore, StoredDocument } from '../sourcing/document-store.ts';
import type { Connection } from './connection.ts';
import { resultOf } from './requests.ts';
import type { DocumentRow } from './schema.ts';

const STORES: readonly string[] = ['documents'];

/** Keeps documents in a database. */
export function indexedDbDocuments(connection: Connection): DocumentStore {
  return {
    get: async (kind, key) => {
      const row = await connection.read(STORES, (transaction) => find(transaction, kind, key));
      return row && documentOf(row);
    },
    put: (kind, key, value, ifRevision) =>
      connection.write(STORES, async (transaction) => {
        const known = await find(transaction, kind, key);
        const revision = known?.revision ?? 0;
        if (ifRevision !== undefined && ifRevision !== revision) return false;
        // With the order that it has, it takes the place of the one before; without, it goes behind all.
        transaction.objectStore('documents').put({ ...known, kind, key, value, revision: revision + 1 });
        return true;
      }),
    remove: (kind, key) => connection.write(STORES, (transaction) => removeDocument(transaction, kind, key)),
    list: (kind) =>
      connection.read(STORES, async (transaction) => {
        const index = transaction.objectStore('documents').index('kind');
        const rows = await resultOf(index.getAll(kind) as IDBRequest<DocumentRow[]>);
        return rows.map(documentOf);
      }),
  };
}

/** Forgets a document, in a transaction that does more. */
export async function removeDocument(transaction: IDBTransaction, kind: string, key: string): Promise<void> {
  const documents = transaction.objectStore('documents');
  const order = await resultOf(documents.index('key').getKey([kind, key]));
  if (order !== undefined) documents.delete(order);
}

function find(transaction: IDBTransaction, kind: string, key: string): Promise<DocumentRow | undefined> {
  const index = transaction.objectStore('documents').index('key');
  return resultOf(index.get([kind, key]) as IDBRequest<DocumentRow | undefined>);
}

function documentOf({ key, value, revision }: DocumentRow): StoredDocument {
  return { key, value, revision };
}
