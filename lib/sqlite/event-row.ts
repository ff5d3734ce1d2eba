import type { StoredRecord } from '../sourcing/event-store-backend.ts';
import type { Row } from './connection.ts';

/** The columns of an event, in the order in which {@link storedRecord} takes them. */
export const EVENT_COLUMNS = 'position, stream, version, id, type, time, data, metadata';

type EventRow = readonly [
  position: number,
  stream: string,
  version: number,
  id: string,
  type: string,
  time: number,
  data: string,
  metadata: string,
];

/** What a row says. */
export function storedRecord(row: Row): StoredRecord {
  const [position, stream, version, id, type, time, data, metadata] = row as EventRow;
  return { id, type, time, data, metadata, stream, version, position, checkpoint: String(position) };
}
