import { expectCount } from '../core/options.ts';
import { expectKey, expectText } from './check-arguments.ts';
import type { DocumentStore } from './document-store.ts';

/** Documents whose arguments are checked, and that are refused when their store is closed. */
export function guardedDocuments(documents: DocumentStore, expectOpen: () => void): DocumentStore {
  function check(kind: string, key?: string): void {
    expectOpen();
    expectKey('kind', kind);
    if (key !== undefined) expectKey('key', key);
  }

  return {
    get: async (kind, key) => {
      check(kind, key);
      return documents.get(kind, key);
    },
    put: async (kind, key, value, ifRevision) => {
      check(kind, key);
      expectText('value', value);
      if (ifRevision !== undefined) expectCount('ifRevision', ifRevision, 0);
      return documents.put(kind, key, value, ifRevision);
    },
    remove: async (kind, key) => {
      check(kind, key);
      return documents.remove(kind, key);
    },
    list: async (kind) => {
      check(kind);
      return documents.list(kind);
    },
  };
}
