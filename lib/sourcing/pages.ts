import { ClosedError } from '../core/errors.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { StreamSelection } from './event-store.ts';
import type { EventStoreBackend, StoredRecord } from './event-store-backend.ts';
import type { Checkpoint, RecordedEvent } from './recorded-event.ts';
import { recordedEvent } from './stored-event.ts';
import type { Wakes } from './wakes.ts';

/** Where pages come from: an open store. */
export interface PageSource {
  readonly name: string;
  readonly backend: EventStoreBackend;
  readonly wakes: Wakes;
  readonly pageSize: number;
  readonly isClosed: boolean;
}

/** Which part of a stream is read. */
export interface StreamExtent {
  readonly from: number;
  readonly direction: 'backwards' | 'forwards';
  readonly limit: number;
}

/** Which events of all are read, and whether it goes on with those that come. */
export interface AllExtent {
  readonly from: Checkpoint;
  readonly types: readonly string[] | undefined;
  readonly streams: readonly StreamSelection[] | undefined;
  readonly limit: number;
  readonly isLive: boolean;
  readonly onCaughtUp: ((checkpoint: Checkpoint | undefined) => void) | undefined;
  /** Called when a subscription that had begun has ended. */
  readonly onEnded?: () => void;
}

/** Reads a stream page by page. */
export async function* readStreamPages(
  source: PageSource,
  stream: string,
  { from: first, direction, limit }: StreamExtent,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordedEvent, undefined> {
  const size = new PageSize(source.pageSize);
  let from = first;
  let left = limit;
  while (left > 0 && from > 0) {
    signal?.throwIfAborted();
    expectOpen(source);
    const wanted = Math.min(size.next, left);
    const records = await source.backend.readStream(stream, { from, direction, limit: wanted });
    for (const record of records) {
      signal?.throwIfAborted();
      yield recordedEvent(record);
    }
    if (records.length < wanted) return;
    size.learn(records);
    left -= records.length;
    from = records.at(-1)!.version + (direction === 'forwards' ? 1 : -1);
  }
}

/**
 * Reads all events page by page, and, live, waits for more at the end. There is no other way from the database to the reader: what wakes a
 * reader only says that it is worth looking, so nothing can be missed or come twice between catching up and living on.
 */
export async function* readAllPages(
  source: PageSource,
  { from, types, streams, limit, isLive, onCaughtUp, onEnded }: AllExtent,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordedEvent, undefined> {
  const { backend, wakes } = source;
  const size = new PageSize(source.pageSize);
  if (hasEnded(source, isLive, signal)) return;
  const unwatch = isLive ? wakes.watch() : undefined;
  try {
    let after = await startOf(backend, from);
    let left = limit;
    let upTo: Checkpoint | undefined;
    let blocked = 0;
    while (left > 0 && !hasEnded(source, isLive, signal)) {
      const seen = wakes.count;
      const page = await backend.readAll({ after, types, streams, limit: Math.min(size.next, left), upTo });
      for (let at = 0; at < page.records.length && !hasEnded(source, isLive, signal); at++) {
        yield recordedEvent(page.records[at]!);
      }
      size.learn(page.records);
      after = page.checkpoint;
      left -= page.records.length;
      if (!page.isEnd) continue;
      const isBlocked = page.isBlocked === true;
      blocked = isBlocked && page.records.length === 0 ? blocked + 1 : Number(isBlocked);
      if (!isLive && !isBlocked) return;
      if (!isBlocked && !hasEnded(source, isLive, signal)) onCaughtUp?.(after);
      const hasPassed = !isBlocked && upTo !== undefined;
      upTo = isBlocked ? (upTo ?? page.blockedUpTo) : undefined;
      // What was held back was handed out, and what has come since may be held back again: look at once.
      if (!hasPassed) await wakes.wait(seen, blocked, signal);
    }
  } finally {
    unwatch?.();
    onEnded?.();
  }
}

/** Reads on for ever, until it is left: also while it waits, when a generator by itself would have to wait for its next event first. */
export function subscribePages(
  source: PageSource,
  extent: AllExtent,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<RecordedEvent, undefined> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  if (signal?.aborted === true) leave();
  const takeBack = signal && whenAborted(signal, leave);
  const onEnded = (): void => takeBack?.();
  const events = readAllPages(source, { ...extent, onEnded }, leaving.signal);
  const iterator: AsyncIterableIterator<RecordedEvent, undefined> = {
    next: () => events.next(),
    return: () => {
      leave();
      onEnded();
      return events.return(undefined);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

async function startOf(backend: EventStoreBackend, from: Checkpoint): Promise<Checkpoint | undefined> {
  if (from === 'start') return undefined;
  return from === 'end' ? (await backend.head()).checkpoint : from;
}

/** A subscription ends as if there were no more; a read that has to stop before its end fails. */
function hasEnded(source: PageSource, isLive: boolean, signal: AbortSignal | undefined): boolean {
  if (isLive) return source.isClosed || signal?.aborted === true;
  signal?.throwIfAborted();
  expectOpen(source);
  return false;
}

function expectOpen({ isClosed, name }: PageSource): void {
  if (isClosed) throw new ClosedError(`event store '${name}'`);
}

/** How many characters of data a page should hold at most. */
const PAGE_CHARACTERS = 4_000_000;

/** The size of the next page: small at first, and smaller where events are large, so that memory is bounded in bytes, too. */
class PageSize {
  readonly #most: number;
  #next: number;

  constructor(most: number) {
    this.#most = most;
    this.#next = Math.min(most, 64);
  }

  get next(): number {
    return this.#next;
  }

  learn(records: readonly StoredRecord[]): void {
    if (records.length === 0) return;
    const characters = records.reduce((sum, { data }) => sum + data.length, 0);
    const fitting = Math.floor((PAGE_CHARACTERS * records.length) / characters);
    this.#next = Math.max(1, Math.min(this.#most, fitting, this.#next * 4));
  }
}
