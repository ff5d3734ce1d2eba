/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { AcceptedEvent, SettlementListener } from './delivery.ts';
import type { ReportedError } from './error-reports.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from './stats.ts';

/**
 * Runs one handler, for any source of events: bounded, in order, retried, timed out, cancellable, with dead letters for what fails. Every
 * bus subscription has one behind it.
 */
export interface Processor<Item> extends Disposable, AsyncDisposable {
  /** The handler's name. */
  readonly name: string;
  /** Where dead events go. */
  readonly deadLetters: DeadLetterQueue<Item>;
  /** Errors without another home; handler failures are never among them. */
  readonly errors: Observable<ReportedError>;
  /** Hands over an event if it can be handled or wait now; `false` if not, or if the overflow policy dropped it. */
  trySend(event: Item, onSettled?: SettlementListener): boolean;
  /**
   * Hands over an event, waiting for room with `overflow: 'suspend'`. Senders that wait are first in, first out.
   *
   * @returns when it was taken
   * @throws ClosedError when closed or draining; OverflowError with `overflow: 'fail'`; the signal's reason when aborted before it was taken
   */
  send(event: Item, options?: { readonly signal?: AbortSignal }): Promise<AcceptedEvent>;
  /** Starts no more attempts; events are still taken, and wait. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;
  /** What it has done and has to do, now. */
  stats(): ProcessorStats;
  /** Takes nothing more, finishes what it took, and closes; at the deadline it abandons the rest into the dead letters. Never rejects. */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Takes nothing more and abandons what is pending: signals are aborted, and each event becomes a dead letter. */
  close(): void;
}
