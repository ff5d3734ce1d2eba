import type { EventDefinition } from '../core/event-definition.ts';
import type { NewEvent } from './new-event.ts';

/** The events of definitions as an aggregate decides them. Distributes over a union of definitions. */
export type NewEventOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? NewEvent<Type, Data> : never;

/** What an aggregate is made of. All functions are pure: no clock, no chance, no I/O, and nothing that they are given is changed. */
export interface AggregateOptions<State, Command, Event extends NewEvent> {
  /** Names it, and begins the names of its streams: `account` has `account-acc-1`. Without `-`, so that no two aggregates share a stream. */
  readonly name: string;
  /** The state before the first event; or a function that makes it, if `evolve` changes it in place, or there are Maps, Sets, Dates or bytes in it. A value is frozen. */
  readonly initial: State | (() => State);
  /** What a command leads to: an event, several, or none. Throws what refuses the command; nothing has happened then. */
  readonly decide: (command: Command, state: State) => Event | readonly Event[];
  /** The state after an event. It is asked again for every event of the past, so it refuses nothing. */
  readonly evolve: (state: State, event: Event) => State;
  /** The version of the state's form: raise it when `State` or `evolve` changes, and older snapshots are ignored; ≥ 1. @defaultValue 1 */
  readonly stateVersion?: number;
}

/** Something whose state follows from its events alone: what it is, what it may do, and what has become of it. Frozen, without state; share it between modules. */
export interface Aggregate<State, Command, Event extends NewEvent = NewEvent> {
  /** Names it. */
  readonly name: string;
  /** The version of the state's form. */
  readonly stateVersion: number;
  /** The definitions of its events, if it knows them: then what a store gives back is checked by their schemas, and an unknown type is refused. */
  readonly events: readonly EventDefinition[] | undefined;
  /** The state before the first event. */
  initial(): State;
  /**
   * What a command leads to.
   *
   * @throws whatever refuses the command
   */
  decide(command: Command, state: State): readonly Event[];
  /**
   * The state after one event more, a recorded one or a new one.
   *
   * @throws SchemaError for recorded data that does not fit; MillraceError `UNKNOWN_EVENT`
   */
  evolve(state: State, event: NewEvent): State;
  /**
   * The state after a history, always from the initial one.
   *
   * @throws WrongHistoryError for recorded events of another stream or aggregate, and for a version that is missing, repeated or out of order
   */
  fold(history: Iterable<NewEvent>): State;
  /** The same of events as a store reads them. */
  fold(history: AsyncIterable<NewEvent>): Promise<State>;
  /** The name of the stream with this aggregate's events. */
  stream(id: string): string;
}
