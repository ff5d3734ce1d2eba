import type { StoredRecord } from '../sourcing/event-store-backend.ts';

/** A row of the table of events. */
export type EventRow = Omit<StoredRecord, 'checkpoint'>;

/** What a row says. Not spread: clients add things of their own to rows. */
export function storedRecord({ position, stream, version, id, type, time, data, metadata }: EventRow): StoredRecord {
  return { id, type, time, data, metadata, stream, version, position, checkpoint: String(position) };
}
