/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { ReportedError } from '../../process/error-reports.ts';
import type { Gap } from '../crossing/gap.ts';
import type { ArrivalCounts } from '../crossing/intake.ts';

/** What a bridge over a port has done and has to do. */
export interface PortBridgeStats {
  /** `waiting`: the other side is not there yet, or has gone; a BroadcastChannel is `open` at once. */
  readonly state: 'closed' | 'open' | 'waiting';
  /** Events that have come, by what became of them. */
  readonly received: ArrivalCounts;
  /** Events that have come and are not handled. */
  readonly inFlight: number;
  /** Gaps that this side was told of, or has made by being too slow. */
  readonly gaps: number;
  /** Messages that are none of a bridge, or of a version that is not ours. */
  readonly foreign: number;
  /** What is sent. */
  readonly outgoing: {
    /** Events that the other side has not handled yet. */
    readonly waiting: number;
    /** As the option says. */
    readonly capacity: number;
    /** Events that were sent; those that were sent again to an other side that was started anew count again. */
    readonly sent: number;
    /** Events that were given up: without room, or by `close`. */
    readonly dropped: number;
    /** Events that cannot be sent, such as too large ones. */
    readonly unwritable: number;
  };
}

/** A bridge over a port. */
export interface PortBridge extends Disposable {
  /** Where events are missing. They are in `errors`, too. */
  readonly gaps: Observable<Gap>;
  /** What went wrong: events that may not come, gaps, a version that is not ours. Printed once, if nobody listens. */
  readonly errors: Observable<ReportedError>;
  /** What it has done and has to do, now. */
  stats(): PortBridgeStats;
  /** Tells the other side, and listens no more. The port stays yours. Idempotent. */
  close(): void;
}
