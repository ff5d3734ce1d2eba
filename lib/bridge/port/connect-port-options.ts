import type { SchedulerLike } from 'rxjs';
import type { EventDefinition } from '../../core/event-definition.ts';

/** A port of the platform: a MessagePort, a Worker (or `self` in one), a BroadcastChannel; of Node, too. */
export type PortLike = NodePort | WebPort;

/** One with events of the DOM. */
export interface WebPort {
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Listens. */
  addEventListener(type: 'message', listener: (event: MessageFrame) => void): void;
  /** Listens no more. */
  removeEventListener(type: 'message', listener: (event: MessageFrame) => void): void;
  /** Of a MessagePort: begins to deliver. */
  start?(): void;
}

/** One of Node, such as a Worker or `parentPort`. */
export interface NodePort {
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Listens. */
  on(type: 'message', listener: (message: unknown) => void): unknown;
  /** Listens no more. */
  off(type: 'message', listener: (message: unknown) => void): unknown;
}

/** Another window: that of an iframe, or `parent`, or an opener. */
export interface WindowLike {
  /** Sends a message to a window of this origin only. */
  postMessage(message: unknown, targetOrigin: string): void;
}

/** What comes with a message. */
export interface MessageFrame {
  /** The message. */
  readonly data: unknown;
  /** Of a window: which one has sent it, */
  readonly source?: unknown;
  /** and what it shows. */
  readonly origin?: string;
}

/** How much may wait for the other side, and what happens beyond it. */
export interface PortBufferOptions {
  /** Events, each way; ≥ 1. @defaultValue 1_024 */
  readonly capacity?: number;
  /** Which event is given up without room: the one that comes, or the one that has waited longest. The other side is told of the gap. @defaultValue 'drop-oldest' */
  readonly overflow?: 'drop-newest' | 'drop-oldest';
}

/** Options of `connectPort`. */
export interface ConnectPortOptions<Known extends EventDefinition = EventDefinition> {
  /** The events of this bus that the other side is sent; all others stay. @defaultValue none */
  readonly send?: readonly Known[];
  /** The events that the other side may send, checked by their schemas. @defaultValue none */
  readonly receive?: readonly Known[];
  /** Events that were sent and that the other side has not handled, after which others wait; ≥ 1. Not of a BroadcastChannel, which has any number of other sides. @defaultValue 256 */
  readonly maxInFlight?: number;
  /** What waits. */
  readonly buffer?: PortBufferOptions;
  /** Of one event as JSON, either way; ≥ 1. @defaultValue 262_144 */
  readonly maxEventBytes?: number;
  /** Time. @defaultValue that of the bus */
  readonly scheduler?: SchedulerLike;
  /** Closes it. */
  readonly signal?: AbortSignal;
}

/** Options of `connectPort` to another window. */
export interface ConnectWindowOptions<
  Known extends EventDefinition = EventDefinition,
> extends ConnectPortOptions<Known> {
  /** The origin that the window must show, such as `'https://widget.example'`: nothing is sent to another, and nothing is taken from it. Not `'*'`. */
  readonly targetOrigin: string;
  /** Our own window, where its messages come. @defaultValue globalThis */
  readonly listenOn?: Pick<WebPort, 'addEventListener' | 'removeEventListener'>;
}
