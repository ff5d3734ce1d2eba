import type { CreateId } from '../core/ids.ts';
import { jsonText } from '../core/json.ts';
import { type MessageHeaders, NO_HEADERS } from '../core/message.ts';
import { StoreFormatError } from './errors.ts';
import type { StoredEvent, StoredRecord } from './event-store-backend.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';

/** What is kept of an event besides its data. */
interface Metadata {
  readonly headers?: MessageHeaders;
  readonly source?: string;
  readonly subject?: string;
  /** Its data is `undefined`, which JSON has no text for. */
  readonly noData?: true;
}

/** Writes an event as texts. */
export function storedEvent(event: NewEvent, now: number, createId: CreateId): StoredEvent {
  const { type, data, time = now, id = createId(time), source, subject, headers = NO_HEADERS } = event;
  const metadata: Metadata = {
    ...(hasNames(headers) && { headers }),
    ...(source !== undefined && { source }),
    ...(subject !== undefined && { subject }),
    ...(data === undefined && { noData: true }),
  };
  return {
    id,
    type,
    time,
    data: data === undefined ? 'null' : jsonText(data, `data of '${type}'`),
    metadata: hasNames(metadata) ? jsonText(metadata, `headers of '${type}'`) : '{}',
  };
}

/** Reads an event. */
export function recordedEvent({
  id,
  type,
  time,
  data: text,
  metadata,
  stream,
  version,
  position,
  checkpoint,
}: StoredRecord): RecordedEvent {
  try {
    if (metadata === '{}') {
      return { id, type, time, data: JSON.parse(text), headers: NO_HEADERS, stream, version, position, checkpoint };
    }
    const { headers = NO_HEADERS, noData, ...origin } = JSON.parse(metadata) as Metadata;
    const data: unknown = noData === true ? undefined : JSON.parse(text);
    return { id, type, time, data, ...origin, headers, stream, version, position, checkpoint };
  } catch (error) {
    throw new StoreFormatError(
      `Expected JSON in event ${id}, version ${version} of stream '${stream}', got a text that is none. Restore the store from a backup.`,
      { cause: error },
    );
  }
}

function hasNames(value: object): boolean {
  for (const _ in value) return true;
  return false;
}
