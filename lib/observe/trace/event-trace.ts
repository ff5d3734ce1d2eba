import type { EventMessage, MessageHeaders } from '../../core/message.ts';
import type { Settlement } from '../../core/outcome.ts';

/** What a trace is made of: messages, recorded events, or anything else that has this. */
export interface TracedEvent {
  /** Unique. */
  readonly id: string;
  /** What happened. */
  readonly type: string;
  /** When: epoch milliseconds. */
  readonly time: number;
  /** With `correlationId` and `causationId`. */
  readonly headers: MessageHeaders;
  /** The stream that it is recorded in. */
  readonly stream?: string;
  /** Its number in the stream. */
  readonly version?: number;
}

/** How a handler's copy of a traced event ended. */
export interface TracedEnd extends Settlement {
  /** The handler's name. */
  readonly handler: string;
}

/** An event, and what it caused. */
export interface TraceNode<Event extends TracedEvent = TracedEvent> {
  /** The event. */
  readonly event: Event;
  /** What its handlers sent, by time, and of one time as it came. */
  readonly children: readonly TraceNode<Event>[];
  /** Milliseconds since its cause; absent from roots. Clocks of several machines may make it negative. */
  readonly delayMs?: number;
  /**
   * Why it is a root although it has a cause: `unrecorded`, the cause is not there; `cycle`, the cause is among its own consequences, as where
   * ids are not unique. Absent from all others.
   */
  readonly orphan?: 'cycle' | 'unrecorded';
  /** How its handlers ended, in the order in which they did; empty where only messages or recorded events are known. */
  readonly ends: readonly TracedEnd[];
}

/** What one event caused, as a tree: plain data, and as text. */
export interface EventTrace<Event extends TracedEvent = TracedEvent> {
  /** What its events have in common. */
  readonly correlationId: string;
  /** What nothing among them has caused, by time: mostly the one event that all began with. */
  readonly roots: readonly TraceNode<Event>[];
  /** How many events there are, each counted once. */
  readonly size: number;
  /** The tree as text, one line an event: its type, the end of its id, the time since the first root, where it is recorded and who handled it. */
  toString(): string;
}

/** What has happened on a bus, such as `record(bus)` of `millrace/testing` gives it: then the trace tells the handlers, too. */
export interface RecordedBus {
  /** The messages that were sent. */
  published(): readonly EventMessage[];
  /** The end of every copy. */
  settled(): readonly (TracedEnd & { readonly event: EventMessage })[];
}
