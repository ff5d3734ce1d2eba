import type { SchedulerLike } from 'rxjs';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { EventStore } from '../../sourcing/event-store.ts';
import type { Authorize } from './authorize.ts';

/** How much is kept for clients that are away or slow. */
export interface ReplayBufferOptions {
  /** Events, for all clients together; ≥ 1. @defaultValue 1_024 */
  readonly capacity?: number;
  /** Bytes of them; ≥ 1. @defaultValue 8_388_608 */
  readonly maxBytes?: number;
  /**
   * What becomes of a client that is further behind than the buffer reaches. `drop-oldest`: it is told that there is a gap, and goes on behind it; `disconnect`: it is cut off, and is told when it
   * comes back.
   * @defaultValue 'drop-oldest'
   */
  readonly overflow?: 'disconnect' | 'drop-oldest';
}

/** Options of `serveEvents`. */
export interface ServeEventsOptions<Known extends EventDefinition = EventDefinition> {
  /** The events that clients are sent; all others stay. @defaultValue none: a GET is refused */
  readonly send?: readonly Known[];
  /** The events that clients may send, checked by their schemas. @defaultValue none: a POST is refused */
  readonly receive?: readonly Known[];
  /** Sends the events of this store instead of those of the bus: then a client can go on from any event, also after a restart, and a slow one misses nothing. @defaultValue those of the bus, and `buffer` */
  readonly store?: EventStore;
  /** Where a client begins that has never been here: with the next event, or with all that the store or the buffer has. @defaultValue 'end' */
  readonly from?: 'end' | 'start';
  /** Without a store: how many events are kept for clients that come back, and for slow ones. */
  readonly buffer?: ReplayBufferOptions;
  /** Decides who may subscribe and publish. @defaultValue whoever reaches it */
  readonly authorize?: Authorize;
  /** Answers requests for this path only, and others with 404. @defaultValue any path */
  readonly path?: string;
  /**
   * Origins of the pages that may use it, such as `['https://desk.example']`; their browsers are told so (CORS). Name them, too, where programs on the same machine are served: a foreign page can reach
   * those under a name of its own.
   * @defaultValue that of the request's own host
   */
  readonly origins?: readonly string[];
  /** Clients that are sent events at the same time; ≥ 1. Others are told to come again (503). @defaultValue 1_000 */
  readonly maxClients?: number;
  /** Requests that publish at the same time; ≥ 1. Others are told to come again (429). @defaultValue 64 */
  readonly maxPublishing?: number;
  /** How often a client hears of us at least, in milliseconds; \> 0. @defaultValue 15_000 */
  readonly heartbeatMs?: number;
  /** A client that takes nothing for so many milliseconds is cut off; \> 0. @defaultValue 60_000 */
  readonly maxStallMs?: number;
  /** After so many milliseconds a client has to come again, so that `authorize` is asked again; \> 0. It misses nothing. @defaultValue 3_600_000, one hour */
  readonly maxStreamMs?: number;
  /** Of a request that publishes; more is refused (413). ≥ 1. @defaultValue 1_048_576 */
  readonly maxBodyBytes?: number;
  /** For how long its body may take, in milliseconds; \> 0. @defaultValue 30_000 */
  readonly bodyTimeoutMs?: number;
  /** Of one event as JSON, either way; ≥ 1. @defaultValue 262_144 */
  readonly maxEventBytes?: number;
  /** Events of one request; ≥ 1. @defaultValue 500 */
  readonly maxBatchSize?: number;
  /** A request that publishes is answered when the handlers of its events have ended, or after so many milliseconds: they go on. ≥ 0. @defaultValue 10_000 */
  readonly replyWithinMs?: number;
  /** Time. @defaultValue that of the bus */
  readonly scheduler?: SchedulerLike;
}
