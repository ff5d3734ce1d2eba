import { randomId } from '../core/ids.ts';
import type { StoredRecord } from '../sourcing/event-store-backend.ts';
import { resultOf } from './requests.ts';

/** An event as it is kept; its key is `position`. */
export type EventRow = Omit<StoredRecord, 'checkpoint'>;

/** A document as it is kept; its key is `order`, which the database counts up. */
export interface DocumentRow {
  readonly order: number;
  readonly kind: string;
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Tells a database of this library from others of that name, and one that was deleted and made again from the one before. */
interface Mark {
  readonly library: 'millrace';
  readonly id: string;
}

/** Makes a database of one format into one of the next. */
export type SchemaStep = (database: IDBDatabase, transaction: IDBTransaction) => void;

/** From no database to format 1, from 1 to 2, and so on. A step that was released is never changed. */
export const SCHEMA: readonly SchemaStep[] = [createFormat1];

const LIBRARY = 'millrace';

/** The id of a database of this library; of another's, undefined. */
export async function databaseId(database: IDBDatabase): Promise<string | undefined> {
  if (!database.objectStoreNames.contains('meta')) return undefined;
  const meta = database.transaction('meta').objectStore('meta');
  const mark = await resultOf(meta.get('mark') as IDBRequest<Partial<Mark> | undefined>).catch(() => undefined);
  return mark?.library === LIBRARY ? mark.id : undefined;
}

function createFormat1(database: IDBDatabase): void {
  const events = database.createObjectStore('events', { keyPath: 'position' });
  events.createIndex('version', ['stream', 'version'], { unique: true });
  events.createIndex('id', 'id', { unique: true });
  const documents = database.createObjectStore('documents', { keyPath: 'order', autoIncrement: true });
  documents.createIndex('key', ['kind', 'key'], { unique: true });
  documents.createIndex('kind', 'kind');
  // The names of deleted streams.
  database.createObjectStore('tombstones');
  const meta = database.createObjectStore('meta');
  meta.add({ library: LIBRARY, id: randomId() } satisfies Mark, 'mark');
  // Of the last event that was ever appended: of deleted ones, too, so that no position is given twice.
  meta.add(0, 'position');
}
