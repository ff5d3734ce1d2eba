import type { Observable } from 'rxjs';
import type { EventMessage, MessageHeaders } from '../core/message.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';

/** An aggregate as it stands. */
export interface Loaded<State> {
  /** Its state. */
  readonly state: State;
  /** The version of its stream; 0 if nothing has happened yet. */
  readonly version: number;
}

/** An event as a command has appended it: complete. */
export type ExecutedEvent<Event extends NewEvent = NewEvent> = Event &
  Required<Pick<NewEvent, 'headers' | 'id' | 'time'>>;

/** What a command has done. */
export interface Executed<State, Event extends NewEvent = NewEvent> extends Loaded<State> {
  /** The events that were appended; of a repeated command those of the first time. */
  readonly events: readonly ExecutedEvent<Event>[];
  /** Whether the command was executed before, by its `commandId`: nothing was appended now, and the state is that of now. */
  readonly isRepeated: boolean;
}

/** How a command is executed. */
export interface ExecuteOptions {
  /** Makes the command idempotent for its aggregate: the second one with this id appends nothing, whenever it comes. A command without events leaves no trace, and is decided again. */
  readonly commandId?: string;
  /** The version that the caller has seen: if the stream has gone on, the command fails instead of being decided anew. @defaultValue none */
  readonly expectedVersion?: number;
  /** The message that led to the command: its correlation and trace go on in the events, and its id is their causation. */
  readonly causedBy?: Pick<EventMessage, 'headers' | 'id'> | Pick<RecordedEvent, 'headers' | 'id'>;
  /** Headers of every event: correlation, trace, user and the like. */
  readonly headers?: MessageHeaders;
  /** Gives up before the next attempt. */
  readonly signal?: AbortSignal;
}

/** Loads aggregates and executes commands on them. */
export interface Repository<State, Command, Event extends NewEvent = NewEvent> {
  /** The state of an aggregate: the newest snapshot that fits, and the events since. */
  load(id: string): Promise<Loaded<State>>;
  /**
   * Loads, decides, appends. If somebody else has written meanwhile, it does so again, after a growing pause; commands on one aggregate wait for each other, so that this
   * happens between processes only. If the connection is lost in mid-append, the same events are appended again.
   *
   * @throws what `decide` and `evolve` throw, and SchemaError for decided data that does not fit: nothing was appended; VersionConflictError when attempts are used up, or for
   * another `expectedVersion`; OutcomeUnknownError; what `append` throws
   */
  execute(id: string, command: Command, options?: ExecuteOptions): Promise<Executed<State, Event>>;
  /** Snapshots that could not be kept, and probes that threw. The commands have succeeded all the same. Printed once, if nobody listens. */
  readonly errors: Observable<ReportedError>;
}
