import type { AllPage, AllPageRequest, StoredRecord } from '../sourcing/event-store-backend.ts';
import { isSelected, positionOf } from '../sourcing/selection.ts';
import { resultOf } from './requests.ts';
import type { EventRow } from './schema.ts';

/** So many events are looked at for a page at most, */
const SCAN_EVENTS = 10_000;

/** and so many characters of their data. */
const SCAN_CHARACTERS = 4_000_000;

/** So many events are fetched first where most may not be wanted: they could be large, */
const FIRST_FETCHED = 64;

/** and so many later. */
const MOST_FETCHED = 1_024;

/** Reads a page of all events; with a selection, from as many as a page may look at. */
export async function scanAll(
  keyRange: typeof IDBKeyRange,
  transaction: IDBTransaction,
  { after, limit, ...selection }: AllPageRequest,
): Promise<AllPage> {
  const events = transaction.objectStore('events');
  const records: StoredRecord[] = [];
  let position = after === undefined ? 0 : positionOf(after);
  let seen = 0;
  let characters = 0;
  // Unfiltered, all are wanted, and the store in front has seen how large they are.
  let wanted = selection.types === undefined && selection.streams === undefined ? limit : FIRST_FETCHED;
  for (;;) {
    const range = keyRange.lowerBound(position, true);
    const rows = await resultOf(events.getAll(range, wanted) as IDBRequest<EventRow[]>);
    let at = 0;
    for (; at < rows.length && records.length < limit; at++) {
      const row = rows[at]!;
      position = row.position;
      characters += row.data.length;
      if (isSelected(row, selection)) records.push(recordOf(row));
    }
    seen += at;
    const isEnd = at < wanted && at === rows.length;
    if (isEnd || records.length === limit || seen >= SCAN_EVENTS || characters >= SCAN_CHARACTERS) {
      return { records, checkpoint: String(position), isEnd };
    }
    wanted = Math.min(MOST_FETCHED, wanted * 4);
  }
}

/** An event as it is handed out. */
export function recordOf(row: EventRow): StoredRecord {
  return { ...row, checkpoint: String(row.position) };
}
