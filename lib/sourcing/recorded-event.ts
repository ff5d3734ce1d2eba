import type { EventDefinition } from '../core/event-definition.ts';
import type { PlainMessage } from '../core/message.ts';

/** A place in the order of all events of a store, to go on from. Only the store that gave it can read it; keep it as it is. */
export type Checkpoint = string;

/** An event as a store gives it back: plain data, and its place. */
export interface RecordedEvent<Type extends string = string, Data = unknown> extends PlainMessage<Type, Data> {
  /** The stream that it belongs to. */
  readonly stream: string;
  /** Its number in the stream: the first event is 1, and there are no gaps. */
  readonly version: number;
  /**
   * Its number in the store, with gaps. For people and for measuring only: where many processes append at once, events may be read in another order (PostgreSQL). Readers go on
   * from `checkpoint`; what comes twice is recognised by `id`, or by `stream` and `version`.
   */
  readonly position: number;
  /** Its place in the order in which the store gives its events to readers. */
  readonly checkpoint: Checkpoint;
}

/** The recorded form of a definition's events. Distributes over a union of definitions. */
export type RecordedOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? RecordedEvent<Type, Data> : never;
