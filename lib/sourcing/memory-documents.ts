import type { DocumentStore, StoredDocument } from './document-store.ts';

/** Keeps documents in memory. */
export function memoryDocuments(): DocumentStore {
  const kinds = new Map<string, Map<string, StoredDocument>>();

  function documentsOf(kind: string): Map<string, StoredDocument> {
    const known = kinds.get(kind) ?? new Map<string, StoredDocument>();
    kinds.set(kind, known);
    return known;
  }

  return {
    get: async (kind, key) => kinds.get(kind)?.get(key),
    put: async (kind, key, value, ifRevision) => {
      const documents = documentsOf(kind);
      const { revision } = documents.get(key) ?? { revision: 0 };
      if (ifRevision !== undefined && ifRevision !== revision) return false;
      documents.set(key, { key, value, revision: revision + 1 });
      return true;
    },
    remove: async (kind, key) => {
      kinds.get(kind)?.delete(key);
    },
    list: async (kind) => [...(kinds.get(kind)?.values() ?? [])],
  };
}
