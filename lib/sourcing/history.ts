import type { Aggregate } from './aggregate.ts';
import { WrongHistoryError } from './errors.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';

/** A state on its way through its events. */
export class History<State> {
  state: State;
  /** Of the last recorded event that it has seen. */
  version: number;
  readonly #aggregate: Aggregate<State, never>;
  #stream: string | undefined;

  constructor(aggregate: Aggregate<State, never>, state: State, version: number) {
    this.#aggregate = aggregate;
    this.state = state;
    this.version = version;
  }

  /** Goes on by one event. Recorded events must be of one stream of this aggregate, and follow each other. */
  add(event: NewEvent): void {
    if (isRecorded(event)) this.#follow(event);
    this.state = this.#aggregate.evolve(this.state, event);
  }

  #follow({ stream, version }: RecordedEvent): void {
    const { name } = this.#aggregate;
    if (!stream.startsWith(`${name}-`)) {
      throw new WrongHistoryError(
        `of an aggregate '${name}', whose streams begin with '${name}-'`,
        `stream '${stream}'`,
      );
    }
    this.#stream ??= stream;
    if (stream !== this.#stream) {
      throw new WrongHistoryError(`of one stream, '${this.#stream}'`, `one of stream '${stream}'`);
    }
    if (version !== this.version + 1) {
      throw new WrongHistoryError(`in order and without gaps, version ${this.version + 1} next`, `version ${version}`);
    }
    this.version = version;
  }
}

/** Whether an event comes from a store: anything else has no place. */
export function isRecorded(event: NewEvent): event is RecordedEvent {
  return typeof event === 'object' && event !== null && 'checkpoint' in event && 'stream' in event;
}
