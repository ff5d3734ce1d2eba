/// <reference lib="esnext.disposable" preserve="true" />
import { type Observable, type SchedulerLike, Subscription, take } from 'rxjs';
import { ClosedError, InvalidOptionError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage, MessageOptions } from '../core/message.ts';
import type { PublishReport } from '../core/outcome.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import { type Handler, isHandler } from '../process/handler.ts';
import type { Probe } from '../process/probe.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { BusHub } from './bus-hub.ts';
import type { BusStats } from './bus-stats.ts';
import type { ReadonlyEventBus } from './event-bus.ts';
import type { EventEmitter, PublishOptions } from './event-emitter.ts';
import type { EventSource } from './event-source.ts';
import { EventSubject, type SubjectOptions } from './event-subject.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import { compilePattern } from './pattern.ts';
import type { Listening } from './registration.ts';

/** An {@link EventBus} without the inference: what the types of its face promise, the definitions keep. */
export class BusFace {
  readonly deadLetters: DeadLetterQueue;
  readonly errors: Observable<ReportedError>;
  /** Not part of its public face: for those who watch it, such as the testing kit. */
  readonly scheduler: SchedulerLike;
  readonly #hub: BusHub;
  readonly #subjects = new Map<string, EventSubject>();

  constructor(hub: BusHub) {
    this.#hub = hub;
    this.deadLetters = hub.deadLetters;
    this.errors = hub.errors.stream;
    this.scheduler = hub.scheduler;
  }

  get ready(): Promise<void> {
    return this.#hub.ready;
  }

  emit(definition: EventDefinition, data?: unknown, options?: MessageOptions): boolean {
    return this.#hub.emit(definition, data, options);
  }

  publish(definition: EventDefinition, data?: unknown, options?: PublishOptions): Promise<PublishReport> {
    return this.#hub.publish(definition, data, options);
  }

  ingest(definition: EventDefinition, raw: unknown, options?: MessageOptions): boolean {
    return this.#hub.edge.ingest(definition, raw, options);
  }

  ingestAsync(definition: EventDefinition, raw: unknown, options?: PublishOptions): Promise<PublishReport | false> {
    return this.#hub.edge.ingestAsync(definition, raw, options);
  }

  on(
    source: EventSource,
    handler: Handler<EventMessage, BusHandlerContext>,
    options?: OnOptions<EventMessage>,
  ): EventSubscription {
    return this.#hub.on(this.#listening(source), handler, options);
  }

  once(
    source: EventSource,
    handlerOrOptions?: Handler<EventMessage, BusHandlerContext> | { readonly signal?: AbortSignal },
    options?: OnOptions<EventMessage>,
  ): EventSubscription & Promise<EventMessage> {
    const once = isHandler(handlerOrOptions)
      ? this.#hub.on(this.#listening(source), handlerOrOptions, options, true)
      : this.#nextOf(source, (handlerOrOptions as { readonly signal?: AbortSignal } | undefined)?.signal);
    return once as EventSubscription & Promise<EventMessage>;
  }

  events(source: EventSource): Observable<EventMessage> {
    return this.#hub.events(this.#listening(source), (definition) => this.subject(definition));
  }

  subject(definition: EventDefinition, { replay }: SubjectOptions = {}): EventSubject {
    const topic = this.#hub.topics.of(definition);
    // What it remembers, it must hear, whoever else listens.
    if (replay !== undefined && topic.keep(replay)) this.#hub.observed(topic, new Subscription());
    let subject = this.#subjects.get(definition.type);
    if (subject === undefined) {
      subject = new EventSubject(this.#hub, definition, true);
      this.#subjects.set(definition.type, subject);
    }
    return subject;
  }

  asReadonly(): ReadonlyEventBus {
    const { errors } = this;
    const view = {
      on: this.on.bind(this),
      once: this.once.bind(this),
      events: this.events.bind(this),
      stats: this.stats.bind(this),
      deadLetters: this.deadLetters.asObservable(),
      errors,
    };
    return view as unknown as ReadonlyEventBus;
  }

  asEmitter(): EventEmitter {
    const view = {
      emit: this.emit.bind(this),
      publish: this.publish.bind(this),
      ingest: this.ingest.bind(this),
      ingestAsync: this.ingestAsync.bind(this),
    };
    return view as unknown as EventEmitter;
  }

  addProbe(probe: Probe): Subscription {
    return this.#hub.watch.add(probe);
  }

  stats(): BusStats {
    return this.#hub.stats();
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.#hub.drain(options);
  }

  close(): void {
    this.#hub.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  #listening(source: EventSource): Listening {
    if (typeof source === 'string') return { label: source, types: [source], matches: compilePattern(source) };
    const definitions = Array.isArray(source) ? (source as readonly EventDefinition[]) : [source as EventDefinition];
    if (definitions.length === 0) {
      throw new InvalidOptionError('Expected an event, a list of events or a pattern, got an empty list.');
    }
    const types = new Set(definitions.map((definition) => this.#hub.topics.of(definition).definition.type));
    return { label: [...types].join('|'), types: [...types], matches: (type) => types.has(type) };
  }

  #nextOf(source: EventSource, signal: AbortSignal | undefined): Promise<EventMessage> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = (): void => {
        subscription.unsubscribe();
        reject(signal?.reason);
      };
      const subscription = this.events(source)
        .pipe(take(1))
        .subscribe({
          next: resolve,
          error: reject,
          complete: () => reject(new ClosedError('the bus')),
        });
      subscription.add(signal && whenAborted(signal, abort));
    });
  }
}
