import type { DocumentStore } from './document-store.ts';
import { SNAPSHOT_KIND } from './document-store.ts';
import type { ExpectedVersion, StoreHead } from './event-store.ts';
import type {
  AllPage,
  AllPageRequest,
  AppendOutcome,
  DeleteOutcome,
  EventStoreBackend,
  StoredEvent,
  StoredRecord,
  StreamPageRequest,
} from './event-store-backend.ts';
import { memoryDocuments } from './memory-documents.ts';
import { isExpected, isSelected, positionOf } from './selection.ts';

/** How many events are looked at for a page at most. */
const SCAN = 10_000;

/** Keeps events in memory. */
export class MemoryBackend implements EventStoreBackend {
  readonly documents: DocumentStore = memoryDocuments();
  /** All events by position; of those deleted, nothing. */
  readonly #log: (StoredRecord | undefined)[] = [undefined];
  readonly #streams = new Map<string, StoredRecord[]>();
  readonly #deleted = new Set<string>();
  readonly #byId = new Map<string, StoredRecord>();

  async append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome> {
    if (this.#deleted.has(stream)) return { outcome: 'deleted' };
    const known = this.#streams.get(stream) ?? [];
    if (!isExpected(expected, known.length)) return { outcome: 'conflict', actual: known.length };
    const ids = new Set(events.map(({ id }) => id));
    if (ids.size < events.length || events.some(({ id }) => this.#byId.has(id))) return { outcome: 'duplicate' };
    for (const event of events) this.#keep(stream, known, event);
    this.#streams.set(stream, known);
    const { version, checkpoint } = known.at(-1)!;
    return { outcome: 'appended', version, checkpoint };
  }

  async readStream(stream: string, request: StreamPageRequest): Promise<readonly StoredRecord[]> {
    const { from, direction, limit } = request;
    const records = this.#streams.get(stream) ?? [];
    if (direction === 'forwards') return records.slice(from - 1, from - 1 + limit);
    const end = Math.min(from, records.length);
    return records.slice(Math.max(0, end - limit), end).toReversed();
  }

  async readAll({ after, limit, ...selection }: AllPageRequest): Promise<AllPage> {
    const records: StoredRecord[] = [];
    let position = after === undefined ? 0 : positionOf(after);
    const end = Math.min(this.#log.length - 1, position + SCAN);
    while (position < end && records.length < limit) {
      const record = this.#log[++position];
      if (record !== undefined && isSelected(record, selection)) records.push(record);
    }
    return { records, checkpoint: String(position), isEnd: position >= this.#log.length - 1 };
  }

  async findEvent(id: string): Promise<StoredRecord | undefined> {
    return this.#byId.get(id);
  }

  async streamVersion(stream: string): Promise<number> {
    return this.#streams.get(stream)?.length ?? 0;
  }

  async deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome> {
    const records = this.#streams.get(stream) ?? [];
    if (!isExpected(expected, records.length)) return { outcome: 'conflict', actual: records.length };
    if (records.length === 0) return { outcome: 'absent' };
    for (const { id, position } of records) {
      this.#byId.delete(id);
      this.#log[position] = undefined;
    }
    this.#streams.delete(stream);
    this.#deleted.add(stream);
    await this.documents.remove(SNAPSHOT_KIND, stream);
    return { outcome: 'deleted' };
  }

  async head(): Promise<StoreHead> {
    const position = this.#log.length - 1;
    return { position, checkpoint: String(position) };
  }

  watch(): () => void {
    // Nobody else can append to it, and the store in front tells of its own appends.
    return () => undefined;
  }

  async close(): Promise<void> {}

  #keep(stream: string, records: StoredRecord[], event: StoredEvent): void {
    const position = this.#log.length;
    // Not spread: V8 gives each such object a shape of its own, and reading them takes three times as long.
    const { id, type, time, data, metadata } = event;
    const version = records.length + 1;
    const record = { id, type, time, data, metadata, stream, version, position, checkpoint: String(position) };
    this.#log.push(record);
    this.#byId.set(record.id, record);
    records.push(record);
  }
}
