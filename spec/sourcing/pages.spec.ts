import { createEventStore, type EventStore, type NewEvent, type RecordedEvent } from 'millrace';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../lib/sourcing/memory-backend.ts';

/** Counts what is read of it. */
class CountingBackend extends MemoryBackend {
  given = 0;
  /** The characters of data in each page. */
  readonly pages: number[] = [];

  override async readAll(request: Parameters<MemoryBackend['readAll']>[0]) {
    return this.#count(await super.readAll(request), ({ records }) => records);
  }

  override async readStream(...request: Parameters<MemoryBackend['readStream']>) {
    return this.#count(await super.readStream(...request), (records) => records);
  }

  #count<Page>(page: Page, recordsOf: (page: Page) => readonly { readonly data: string }[]): Page {
    const records = recordsOf(page);
    this.given += records.length;
    this.pages.push(records.reduce((sum, { data }) => sum + data.length, 0));
    return page;
  }
}

const PAGE = 8;

function events(count: number, data: unknown = null): readonly NewEvent[] {
  return Array.from({ length: count }, () => ({ type: 'counted', data }));
}

async function open(): Promise<{ readonly backend: CountingBackend; readonly store: EventStore }> {
  const backend = new CountingBackend();
  return { backend, store: createEventStore(backend, { pageSize: PAGE }) };
}

type Read = (store: EventStore) => AsyncIterableIterator<RecordedEvent, undefined>;
const READS: readonly (readonly [string, Read])[] = [
  ['a subscription', (store) => store.subscribe()],
  ['a read of all', (store) => store.readAll()],
  ['a read of a stream', (store) => store.readStream('a')],
];

describe('a slow loop', () => {
  it.each(READS)('holds one page of %s, whatever is appended meanwhile', async (_, read) => {
    const { backend, store } = await open();
    await store.append('a', events(1_000));
    let taken = 0;
    for await (const { stream } of read(store)) {
      if (++taken === 500) break;
      await store.append(stream, events(3));
      expect(backend.given - taken).toBeLessThan(PAGE);
    }
    expect(taken).toBe(500);
  });

  it.each(READS)('reads nothing of %s before it is asked', async (_, read) => {
    const { backend, store } = await open();
    await store.append('a', events(100));
    const reading = read(store);
    await store.append('a', events(100));
    expect(backend.given).toBe(0);
    await reading.next();
    expect(backend.given).toBe(PAGE);
  });

  it.each(READS)('holds fewer events of %s where they are large', async (_, read) => {
    const backend = new CountingBackend();
    const store = createEventStore(backend);
    await store.append('a', events(300, 'x'.repeat(100_000)));
    for await (const { version } of read(store)) if (version === 300) break;
    // Nobody knows how large they are before the first page.
    const [, ...pages] = backend.pages;
    expect(pages.length).toBeGreaterThan(1);
    expect(Math.max(...pages)).toBeLessThan(4_010_000);
    expect(Math.max(...pages)).toBeGreaterThan(3_000_000);
  });
});
