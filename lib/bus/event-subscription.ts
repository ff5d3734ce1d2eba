/// <reference lib="esnext.disposable" preserve="true" />
import type { EventDefinition } from '../core/event-definition.ts';
import type { HandlerContext } from '../process/handler.ts';
import type { HandlerOptions } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { DeliveryReport, PublishReport } from '../core/outcome.ts';
import type { EventEmitter } from './event-emitter.ts';

/** Options of `on`. */
export interface OnOptions<Message> extends HandlerOptions<Message> {
  /** Unsubscribes when it is aborted. */
  readonly signal?: AbortSignal;
}

/** What the handlers of a bus are told: also how to send events that carry correlation and causation on. */
export interface BusHandlerContext<
  Known extends EventDefinition = EventDefinition,
  Report extends PublishReport = DeliveryReport,
> extends HandlerContext {
  /** As `bus.emit`, as a consequence of this event. */
  readonly emit: EventEmitter<Known, Report>['emit'];
  /**
   * As `bus.publish`, as a consequence of this event. Rejects with `SELF_DEADLOCK` where the report could never come, because the event
   * needs the slot or the lane that this handler holds.
   */
  readonly publish: EventEmitter<Known, Report>['publish'];
}

/** One handler's registration. */
export interface EventSubscription extends Disposable, AsyncDisposable {
  /** The handler's name. */
  readonly name: string;
  /** Whether it has ended. */
  readonly closed: boolean;
  /** Stops listening and abandons what is pending into the dead letters; `drain` finishes it instead. */
  unsubscribe(): void;
  /** Starts no more attempts; events are still taken, and wait. */
  pause(): void;
  /** Goes on after `pause`. */
  resume(): void;
  /** What the handler has done and has to do, now. */
  stats(): ProcessorStats;
  /** Stops listening, finishes what is pending, and unsubscribes. Never rejects. */
  drain(options?: DrainOptions): Promise<DrainReport>;
}
