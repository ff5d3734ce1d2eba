import { MillraceError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import type { ExpectedVersion } from './event-store.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';

/** A stream does not stand where its writer believed: somebody else has written to it. Nothing was appended. */
export class VersionConflictError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'VersionConflictError';
  /** The stream. */
  readonly stream: string;
  /** What the writer expected. */
  readonly expected: ExpectedVersion;
  /** Its version; 0 if there is no such stream. */
  readonly actual: number;

  constructor(stream: string, expected: ExpectedVersion, actual: number) {
    super(
      'VERSION_CONFLICT',
      `Expected stream ${show(stream)} to be at version ${expected}, got version ${actual}. Read it again, decide again, and append with its version; a repository does so by itself, unless it was told a version.`,
    );
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Something was to be appended to a stream that was deleted. */
export class StreamDeletedError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'StreamDeletedError';

  constructor(stream: string) {
    super(
      'STREAM_DELETED',
      `Expected a stream that was not deleted, got ${show(stream)}. Its name is not used again: choose another.`,
    );
  }
}

/** An event has an id that another event of the store has. Nothing was appended. */
export class DuplicateEventError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'DuplicateEventError';

  constructor(stream: string, detail: string) {
    super(
      'DUPLICATE_EVENT',
      `Expected events with ids of their own for stream ${show(stream)}, got ${detail}. Leave out the ids, or make them unique; only an append that is repeated as it was may use its ids again.`,
    );
  }
}

/**
 * The connection was lost after events were sent and before the answer: they were appended, or not. Appending `events` again, which have
 * their ids, is safe: they are recognised if they are there.
 */
export class OutcomeUnknownError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'OutcomeUnknownError';
  /** The events, with the ids that they were sent with. */
  readonly events: readonly NewEvent[];

  constructor(stream: string, events: readonly NewEvent[], cause: unknown) {
    super(
      'OUTCOME_UNKNOWN',
      `Expected an answer to an append to stream ${show(stream)}, got a lost connection: whether it was written is unknown. Append error.events again; their ids make that safe.`,
      { cause },
    );
    this.events = events;
  }
}

/** What a store keeps cannot be what this library has written: a damaged file, or a database of another program or a newer version. */
export class StoreFormatError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'StoreFormatError';

  constructor(text: string, options?: ErrorOptions) {
    super('STORE_FORMAT', text, options);
  }
}

/**
 * The database cannot do what it was asked for now: it is full, is not there, or its owner has closed it. What was to be written was not, unless the text says that this is
 * unknown; `cause` is what the database has said.
 */
export class StoreUnavailableError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'StoreUnavailableError';

  constructor(text: string, options?: ErrorOptions) {
    super('STORE_UNAVAILABLE', text, options);
  }
}

/** Events that are not the history of one aggregate. */
export class WrongHistoryError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'WrongHistoryError';

  constructor(expected: string, got: string) {
    super(
      'WRONG_HISTORY',
      `Expected events ${expected}, got ${got}. Fold what readStream() gives for one stream, from its first event.`,
    );
  }
}

/** A projection has stopped before an event that it could not handle. `cause` says why. */
export class ProjectionStoppedError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'ProjectionStoppedError';
  /** The projection. */
  readonly projection: string;
  /** The event that it has stopped before. */
  readonly event: RecordedEvent;

  constructor(projection: string, event: RecordedEvent, attempts: number, cause: unknown) {
    const { id, type, stream, version, position } = event;
    super(
      'PROJECTION_STOPPED',
      `Expected projection '${projection}' to handle '${type}', version ${version} of stream '${stream}' (position ${position}, id ${id}), got an error in attempt ${attempts}: ${String(cause)}. Mend the handler, then call resume() or start again: it goes on with this event. Or choose onFailure: 'dead-letter'.`,
      { cause },
    );
    this.projection = projection;
    this.event = event;
  }
}
