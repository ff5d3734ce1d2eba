import { type Observable, Subject } from 'rxjs';

/**
 * What can go wrong outside of handlers:
 *
 * - `probe`, `dead-letter-subscriber`, `policy`: a callback that threw (`policy`: `retryIf`, `delayMs`, `failureIf`, `createId`)
 * - `dead-letter-store`: a store that failed; `evicted`: a letter that a full queue let go
 * - `late-result`: a handler's result that came after its timeout
 * - `overflow`: a re-entrant emit that a handler with `overflow: 'fail'` rejected
 * - `subject`: an error that was sent into a subject owned by a bus
 * - `snapshot`: a state that could not be kept; `projection`: one that stopped, or whose checkpoint could not be kept
 * - `settlement`: a listener of settlements that threw
 * - `broker`: a settlement that the broker did not take, a subscription that it has given up, a message that no live listener could be given; `outgoing`: what was
 *   emitted and could not be published yet, or was given up
 * - `bridge`: of a bridge, see there: an event that may not cross or cannot be written, a gap, a connection that failed
 */
export type ErrorKind =
  | 'bridge'
  | 'broker'
  | 'dead-letter-store'
  | 'dead-letter-subscriber'
  | 'evicted'
  | 'late-result'
  | 'outgoing'
  | 'overflow'
  | 'policy'
  | 'probe'
  | 'projection'
  | 'settlement'
  | 'snapshot'
  | 'subject';

/** An error that has no other home; handler failures are never among them. */
export interface ReportedError {
  /** What went wrong. */
  readonly kind: ErrorKind;
  /** The error itself. */
  readonly error: unknown;
  /** The handler that it is about. */
  readonly handler?: string;
}

/** Where errors without another home are sent. If nobody listens, each kind is printed once. */
export class ErrorReports {
  readonly #errors = new Subject<ReportedError>();
  readonly #printed = new Set<ErrorKind>();
  /** The reports, hot. */
  readonly stream: Observable<ReportedError> = this.#errors.asObservable();

  report(kind: ErrorKind, error: unknown, handler?: string): void {
    if (this.#errors.observed) {
      this.#errors.next(handler === undefined ? { kind, error } : { kind, error, handler });
    } else if (!this.#printed.has(kind)) {
      this.#printed.add(kind);
      console.error(`millrace: ${kind} error; subscribe to errors to see all of them.`, error);
    }
  }
}
