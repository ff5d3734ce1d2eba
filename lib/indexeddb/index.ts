export { indexedDbEventStore, type IndexedDbEventStoreOptions } from './indexed-db-event-store.ts';
