/// <reference lib="esnext.disposable" preserve="true" />
import { Observable, type SchedulerLike, type Subscription, take } from 'rxjs';
import { ClosedError, InvalidOptionError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage, MessageOptions } from '../core/message.ts';
import type { DeliveryReport } from '../core/outcome.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import { type Handler, isHandler } from '../process/handler.ts';
import type { Probe } from '../process/probe.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import type { BusStats } from './bus-stats.ts';
import type { EventBus, ReadonlyEventBus } from './event-bus.ts';
import type { EventEmitter, PublishOptions } from './event-emitter.ts';
import type { EventSource } from './event-source.ts';
import { EventSubject, type SubjectOptions } from './event-subject.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import { Hub } from './hub.ts';
import type { HubOptions } from './hub-options.ts';
import { compilePattern } from './pattern.ts';
import type { Listening } from './registration.ts';
import type { Topic } from './topic.ts';

/** Options of {@link createEventBus}. */
export interface EventBusOptions<Known extends EventDefinition = EventDefinition> extends HubOptions {
  /** The events of this bus: patterns are then typed, and any other event does not compile. @defaultValue any event is welcome */
  readonly events?: readonly Known[];
}

/**
 * Creates a bus in this process.
 *
 * @throws InvalidOptionError for options that cannot work, or two definitions of one type
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 *
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ email: string }>());
 * const bus = createEventBus();
 * bus.on(UserSignedUp, async ({ data }) => console.log(`welcome, ${data.email}`), {
 *   name: 'welcome-mail',
 *   concurrency: 8,
 *   retry: { maxAttempts: 5, jitter: 'full' },
 * });
 * const report = await bus.publish(UserSignedUp, { email: 'ada@example.com' });
 * console.log(report.ok);
 * await bus.drain({ deadlineMs: 5_000 });
 * ```
 */
export function createEventBus<const Known extends EventDefinition = EventDefinition>({
  events,
  ...options
}: EventBusOptions<Known> = {}): EventBus<Known> {
  return new InProcessBus(new Hub(options, events)) as unknown as EventBus<Known>;
}

/** An {@link EventBus} without the inference: what the types of its face promise, the definitions keep. */
class InProcessBus {
  readonly ready: Promise<void> = Promise.resolve();
  readonly deadLetters: DeadLetterQueue;
  readonly errors: Observable<ReportedError>;
  /** Not part of its public face: for those who watch it, such as the testing kit. */
  readonly scheduler: SchedulerLike;
  readonly #hub: Hub;
  readonly #subjects = new Map<string, EventSubject>();

  constructor(hub: Hub) {
    this.#hub = hub;
    this.deadLetters = hub.deadLetters;
    this.errors = hub.errors.stream;
    this.scheduler = hub.scheduler;
  }

  emit(definition: EventDefinition, data?: unknown, options?: MessageOptions): boolean {
    return this.#hub.emit(definition, data, options);
  }

  publish(definition: EventDefinition, data?: unknown, options?: PublishOptions): Promise<DeliveryReport> {
    return this.#hub.publish(definition, data, options);
  }

  ingest(definition: EventDefinition, raw: unknown, options?: MessageOptions): boolean {
    return this.#hub.edge.ingest(definition, raw, options);
  }

  ingestAsync(definition: EventDefinition, raw: unknown, options?: PublishOptions): Promise<DeliveryReport | false> {
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
    const { matches } = this.#listening(source);
    return new Observable((subscriber) => {
      const next = (message: EventMessage): void => subscriber.next(message);
      const join = ({ definition }: Topic): void => {
        if (matches(definition.type)) subscriber.add(this.subject(definition).subscribe(next));
      };
      return this.#hub.topics.watch(join, () => subscriber.complete());
    });
  }

  subject(definition: EventDefinition, { replay }: SubjectOptions = {}): EventSubject {
    const topic = this.#hub.topics.of(definition);
    if (replay !== undefined) topic.keep(replay);
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
    return {
      emit: this.emit.bind(this),
      publish: this.publish.bind(this),
      ingest: this.ingest.bind(this),
      ingestAsync: this.ingestAsync.bind(this),
    };
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
    if (typeof source === 'string') return { label: source, matches: compilePattern(source) };
    const definitions = Array.isArray(source) ? (source as readonly EventDefinition[]) : [source as EventDefinition];
    if (definitions.length === 0) {
      throw new InvalidOptionError('Expected an event, a list of events or a pattern, got an empty list.');
    }
    const types = new Set(definitions.map((definition) => this.#hub.topics.of(definition).definition.type));
    return { label: [...types].join('|'), matches: (type) => types.has(type) };
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
          complete: () => reject(new ClosedError('the bus')),
        });
      signal?.addEventListener('abort', abort, { once: true });
      subscription.add(() => signal?.removeEventListener('abort', abort));
    });
  }
}
