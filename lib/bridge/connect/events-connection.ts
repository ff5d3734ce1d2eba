/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { ReportedError } from '../../process/error-reports.ts';
import type { Gap } from '../crossing/gap.ts';
import type { ArrivalCounts } from '../crossing/intake.ts';

/**
 * How it stands with the stream of events.
 *
 * - `connecting`: it was asked for
 * - `open`: events come, or nothing was asked for
 * - `waiting`: it is asked for again after a while
 * - `refused`: the server does not let us in, or all attempts are used up; until `reconnect`
 * - `closed`: for good
 */
export type ConnectionState = 'closed' | 'connecting' | 'open' | 'refused' | 'waiting';

/** What a connection has done and has to do. */
export interface EventsConnectionStats {
  /** How it stands. */
  readonly state: ConnectionState;
  /** How often the stream was open. */
  readonly opened: number;
  /** Events that have come, by what became of them. */
  readonly received: ArrivalCounts;
  /** Events that have come and whose handlers have not ended. */
  readonly inFlight: number;
  /** Gaps that we were told of. */
  readonly gaps: number;
  /** From where the stream would go on. */
  readonly lastEventId: string | undefined;
  /** What is sent. */
  readonly outgoing: OutboxStats;
}

/** What was sent and has to be sent. */
export interface OutboxStats {
  /** Events that are not confirmed yet. */
  readonly waiting: number;
  /** As the option says. */
  readonly capacity: number;
  /** Events that the server has. */
  readonly confirmed: number;
  /** Events that the server does not want. */
  readonly refused: number;
  /** Events that were given up: without room, or by `close`. */
  readonly dropped: number;
  /** Events that cannot be sent, such as too large ones. */
  readonly unwritable: number;
}

/** A connection to a server's events. */
export interface EventsConnection extends AsyncDisposable {
  /** How it stands, now and from now on. */
  readonly states: Observable<ConnectionState>;
  /** Where events are missing: what they are about is best read anew. They are in `errors`, too. */
  readonly gaps: Observable<Gap>;
  /** What went wrong: connections that failed, gaps, events that may not come, or that the server does not want. Printed once, if nobody listens. */
  readonly errors: Observable<ReportedError>;
  /** What it has done and has to do, now. */
  stats(): EventsConnectionStats;
  /** Connects at once, also when the server has refused us: after a sign-in, or when the network is back. */
  reconnect(): void;
  /** Resolves when nothing waits to be sent: it is confirmed, refused or dropped. */
  flushed(): Promise<void>;
  /** Ends it, and saves how far it has come. What waits to be sent is given up, and reported. Idempotent. */
  close(): Promise<void>;
}
