import type { DeadLetter } from '../core/dead-letter.ts';
import type { EventMessage, MessageHeaders } from '../core/message.ts';
import type { DropReason, Settlement } from '../core/outcome.ts';
import type { DrainReport, ProcessorStats } from './stats.ts';

/** Something that a probe was given to: a bus, a channel, a projection, or a handler of one of them. */
export interface Part {
  /** `'bus'`, `'channel'`, `'handler'` or `'projection'`; there may be more kinds one day. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** What it belongs to, such as a handler to its bus. */
  readonly owner?: Part;
  /** What it has done and has to do, now: plain data. */
  stats(): object;
}

/** A handler: of a bus, a projection or a processor, or a pool of workers of a channel. */
export interface HandlerPart extends Part {
  /** A handler. */
  readonly kind: 'handler';
  /** Which events it listens to, as far as their types are known by now. A processor and workers listen to none: they are given theirs. */
  listensTo(): readonly string[];
  /** What it has done and has to do, now. */
  stats(): ProcessorStats;
}

/** A probe's hold on one part. */
export interface Attachment {
  /**
   * Of a handler: called for each event that is offered, and decides whether the probe follows the handler's copy of it. Of the others, it is told only
   * what goes wrong: `retried`, `dropped`, `settled` as dead. They cost next to nothing, so that a probe may measure a few of a million. @defaultValue it follows all
   */
  samples?(event: unknown): boolean;
  /** The part has closed, or the probe was removed. Of a part that has closed, it may still be told of ends that waited for their letter to be stored. */
  detached?(): void;
}

/** One handler's copy of an event, as a probe sees it: the same object in every call about it. */
export interface Handling<Item = unknown> {
  /** The handler's name. */
  readonly handler: string;
  /** The handler. */
  readonly part: HandlerPart;
  /** The event, or the item of a processor. In `around`, with batches, an array of them. */
  readonly event: Item;
  /** Attempts made so far, the one in progress included. */
  readonly attempts: number;
  /** The dead letter that it was redriven from. */
  readonly origin?: DeadLetter<Item> | undefined;
  /** In `around`, with batches: the copies that are handled together. */
  readonly members?: readonly Handling<Item>[] | undefined;
}

/** What follows a failed attempt that will be made again. */
export interface Retry {
  /** Why the attempt failed. */
  readonly error: unknown;
  /** Milliseconds until the next attempt may start. */
  readonly delayMs: number;
}

/**
 * Watches everything that the engine does. Every callback is optional, and called synchronously; one that throws harms no event and is
 * reported in `errors`. Without a probe nothing is paid, and next to nothing for one that has none of `accepted`, `started`, `settled` and `around`.
 */
export interface Probe {
  /** It was given to a part; also to those that are there when it is added. Of each bus, channel or projection, and of each of their handlers. */
  attached?(part: Part): Attachment | undefined | void;
  /** A message is about to be offered to handlers, sent to a broker, or appended, by this bus or repository. The headers that it returns are added to the message. */
  publishing?(message: EventMessage, by: Part): MessageHeaders | undefined | void;
  /** A message that was told of by `publishing` is on its way to the handlers of this process; or a broker or store has confirmed it, or with `error`, has not. */
  published?(message: EventMessage, error?: unknown): void;
  /** A handler took its copy; it runs or waits. */
  accepted?(handling: Handling): void;
  /** An attempt starts. */
  started?(handling: Handling): void;
  /** An attempt failed and there will be another. */
  retried?(handling: Handling, retry: Retry): void;
  /** A copy is dead, and its letter is made. The headers that it returns are kept with the letter, and are there when it is redriven. */
  burying?(handling: Handling, error: unknown): MessageHeaders | undefined | void;
  /** A copy ended: handled or dead. */
  settled?(handling: Handling, settlement: Settlement): void;
  /** A copy ended by a policy that drops. */
  dropped?(handling: Handling, reason: DropReason): void;
  /** A broker that a bus uses can be reached, or cannot any more, or was closed. */
  brokerState?(broker: string, state: 'closed' | 'connected' | 'reconnecting'): void;
  /** A letter was written of what no handler was given: data that did not fit its schema, a message that cannot be read or sent, or an item that was left in a channel. */
  refused?(letter: DeadLetter<unknown>, by: Part): void;
  /** A drain ended: of a handler, or of a whole bus. */
  drained?(name: string, report: DrainReport): void;
  /** Runs each handler call, so that it can be run inside a context (such as an `AsyncLocalStorage`). Must call `call` and return its result. */
  around?<Result>(handling: Handling, call: () => Result): Result;
}
