/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { ReportedError } from '../../process/error-reports.ts';
import type { ArrivalCounts } from '../crossing/intake.ts';

/** What an endpoint has done and has to do. */
export interface EventsEndpointStats {
  /** Clients that are connected. */
  readonly clients: number;
  /** As the option says. */
  readonly maxClients: number;
  /** Events that were handed to clients, counted for each. */
  readonly sent: number;
  /** Gaps that clients were told of. */
  readonly gaps: number;
  /** Clients that were cut off: too slow, or out of room. */
  readonly cut: number;
  /** Events of the bus that could not be sent, such as too large ones. */
  readonly unwritable: number;
  /** Events that were published by clients, by what became of them. */
  readonly received: ArrivalCounts;
  /** Requests that were refused, by status. */
  readonly refused: Readonly<Record<number, number>>;
  /** What is kept for clients that come back or are slow; 0 with a store. */
  readonly buffered: {
    /** Events. */
    readonly events: number;
    /** Bytes. */
    readonly bytes: number;
  };
}

/** Serves events to clients over HTTP. */
export interface EventsEndpoint extends Disposable {
  /** Answers a request. It needs no `this`: hand it to whatever serves. Never rejects. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** What has no other home: an `authorize` that threw, a store that failed, an event that cannot be written. Printed once, if nobody listens. */
  readonly errors: Observable<ReportedError>;
  /** What it has done and has to do, now. */
  stats(): EventsEndpointStats;
  /** Ends all streams, and refuses what comes (503). Idempotent. */
  close(): void;
}
