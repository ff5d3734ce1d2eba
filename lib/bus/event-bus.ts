/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable, Subscription } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { DeliveryReport, PublishReport } from '../core/outcome.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { Handler, HandlerContext } from '../process/handler.ts';
import type { Batched } from '../process/processor-options.ts';
import type { Probe } from '../process/probe.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { BusStats } from './bus-stats.ts';
import type { EventEmitter } from './event-emitter.ts';
import type { EventSource, MessageFrom, Reachable } from './event-source.ts';
import type { EventSubject, SubjectOptions } from './event-subject.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';

/** The side of a bus that listens: its handlers are given nothing to send with. */
export interface ReadonlyEventBus<
  Known extends EventDefinition = EventDefinition,
  Context extends HandlerContext = HandlerContext,
> {
  /**
   * Handles events: isolated, bounded, in order, retried and dead-lettered as the options say. Handlers are called in the order of
   * registration.
   *
   * @param source - an event, a list of events, or a pattern such as `'user.*'`
   * @throws InvalidOptionError for a source, handler or option that cannot work, or a name that is taken
   */
  on<const Source extends EventSource<Known>>(
    source: Source & Reachable<Source, Known>,
    handler: Handler<MessageFrom<Source, Known>, Context>,
    options?: OnOptions<MessageFrom<Source, Known>>,
  ): EventSubscription;
  /** The same in batches: the handler is given arrays of events. */
  on<const Source extends EventSource<Known>>(
    source: Source & Reachable<Source, Known>,
    handler: Handler<readonly MessageFrom<Source, Known>[], Context>,
    options: Batched<OnOptions<MessageFrom<Source, Known>>>,
  ): EventSubscription;
  /** Handles the next event only, then unsubscribes. */
  once<const Source extends EventSource<Known>>(
    source: Source & Reachable<Source, Known>,
    handler: Handler<MessageFrom<Source, Known>, Context>,
    options?: OnOptions<MessageFrom<Source, Known>>,
  ): EventSubscription;
  /**
   * Waits for the next event.
   *
   * @throws ClosedError when the bus closes first; the reason of an aborted `signal`
   */
  once<const Source extends EventSource<Known>>(
    source: Source & Reachable<Source, Known>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<MessageFrom<Source, Known>>;
  /** The events as an Observable, for plain RxJS pipelines; hot, without a bound, and completed by `close`. */
  events<const Source extends EventSource<Known>>(
    source: Source & Reachable<Source, Known>,
  ): Observable<MessageFrom<Source, Known>>;
  /** Dead events, to be told of. */
  readonly deadLetters: Observable<DeadLetter>;
  /** What has no other home, such as a probe that threw; never a handler's failure. Printed once a kind, if nobody listens. */
  readonly errors: Observable<ReportedError>;
  /** What the bus has done and has to do, now. */
  stats(): BusStats;
}

/** Typed events, and the handlers that they are delivered to. */
export interface EventBus<
  Known extends EventDefinition = EventDefinition,
  Report extends PublishReport = DeliveryReport,
>
  extends
    EventEmitter<Known, Report>,
    ReadonlyEventBus<Known, BusHandlerContext<Known, Report>>,
    Disposable,
    AsyncDisposable {
  /** Dead events: a Subject to subscribe to, and a queue to list, redrive and discard. */
  readonly deadLetters: DeadLetterQueue;
  /** Resolves when the handlers that there are can be reached: at once, in process; across a broker, when topology and consumers stand. */
  readonly ready: Promise<void>;
  /** The events of one definition as a Subject, to emit, to listen, and to pipe; always the same one. */
  subject<Definition extends Known>(
    definition: Definition,
    options?: SubjectOptions,
  ): Definition extends EventDefinition<infer Type, infer Data> ? EventSubject<Type, Data, Report> : never;
  /**
   * Adds a probe to those that there are, until it is unsubscribed; it is told of all handlers, whenever they were registered. Several are told in
   * the order in which they came: each may add headers to those before it, and the `around` of the first is the outermost.
   *
   * It is told of whatever happens from now on. So of an event that waits for its handler, or is in progress, the rest is told, such as how it
   * ends; what came before, such as its `accepted`, is not.
   *
   * @throws InvalidOptionError for what is no probe
   */
  addProbe(probe: Probe): Subscription;
  /** The listening side only. */
  asReadonly(): ReadonlyEventBus<Known>;
  /** The sending side only. */
  asEmitter(): EventEmitter<Known, Report>;
  /**
   * Refuses new events from outside (those that running handlers emit are still taken), finishes what is pending, and closes; at the deadline it
   * abandons the rest into the dead letters. Never rejects.
   */
  drain(options?: DrainOptions): Promise<DrainReport>;
  /** Closes at once: signals are aborted, and what is pending becomes dead letters. */
  close(): void;
}
