import { Observable, type Observer, Subject, type Subscription } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage, MessageOptions } from '../core/message.ts';
import type { DeliveryReport, PublishReport } from '../core/outcome.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { ReportedError } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import type { Batched } from '../process/processor-options.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import { expectDefinition } from './bus-errors.ts';
import type { BusHub } from './bus-hub.ts';
import type { Payload, PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import { Hub } from './hub.ts';
import type { HubOptions } from './hub-options.ts';
import type { Topic } from './topic.ts';

/** Options of a subject. */
export interface SubjectOptions {
  /** How many of the latest events those who come late are given; ≥ 0. @defaultValue 0 */
  readonly replay?: number;
}

/**
 * An RxJS Subject of one event, which can also handle, emit and publish. It behaves as a Subject does, with two differences: a
 * re-entrant `next` is queued behind the one in progress, and one that belongs to a bus is not ended by `complete` or `error`.
 */
export class EventSubject<
  Type extends string = string,
  Data = unknown,
  Report extends PublishReport = DeliveryReport,
> extends Subject<EventMessage<Type, Data>> {
  /** The event that flows here. */
  readonly definition: EventDefinition<Type, Data>;
  readonly #hub: BusHub;
  readonly #topic: Topic;
  readonly #isOwned: boolean;

  /** @internal Use `bus.subject` or `createEventSubject`. */
  constructor(hub: BusHub, definition: EventDefinition<Type, Data>, isOwned: boolean) {
    super();
    this.definition = definition;
    this.#hub = hub;
    this.#topic = hub.topics.of(definition);
    this.#isOwned = isOwned;
    this.#topic.plain = this;
    if (hub.isClosed) super.complete();
  }

  /** Dead events of its handlers; of a bus, those of the bus. */
  get deadLetters(): DeadLetterQueue {
    return this.#hub.deadLetters;
  }

  /** What has no other home; of a bus, that of the bus. */
  get errors(): Observable<ReportedError> {
    return this.#hub.errors.stream;
  }

  /** Handles the events of this subject, as `bus.on` does. */
  on(
    handler: Handler<EventMessage<Type, Data>, BusHandlerContext<EventDefinition, Report>>,
    options?: OnOptions<EventMessage<Type, Data>>,
  ): EventSubscription;
  /** The same in batches: the handler is given arrays of events. */
  on(
    handler: Handler<readonly EventMessage<Type, Data>[], BusHandlerContext<EventDefinition, Report>>,
    options: Batched<OnOptions<EventMessage<Type, Data>>>,
  ): EventSubscription;
  on(
    handler:
      | Handler<EventMessage<Type, Data>, BusHandlerContext<EventDefinition, Report>>
      | Handler<readonly EventMessage<Type, Data>[], BusHandlerContext<EventDefinition, Report>>,
    options?: Batched<OnOptions<EventMessage<Type, Data>>> | OnOptions<EventMessage<Type, Data>>,
  ): EventSubscription {
    const { type } = this.definition;
    return this.#hub.on(
      { label: type, types: [type], matches: (other) => other === type },
      handler as unknown as Handler<EventMessage, BusHandlerContext>,
      options as OnOptions<EventMessage>,
    );
  }

  /** Sends an event and forgets it, as `bus.emit` does. */
  emit(...[data, options]: Payload<EventDefinition<Type, Data>, MessageOptions>): boolean {
    return this.#hub.emit(this.definition, data, options);
  }

  /** Sends an event and reports when every handler has ended, as `bus.publish` does. */
  publish(...[data, options]: Payload<EventDefinition<Type, Data>, PublishOptions>): Promise<Report> {
    return this.#hub.publish(this.definition, data, options) as Promise<Report>;
  }

  /** Sends a message that was made already. After the end, nothing happens. */
  override next(message: EventMessage<Type, Data>): void {
    const hub = this.#hub;
    // Unsubscribed, a Subject throws.
    if (this.closed) super.next(message);
    else if (hub.isDirect && this.#topic.isQuiet && hub.dispatcher.enter()) this.#nextPlain(message);
    else hub.next(this.#topic, message);
  }

  #nextPlain(message: EventMessage<Type, Data>): void {
    try {
      super.next(message);
    } finally {
      this.#hub.dispatcher.leave();
    }
  }

  /** Of a bus: ignored, as one finished source must not silence the others. Standing alone: subscribers complete, handlers finish. */
  override complete(): void {
    if (this.#isOwned) return;
    super.complete();
    void this.drain();
  }

  /** Of a bus: reported in `bus.errors`, and ignored otherwise. Standing alone: subscribers are told, handlers finish. */
  override error(error: unknown): void {
    if (this.#isOwned) {
      this.#hub.errors.report('subject', error);
      return;
    }
    super.error(error);
    void this.drain();
  }

  /** Takes nothing more and finishes what handlers have taken. Of a bus: drains the bus. */
  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.#hub.drain(options);
  }

  /** As of any Subject; with `replay`, the latest events come first. */
  override subscribe(
    observerOrNext?: Partial<Observer<EventMessage<Type, Data>>> | ((message: EventMessage<Type, Data>) => void) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    const observer =
      typeof observerOrNext === 'object' && observerOrNext !== null
        ? observerOrNext
        : {
            ...(observerOrNext && { next: observerOrNext }),
            ...(error && { error }),
            ...(complete && { complete }),
          };
    const past = this.#topic.past as readonly EventMessage<Type, Data>[];
    if (past.length === 0) return this.#join(observer);
    const present = new Observable<EventMessage<Type, Data>>((subscriber) => this.#join(subscriber));
    return pastThenPresent(past, present).subscribe(observer);
  }

  #join(observer: Partial<Observer<EventMessage<Type, Data>>>): Subscription {
    const subscription = super.subscribe(observer);
    this.#hub.observed(this.#topic, subscription);
    return subscription;
  }

  /** @internal Delivers to the plain subscribers. */
  deliver(message: EventMessage): void {
    super.next(message as EventMessage<Type, Data>);
  }

  /** @internal Completes the plain subscribers. */
  end(): void {
    super.complete();
  }
}

/**
 * Creates a subject of one event that belongs to no bus.
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { createEventSubject, defineEvent, payload } from 'millrace';
 *
 * const userSignedUp = createEventSubject(defineEvent('user.signed_up', payload<{ userId: string }>()), { replay: 1 });
 * userSignedUp.on(({ data }) => console.log(`welcome, ${data.userId}`), { retry: { maxAttempts: 3 } });
 * userSignedUp.emit({ userId: 'u1' });
 * ```
 */
export function createEventSubject<Type extends string, Data>(
  definition: EventDefinition<Type, Data>,
  { replay = 0, ...options }: HubOptions & SubjectOptions = {},
): EventSubject<Type, Data> {
  const hub = new Hub({ name: expectDefinition(definition).type, ...options }, undefined);
  hub.topics.of(definition).keep(replay);
  return new EventSubject(hub, definition, false);
}

/** Joins the present before the past is told, and holds it back until then: nothing is missed, and all comes in order. */
function pastThenPresent<Message>(past: readonly Message[], present: Observable<Message>): Observable<Message> {
  return new Observable((subscriber) => {
    const held: ((to: Observer<Message>) => void)[] = [];
    let isPast = true;
    const tell = (notify: (to: Observer<Message>) => void): void => {
      if (isPast) held.push(notify);
      else notify(subscriber);
    };
    const joined = present.subscribe({
      next: (message) => tell((to) => to.next(message)),
      error: (error: unknown) => tell((to) => to.error(error)),
      complete: () => tell((to) => to.complete()),
    });
    subscriber.add(joined);
    for (const message of past) subscriber.next(message);
    // What is emitted while this runs is told in turn: the loop sees it.
    for (const notify of held) notify(subscriber);
    isPast = false;
  });
}
