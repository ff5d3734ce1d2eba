import type { SchedulerLike } from 'rxjs';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { RetryPolicy } from '../../flow/retry-policy.ts';

/** Keeps how far a client has come, so that it goes on there after a reload: in localStorage, IndexedDB or a file. */
export interface ResumeStore {
  /** What was saved last; undefined or null if there is nothing. */
  load(): string | null | undefined | Promise<string | null | undefined>;
  /** Saves it in place of the last one. Called from time to time, with the id of an event that is handled, as are all before it. */
  save(id: string): void | Promise<void>;
}

/** How much may wait to be sent, and what happens beyond it. */
export interface OutboxOptions {
  /** Events that were emitted and are not confirmed; ≥ 1. @defaultValue 1_024 */
  readonly capacity?: number;
  /** Which event is given up without room: the one that comes, or the one that has waited longest. Counted and reported. @defaultValue 'drop-newest' */
  readonly overflow?: 'drop-newest' | 'drop-oldest';
}

/** Options of `connectEvents`. */
export interface ConnectEventsOptions<Known extends EventDefinition = EventDefinition> {
  /** The events that the server may send, checked by their schemas. @defaultValue none: nothing is asked for */
  readonly receive?: readonly Known[];
  /** The events of this bus that the server is sent; all others stay. @defaultValue none */
  readonly send?: readonly Known[];
  /** Headers of each request, such as an authorization; a function is asked each time, so that a token can be renewed. @defaultValue none */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);
  /** Whether cookies are sent. @defaultValue 'same-origin' */
  readonly credentials?: RequestCredentials;
  /** Keeps how far we have come across reloads. @defaultValue in memory */
  readonly resume?: ResumeStore;
  /** Milliseconds between two saves at least; ≥ 0. @defaultValue 1_000 */
  readonly saveEveryMs?: number;
  /** When the stream is connected again; what is sent is sent again by the same delays. What is not given stays as it is. @defaultValue for ever, after up to 500 ms and growing to 30 s, with full jitter, unless the server refuses us */
  readonly retry?: RetryPolicy;
  /** A connection that says nothing for so many milliseconds is dead, whatever it seems; \> 0. @defaultValue three heartbeats of the server */
  readonly silenceMs?: number;
  /** Events whose handlers have not ended, after which nothing more is read; ≥ 1. @defaultValue 1_024 */
  readonly maxInFlight?: number;
  /** What waits to be sent. */
  readonly outgoing?: OutboxOptions;
  /** A request that sends is given up and made again after so many milliseconds; \> 0. @defaultValue 30_000 */
  readonly publishTimeoutMs?: number;
  /** Of one event as JSON, either way; ≥ 1. @defaultValue 262_144 */
  readonly maxEventBytes?: number;
  /** Makes requests. @defaultValue the platform's */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Chance. @defaultValue Math.random */
  readonly random?: () => number;
  /** Time. @defaultValue that of the bus */
  readonly scheduler?: SchedulerLike;
  /** Closes it. */
  readonly signal?: AbortSignal;
}
