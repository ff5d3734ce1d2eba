/// <reference lib="esnext.disposable" preserve="true" />
import type { EventMessage } from '../core/message.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import type { DocumentStore } from './document-store.ts';
import type { NewEvent } from './new-event.ts';
import type { Checkpoint, RecordedEvent } from './recorded-event.ts';

/**
 * What a writer knows of a stream: its version (0: there is none yet), or less.
 *
 * - `no-stream`: the same as 0
 * - `stream-exists`: at least one event
 * - `any`: nothing; the events come behind whatever is there
 */
export type ExpectedVersion = number | 'any' | 'no-stream' | 'stream-exists';

/** What is checked before something is written. */
export interface ExpectOptions {
  /** Where the stream must stand; otherwise nothing is written. @defaultValue 'any' */
  readonly expectedVersion?: ExpectedVersion;
}

/** What an append has done. */
export interface AppendResult {
  /** The stream's version after it: the version of the last event appended. */
  readonly version: number;
  /** The place of the last event appended. */
  readonly checkpoint: Checkpoint;
  /** The ids of the events, in their order: those that were given, or made. */
  readonly ids: readonly string[];
  /** Whether the events were there already, by their ids: an earlier append has written them, and this one nothing. */
  readonly isRepeated: boolean;
}

/** Which part of a stream, and in which direction. */
export interface ReadStreamOptions {
  /** The version to begin with; ≥ 1. @defaultValue the first, or backwards the last */
  readonly from?: number;
  /** Towards newer or older events. @defaultValue 'forwards' */
  readonly direction?: 'backwards' | 'forwards';
  /** At most so many; ≥ 0, or Infinity. @defaultValue Infinity */
  readonly limit?: number;
  /** Ends the read with its reason. */
  readonly signal?: AbortSignal;
}

/** A stream by its name, or all whose names begin so. */
export type StreamSelection = string | { readonly prefix: string };

/** Which events of a store. */
export interface ReadAllOptions {
  /** Behind this place. `'start'` is before the first event, `'end'` behind the last one of now. @defaultValue 'start' */
  readonly from?: Checkpoint | undefined;
  /** Events of these types only; an empty list is of none. @defaultValue all */
  readonly types?: readonly string[] | undefined;
  /** Events of these streams only, such as `{ prefix: 'account-' }`. @defaultValue all */
  readonly streams?: StreamSelection | readonly StreamSelection[] | undefined;
  /** At most so many; ≥ 0, or Infinity. @defaultValue Infinity */
  readonly limit?: number;
  /** Ends it: a read with the signal's reason, a subscription as if there were no more. */
  readonly signal?: AbortSignal;
}

/** Which events are subscribed to. */
export interface SubscribeToStoreOptions extends Omit<ReadAllOptions, 'limit'> {
  /**
   * Called whenever the loop has had all that there is, and waits. The checkpoint is of how far the store was looked through, which may be beyond the last event that was
   * wanted; absent in an empty store.
   */
  readonly onCaughtUp?: (checkpoint: Checkpoint | undefined) => void;
}

/** Where a store stands. */
export interface StoreHead {
  /** The highest position that was given, also to what is still being written; 0 in an empty store. */
  readonly position: number;
  /** What a reader goes on from to get only what comes after it. */
  readonly checkpoint: Checkpoint;
}

/**
 * Keeps events in streams, in the order in which they happened, for ever. Whoever reads a stream has every event of it; whoever reads all has
 * every event once, in one order that is the same for all readers and keeps the order of every stream.
 */
export interface EventStore extends AsyncDisposable {
  /** Names it in errors. */
  readonly name: string;
  /**
   * Appends events to a stream: all of them or none, and only if the stream stands where the writer believes. When it resolves they are as safe as the store
   * promises.
   *
   * @param stream - any text without NUL, up to 512 characters
   * @throws VersionConflictError when the stream stands elsewhere; OutcomeUnknownError when the connection was lost before the answer: an append with the
   * same ids is safe; DuplicateEventError for an id that another event has; StreamDeletedError; NotJsonError for data that JSON cannot keep; InvalidOptionError; ClosedError
   */
  append(stream: string, events: NewEvent | readonly NewEvent[], options?: ExpectOptions): Promise<AppendResult>;
  /**
   * The events of a stream, page by page; none if there is no such stream.
   *
   * @throws InvalidOptionError at once; from the loop, ClosedError when the store closes before the end
   */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterableIterator<RecordedEvent, undefined>;
  /** The events of all streams up to now, page by page. */
  readAll(options?: ReadAllOptions): AsyncIterableIterator<RecordedEvent, undefined>;
  /**
   * The events of all streams, then those that come, without a gap and without a repeat. It reads when it is asked: a slow loop holds one page, whatever is
   * appended meanwhile. It ends when the loop is left, the signal is aborted, or the store closes.
   */
  subscribe(options?: SubscribeToStoreOptions): AsyncIterableIterator<RecordedEvent, undefined>;
  /** The event with this id, if there is one. */
  findEvent(id: string): Promise<RecordedEvent | undefined>;
  /** The version of a stream's last event; 0 if there is none. */
  streamVersion(stream: string): Promise<number>;
  /**
   * Deletes a stream's events and its snapshot for good, such as for a person's right to be forgotten. Nothing can be appended to it any more: whoever still has its old version
   * could not tell a new stream from the old one. What readers and projections have made of its events is theirs to delete.
   *
   * @returns whether there was such a stream
   * @throws VersionConflictError
   */
  deleteStream(stream: string, options?: ExpectOptions): Promise<boolean>;
  /** Where the store stands. */
  head(): Promise<StoreHead>;
  /** Keeps small JSON documents beside the events: snapshots, checkpoints, dead letters. */
  readonly documents: DocumentStore;
  /**
   * A dead-letter store in the same database, so that a restart keeps the letters.
   *
   * @param queue - keeps the letters of several queues apart @defaultValue 'default'
   */
  deadLetters<Item = EventMessage>(queue?: string): DeadLetterStore<Item>;
  /**
   * Waits for a lock of this name, and takes it: one holder among all processes, tabs and stores that share the database, and given up by itself when its holder is gone,
   * such as a tab that is closed. It is no proof against a holder that was frozen and goes on. Only stores that can promise this have it.
   *
   * @param signal - ends the wait with its reason
   * @returns gives the lock up; so does `close`
   * @throws ClosedError when the store closes before it has the lock
   */
  lock?(name: string, signal?: AbortSignal): Promise<() => void>;
  /** Refuses what comes, waits for what is being written, and lets go of what it has opened. Idempotent. */
  close(): Promise<void>;
}
