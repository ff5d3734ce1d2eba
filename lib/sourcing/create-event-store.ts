/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { ClosedError, InvalidOptionError } from '../core/errors.ts';
import { type CreateId, createUuidV7 } from '../core/ids.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount, expectDelay, expectFunction, expectName, expectOneOf, expectOptions } from '../core/options.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import {
  expectEvents,
  expectExpectedVersion,
  expectKey,
  expectLimit,
  expectStream,
  expectStreams,
  expectTypes,
} from './check-arguments.ts';
import type { DocumentStore } from './document-store.ts';
import { DuplicateEventError, OutcomeUnknownError, StreamDeletedError, VersionConflictError } from './errors.ts';
import type {
  AppendResult,
  EventStore,
  ExpectedVersion,
  ExpectOptions,
  ReadAllOptions,
  ReadStreamOptions,
  StoreHead,
  SubscribeToStoreOptions,
} from './event-store.ts';
import type { AppendOutcome, EventStoreBackend, StoredEvent } from './event-store-backend.ts';
import { guardedDocuments } from './guarded-documents.ts';
import type { NewEvent } from './new-event.ts';
import { type PageSource, readAllPages, readStreamPages, subscribePages } from './pages.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { storedDeadLetters } from './stored-dead-letters.ts';
import { StoreLocks } from './store-locks.ts';
import { recordedEvent, storedEvent } from './stored-event.ts';
import { Wakes } from './wakes.ts';

/** What all stores can be told. */
export interface EventStoreOptions {
  /** Names the store in errors. @defaultValue the kind of store */
  readonly name?: string;
  /** Events that are read at a time: what a slow reader holds; ≥ 1. Fewer, if they are large. @defaultValue 512 */
  readonly pageSize?: number;
  /** Milliseconds after which a subscription looks for events although nobody has told of any; \> 0. @defaultValue as the store says */
  readonly pollMs?: number;
  /** The clock of events without a time, and the timers of subscriptions. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** Makes the ids of events without one. @defaultValue UUID version 7, which databases index best */
  readonly createId?: CreateId;
}

/**
 * Makes an event store of a database: checks what comes, reads page by page, hands catch-up over to live, and recognises repeated appends. For whoever writes a
 * store of their own; `eventStoreContract` of `millrace/testing` says whether it is one.
 *
 * @throws InvalidOptionError for an option that cannot work
 */
export function createEventStore(backend: EventStoreBackend, options: EventStoreOptions = {}): EventStore {
  return new PagedEventStore(backend, expectOptions('options', options));
}

/** Everything that is the same for all stores. */
class PagedEventStore implements EventStore, PageSource {
  readonly name: string;
  readonly documents: DocumentStore;
  readonly backend: EventStoreBackend;
  readonly pageSize: number;
  readonly wakes: Wakes;
  readonly lock?: (name: string, signal?: AbortSignal) => Promise<() => void>;
  readonly #locks: StoreLocks;
  readonly #scheduler: SchedulerLike;
  readonly #createId: CreateId;
  #closing: Promise<void> | undefined;

  constructor(
    backend: EventStoreBackend,
    {
      name = 'store',
      pageSize = 512,
      pollMs = 1_000,
      scheduler = asyncScheduler,
      createId = createUuidV7(),
    }: EventStoreOptions,
  ) {
    this.name = expectName('name', name);
    this.backend = backend;
    this.pageSize = expectCount('pageSize', pageSize, 1);
    this.wakes = new Wakes(backend, expectDelay('pollMs', pollMs, true), scheduler);
    this.documents = guardedDocuments(backend.documents, () => this.expectOpen());
    this.#locks = new StoreLocks(backend);
    if (backend.lock !== undefined) this.lock = async (lock, signal) => this.#lock(lock, signal);
    this.#scheduler = scheduler;
    this.#createId = expectFunction('createId', createId);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  async append(
    stream: string,
    events: NewEvent | readonly NewEvent[],
    { expectedVersion = 'any' }: ExpectOptions = {},
  ): Promise<AppendResult> {
    this.expectOpen();
    expectStream(stream);
    expectExpectedVersion(expectedVersion);
    const now = this.#scheduler.now();
    const stored = expectEvents(events).map((event) => storedEvent(event, now, this.#createId));
    const ids = stored.map(({ id }) => id);
    const appended = await this.backend.append(stream, stored, expectedVersion);
    if (appended.outcome === 'appended') {
      this.wakes.wake();
      return { version: appended.version, checkpoint: appended.checkpoint, ids, isRepeated: false };
    }
    if (appended.outcome === 'unknown') {
      throw new OutcomeUnknownError(stream, withIds(expectEvents(events), stored), appended.cause);
    }
    return (await this.#earlier(stream, ids)) ?? refuse(stream, stored, expectedVersion, appended);
  }

  readStream(
    stream: string,
    { from, direction = 'forwards', limit = Infinity, signal }: ReadStreamOptions = {},
  ): AsyncIterableIterator<RecordedEvent, undefined> {
    this.expectOpen();
    expectStream(stream);
    expectOneOf('direction', direction, ['forwards', 'backwards']);
    const first = from ?? (direction === 'forwards' ? 1 : Number.MAX_SAFE_INTEGER);
    expectCount('from', first, 1);
    return readStreamPages(this, stream, { from: first, direction, limit: expectLimit(limit) }, signal);
  }

  readAll({ limit = Infinity, ...selection }: ReadAllOptions = {}): AsyncIterableIterator<RecordedEvent, undefined> {
    return this.#readAll(selection, { limit: expectLimit(limit), isLive: false });
  }

  subscribe(options: SubscribeToStoreOptions = {}): AsyncIterableIterator<RecordedEvent, undefined> {
    return this.#readAll(options, { limit: Infinity, isLive: true });
  }

  async findEvent(id: string): Promise<RecordedEvent | undefined> {
    this.expectOpen();
    const record = await this.backend.findEvent(expectKey('id', id));
    return record && recordedEvent(record);
  }

  async streamVersion(stream: string): Promise<number> {
    this.expectOpen();
    return this.backend.streamVersion(expectStream(stream));
  }

  async deleteStream(stream: string, { expectedVersion = 'any' }: ExpectOptions = {}): Promise<boolean> {
    this.expectOpen();
    expectStream(stream);
    expectExpectedVersion(expectedVersion);
    const deleted = await this.backend.deleteStream(stream, expectedVersion);
    if (deleted.outcome !== 'conflict') return deleted.outcome === 'deleted';
    throw new VersionConflictError(stream, expectedVersion, deleted.actual);
  }

  async head(): Promise<StoreHead> {
    this.expectOpen();
    return this.backend.head();
  }

  deadLetters<Item = EventMessage>(queue: string = 'default'): DeadLetterStore<Item> {
    return storedDeadLetters(this.documents, expectName('queue', queue));
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  expectOpen(): void {
    if (this.isClosed) throw new ClosedError(`event store '${this.name}'`);
  }

  #readAll(
    { from = 'start', types, streams, signal, onCaughtUp }: SubscribeToStoreOptions,
    extent: { readonly limit: number; readonly isLive: boolean },
  ): AsyncIterableIterator<RecordedEvent, undefined> {
    this.expectOpen();
    expectFunction('onCaughtUp', onCaughtUp);
    const request = {
      from: expectFrom(from),
      types: expectTypes(types),
      streams: expectStreams(streams),
      onCaughtUp,
      ...extent,
    };
    return extent.isLive ? subscribePages(this, request, signal) : readAllPages(this, request, signal);
  }

  #lock(name: string, signal: AbortSignal | undefined): Promise<() => void> {
    this.expectOpen();
    return this.#locks.take(expectKey('name', name), signal);
  }

  /** What an earlier append of the same events has answered, if there was one. */
  async #earlier(stream: string, ids: readonly string[]): Promise<AppendResult | undefined> {
    const first = await this.backend.findEvent(ids[0]!);
    if (first?.stream !== stream) return undefined;
    let last = first;
    for (let at = 0; at < ids.length;) {
      const request = { from: first.version + at, direction: 'forwards', limit: ids.length - at } as const;
      const records = await this.backend.readStream(stream, request);
      if (records.length === 0 || records.some(({ id }, index) => id !== ids[at + index])) return undefined;
      at += records.length;
      last = records.at(-1)!;
    }
    return { version: last.version, checkpoint: last.checkpoint, ids, isRepeated: true };
  }

  async #close(): Promise<void> {
    // Later, so that whoever is woken finds it closed.
    await Promise.resolve();
    this.wakes.close();
    this.#locks.close(this.name);
    await this.backend.close();
  }
}

function expectFrom(from: unknown): string {
  if (typeof from === 'string' && from !== '') return from;
  throw new InvalidOptionError(
    `Expected from to be 'start', 'end' or the checkpoint of a recorded event, got ${typeof from === 'string' ? "''" : String(from)}.`,
  );
}

/** The events as they were given, but with the ids and times that they were sent with. */
function withIds(events: readonly NewEvent[], stored: readonly StoredEvent[]): readonly NewEvent[] {
  // By name: what is a getter of its class would be lost by spreading.
  return events.map(({ type, data, source, subject, headers }, index) => {
    const { id, time } = stored[index]!;
    return { type, data, id, time, source, subject, ...(headers !== undefined && { headers }) };
  });
}

function refuse(
  stream: string,
  events: readonly StoredEvent[],
  expected: ExpectedVersion,
  { outcome, ...details }: Exclude<AppendOutcome, { readonly outcome: 'appended' | 'unknown' }>,
): never {
  if (outcome === 'deleted') throw new StreamDeletedError(stream);
  if ('actual' in details) throw new VersionConflictError(stream, expected, details.actual);
  const ids = events.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  throw new DuplicateEventError(
    stream,
    twice === undefined ? `one of ${ids.length} that is taken` : `'${twice}' twice`,
  );
}
