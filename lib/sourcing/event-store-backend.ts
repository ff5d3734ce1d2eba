import type { DocumentStore } from './document-store.ts';
import type { ExpectedVersion, StoreHead, StreamSelection } from './event-store.ts';
import type { Checkpoint } from './recorded-event.ts';

/** An event as a backend keeps it: complete and checked, with texts for what is the writer's. */
export interface StoredEvent {
  /** Unique in the store. */
  readonly id: string;
  /** What happened. */
  readonly type: string;
  /** Epoch milliseconds. */
  readonly time: number;
  /** JSON. */
  readonly data: string;
  /** Source, subject and headers as JSON. */
  readonly metadata: string;
}

/** A {@link StoredEvent} with its place. */
export interface StoredRecord extends StoredEvent {
  /** The stream that it belongs to. */
  readonly stream: string;
  /** Its number in the stream, from 1. */
  readonly version: number;
  /** Its number in the store. */
  readonly position: number;
  /** Its place in the order of `readAll`. */
  readonly checkpoint: Checkpoint;
}

/**
 * How an append ended. Nothing is written unless it is `appended`, or `unknown`.
 *
 * - `conflict`: the stream stands elsewhere
 * - `duplicate`: an id is taken
 * - `deleted`: the stream was deleted
 * - `unknown`: the connection was lost after the events were sent and before the answer
 */
export type AppendOutcome =
  | { readonly outcome: 'appended'; readonly version: number; readonly checkpoint: Checkpoint }
  | { readonly outcome: 'conflict'; readonly actual: number }
  | { readonly outcome: 'deleted' | 'duplicate' }
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** How a delete ended. */
export type DeleteOutcome =
  | { readonly outcome: 'absent' | 'deleted' }
  | { readonly outcome: 'conflict'; readonly actual: number };

/** Which part of a stream a backend is asked for. */
export interface StreamPageRequest {
  /** The version to begin with; ≥ 1. */
  readonly from: number;
  /** Towards newer or older events. */
  readonly direction: 'backwards' | 'forwards';
  /** ≥ 1. */
  readonly limit: number;
}

/** Which events of all a backend is asked for. */
export interface AllPageRequest {
  /** Behind this place; absent: from the first event on. */
  readonly after: Checkpoint | undefined;
  /** Events of these types only; absent: of all. */
  readonly types: readonly string[] | undefined;
  /** Events of these streams only; absent: of all. */
  readonly streams: readonly StreamSelection[] | undefined;
  /** ≥ 1. */
  readonly limit: number;
  /** What an earlier page has given as `blockedUpTo`: what is held back beyond it blocks no more. */
  readonly upTo?: Checkpoint | undefined;
}

/** A part of all events. */
export interface AllPage {
  /** In order; not more than asked for. */
  readonly records: readonly StoredRecord[];
  /** How far it has looked: where the next page begins, also if nothing was found. */
  readonly checkpoint: Checkpoint | undefined;
  /** Whether there was nothing more behind it. */
  readonly isEnd: boolean;
  /** Whether something is written already, but cannot be handed out yet: then the store is asked again soon. */
  readonly isBlocked?: boolean;
  /** With `isBlocked`: the newest place that is held back. Whoever promises all events up to now waits until it has come so far. */
  readonly blockedUpTo?: Checkpoint;
}

/**
 * What a database has to do to be an event store: everything else is done once, in front of it, by `createEventStore`. All arguments are checked, and
 * nothing is called after `close`.
 */
export interface EventStoreBackend {
  /** Appends all of the events or none. The order of `readAll` must be one in which no reader can miss an event. */
  append(stream: string, events: readonly StoredEvent[], expected: ExpectedVersion): Promise<AppendOutcome>;
  /** A part of a stream; fewer events than asked for where it ends. */
  readStream(stream: string, request: StreamPageRequest): Promise<readonly StoredRecord[]>;
  /**
   * A part of all events.
   *
   * @throws InvalidOptionError for a checkpoint that is none of this store's
   */
  readAll(request: AllPageRequest): Promise<AllPage>;
  /** The event with this id, if there is one. */
  findEvent(id: string): Promise<StoredRecord | undefined>;
  /** The version of a stream's last event; 0 if there is none. */
  streamVersion(stream: string): Promise<number>;
  /** Deletes the events and the snapshot document of a stream, and remembers that it was deleted. */
  deleteStream(stream: string, expected: ExpectedVersion): Promise<DeleteOutcome>;
  /** Where the store stands. */
  head(): Promise<StoreHead>;
  /** Keeps documents in the same database. */
  readonly documents: DocumentStore;
  /**
   * Calls `wake` whenever something may have been appended, by this store or by another process; too often does no harm.
   *
   * @returns ends it
   */
  watch(wake: () => void): () => void;
  /**
   * Waits for a lock, and takes it: it has one holder among all processes, tabs and stores that share the database, and the database or the platform gives it up
   * by itself when its holder is gone. Absent where nothing can promise that: then leases in documents have to do, which have to run out first.
   *
   * @param signal - ends the wait with its reason
   * @returns gives the lock up; the store does so when it closes
   */
  lock?(name: string, signal: AbortSignal): Promise<() => void>;
  /** Waits until all that was called has ended. */
  close(): Promise<void>;
}
