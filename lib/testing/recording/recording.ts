/// <reference lib="esnext.disposable" preserve="true" />
import type { EventSource, MessageFrom, Reachable } from '../../bus/event-source.ts';
import type { DeadLetter } from '../../core/dead-letter.ts';
import type { EventDefinition, MessageOf } from '../../core/event-definition.ts';
import type { EventMessage } from '../../core/message.ts';
import type { Settlement } from '../../core/outcome.ts';

/** How one handler's copy of an event ended. */
export interface RecordedEnd<Message = EventMessage> extends Settlement {
  /** The handler's name. */
  readonly handler: string;
  /** The event. */
  readonly event: Message;
}

/**
 * What has happened on a bus since it is recorded, in the order in which it happened. Each list can be narrowed to an event, a list of events
 * or a pattern, as in `bus.on`, and is typed accordingly. A list stays as it is: ask again to see more.
 */
export interface Recording<Known extends EventDefinition = EventDefinition> extends Disposable {
  /** The messages that were sent, by whatever way; also those for which there was no handler. */
  published(): readonly MessageOf<Known>[];
  /** Those of an event, a list of events or a pattern. */
  published<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
  ): readonly MessageFrom<Source, Known>[];
  /** The copies that handlers handled. */
  handled(): readonly RecordedEnd<MessageOf<Known>>[];
  /** Those of an event, a list of events or a pattern. */
  handled<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
  ): readonly RecordedEnd<MessageFrom<Source, Known>>[];
  /** The dead letters, `invalid` ones included. */
  deadLettered(): readonly DeadLetter<MessageOf<Known>>[];
  /** Those of an event, a list of events or a pattern. */
  deadLettered<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
  ): readonly DeadLetter<MessageFrom<Source, Known>>[];
  /** The copies that a policy dropped. */
  dropped(): readonly RecordedEnd<MessageOf<Known>>[];
  /** Those of an event, a list of events or a pattern. */
  dropped<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
  ): readonly RecordedEnd<MessageFrom<Source, Known>>[];
  /** The end of every copy: handled, dead or dropped. */
  settled(): readonly RecordedEnd<MessageOf<Known>>[];
  /** Those of an event, a list of events or a pattern. */
  settled<const Source extends EventSource<Known>>(
    source: Reachable<Source, Known> & Source,
  ): readonly RecordedEnd<MessageFrom<Source, Known>>[];
  /** Forgets what has happened until now. */
  clear(): void;
  /** Stops recording. What was recorded stays. */
  close(): void;
}
