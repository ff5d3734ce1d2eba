import type { ExpectedVersion } from '../sourcing/event-store.ts';
import type { AppendOutcome, StoredEvent } from '../sourcing/event-store-backend.ts';
import { isExpected } from '../sourcing/selection.ts';
import { resultOf } from './requests.ts';
import type { EventRow } from './schema.ts';
import { lastVersion } from './stream-index.ts';

/** What appends read and write. */
export const APPEND_STORES: readonly string[] = ['events', 'tombstones', 'meta'];

/** One append. */
export interface Append {
  readonly stream: string;
  readonly events: readonly StoredEvent[];
  readonly expected: ExpectedVersion;
}

/** What the database knows of what an append is about. */
interface Found {
  readonly version: number;
  readonly isDeleted: boolean;
  readonly hasDuplicate: boolean;
}

/**
 * Makes several appends in one transaction: each by itself is made or refused. All is looked up first, as whatever violates an index would end the
 * transaction for all. No other can come between, in this tab or in another.
 */
export async function appendGroup(
  keyRange: typeof IDBKeyRange,
  transaction: IDBTransaction,
  group: readonly Append[],
): Promise<readonly AppendOutcome[]> {
  const meta = transaction.objectStore('meta');
  const [position, ...found] = await Promise.all([
    resultOf(meta.get('position') as IDBRequest<number>),
    ...group.map((append) => lookUp(keyRange, transaction, append)),
  ]);
  const writer = new GroupWriter(transaction.objectStore('events'), position);
  const outcomes = group.map((append, index) => writer.write(append, found[index]!));
  if (writer.position > position) meta.put(writer.position, 'position');
  return outcomes;
}

async function lookUp(
  keyRange: typeof IDBKeyRange,
  transaction: IDBTransaction,
  { stream, events }: Append,
): Promise<Found> {
  const ids = transaction.objectStore('events').index('id');
  const [version, tombstone, ...taken] = await Promise.all([
    lastVersion(keyRange, transaction, stream),
    resultOf(transaction.objectStore('tombstones').getKey(stream)),
    ...events.map(({ id }) => resultOf(ids.getKey(id))),
  ]);
  const hasDuplicate = taken.some((key) => key !== undefined);
  return { version, isDeleted: tombstone !== undefined, hasDuplicate };
}

/** Writes the appends of a group one after the other, and knows what those before have changed. */
class GroupWriter {
  position: number;
  readonly #rows: IDBObjectStore;
  readonly #versions = new Map<string, number>();
  readonly #ids = new Set<string>();

  constructor(rows: IDBObjectStore, position: number) {
    this.#rows = rows;
    this.position = position;
  }

  write({ stream, events, expected }: Append, { version: stored, isDeleted, hasDuplicate }: Found): AppendOutcome {
    if (isDeleted) return { outcome: 'deleted' };
    const actual = this.#versions.get(stream) ?? stored;
    if (!isExpected(expected, actual)) return { outcome: 'conflict', actual };
    const ids = new Set(events.map(({ id }) => id));
    if (hasDuplicate || ids.size < events.length || events.some(({ id }) => this.#ids.has(id))) {
      return { outcome: 'duplicate' };
    }
    for (const id of ids) this.#ids.add(id);
    let version = actual;
    for (const event of events) {
      this.#rows.add({ ...event, stream, version: ++version, position: ++this.position } satisfies EventRow);
    }
    this.#versions.set(stream, version);
    return { outcome: 'appended', version, checkpoint: String(this.position) };
  }
}
