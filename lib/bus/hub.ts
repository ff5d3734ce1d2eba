import { asyncScheduler, EMPTY, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { type EventMessage, type MessageOptions, NO_HEADERS, StampedMessage, stampMessage } from '../core/message.ts';
import { expectFunction, expectName } from '../core/options.ts';
import type { DeliveryReport } from '../core/outcome.ts';
import { checkData, checkDataNow } from '../core/schema.ts';
import { whenAborted } from '../core/when-aborted.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import { Engine } from '../process/engine.ts';
import { ErrorReports } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import { Watch } from '../process/watch.ts';
import { type AttemptSender, BusAttempt } from './bus-attempt.ts';
import { selfDeadlock } from './bus-errors.ts';
import type { BusHub } from './bus-hub.ts';
import { type BusPart, busPart, typesOf } from './bus-part.ts';
import { BusLife } from './bus-life.ts';
import type { BusStats } from './bus-stats.ts';
import { DeliveryTicket } from './delivery-ticket.ts';
import { Dispatcher } from './dispatcher.ts';
import { Edge } from './edge.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import type { HubOptions } from './hub-options.ts';
import { type Listening, Registration } from './registration.ts';
import { Registrations } from './registrations.ts';
import { OnceGate } from './target.ts';
import type { Topic } from './topic.ts';
import { Topics } from './topics.ts';

/**
 * What is behind a bus, and behind a subject that stands alone: topics, handlers and their life, without a typed face.
 */
export class Hub implements AttemptSender, BusHub {
  /** In process, they can be reached at once. */
  readonly ready: Promise<void> = Promise.resolve();
  readonly deadLetters: DeadLetterQueue;
  readonly errors: ErrorReports = new ErrorReports();
  readonly topics: Topics;
  /** Where data from outside comes in. */
  readonly edge: Edge;
  readonly scheduler: SchedulerLike;
  private readonly random: Pick<HubOptions, 'random'>;
  private readonly createId: CreateId;
  private readonly source: string | undefined;
  private readonly validates: boolean;
  /** Neither checked nor watched: emits go straight on. */
  private isPlain: boolean;
  /** Its probes, and those of its handlers. */
  readonly watch: Watch;
  readonly dispatcher: Dispatcher;
  private readonly registrations = new Registrations<Registration>();
  private readonly forwarding: Subscription;
  private readonly life: BusLife;
  /** As probes see it. */
  private readonly part: BusPart;

  constructor(options: HubOptions, events: readonly EventDefinition[] | undefined) {
    const { scheduler = asyncScheduler, createId = randomId, validate = false, probe, source } = options;
    const { name = source ?? 'bus', deadLetters = createDeadLetterQueue({ scheduler }) } = options;
    expectName('name', name);
    expectFunction('createId', createId);
    expectFunction('random', options.random);
    this.deadLetters = deadLetters;
    this.random = options.random === undefined ? {} : { random: options.random };
    this.scheduler = scheduler;
    this.createId = createId;
    this.source = source;
    this.validates = validate;
    this.watch = new Watch(this.errors, probe, () => {
      this.isPlain = !validate && !this.watch.heedsPublishing;
      for (const { engine } of this.registrations.all) engine.heedWatch();
    });
    this.isPlain = !validate && !this.watch.heedsPublishing;
    this.dispatcher = new Dispatcher(scheduler, options.maxEventsPerTurn, this.errors);
    this.topics = new Topics(events, (topic) => {
      for (const { target } of this.registrations.matching(topic.definition.type)) topic.add(target);
    });
    this.forwarding = deadLetters.errors.subscribe(({ kind, error, handler }) =>
      this.errors.report(kind, error, handler),
    );
    this.life = new BusLife({
      scheduler,
      ended: () => this.registrations.ended,
      isIdle: () => this.dispatcher.isIdle && this.registrations.isIdle,
      beginDrain: () => {
        this.dispatcher.onRest = () => this.life.endIfIdle();
        this.registrations.beginDrain();
      },
      closeHandlers: () => {
        this.dispatcher.isClosed = true;
        return this.registrations.close();
      },
      onDrained: (report) => this.watch.drained(name, report),
      onClosed: () => {
        this.topics.end();
        this.edge.close();
        leave();
        this.forwarding.unsubscribe();
      },
    });
    this.edge = new Edge({
      deadLetters,
      scheduler,
      createId,
      onRefused: (letter) => this.watch.refused(letter, this.part),
      isClosed: () => this.isClosed,
      expectOpen: () => this.life.expectOpen(),
      topicOf: (definition) => this.topics.of(definition),
      topicNamed: (type) => this.topics.named(type),
      stamp: (topic, data, messageOptions) => this.stamp(topic, data, scheduler.now(), messageOptions),
      emit: (topic, message) => void this.send(topic, message, scheduler.now()),
      publish: (topic, message, signal) => {
        const ticket = new DeliveryTicket(undefined, signal);
        this.send(topic, message, scheduler.now(), ticket);
        return ticket.report;
      },
    });
    this.part = busPart(name, this.topics, () => this.stats());
    const leave = this.watch.show(this.part);
  }

  get isClosed(): boolean {
    return this.life.isClosed;
  }

  /** Whether messages go to a topic as they are, and at once. */
  get isDirect(): boolean {
    return this.isPlain && this.life.state === 'open';
  }

  // ---- Sending ----

  /** @param by - the attempt whose handler emits; while draining, only those may */
  emit(definition: EventDefinition, data: unknown, options?: MessageOptions, by?: BusAttempt): boolean {
    if (this.life.state !== 'open') this.life.expectOpen(by);
    const topic = this.topics.of(definition);
    if (!this.isPlain || options !== undefined) return this.emitWith(topic, data, options);
    const now = this.scheduler.now();
    const { type } = topic.definition;
    const message = new StampedMessage(type, data, now, this.createId, this.source, undefined, NO_HEADERS);
    return this.dispatcher.dispatch(topic, message, now);
  }

  private emitWith(topic: Topic, data: unknown, options: MessageOptions | undefined): boolean {
    const checked = this.validates ? checkDataNow(topic.definition, data, 'Use publish(), which awaits it.') : data;
    const now = this.scheduler.now();
    return this.send(topic, this.stamp(topic, checked, now, options), now);
  }

  publish(
    definition: EventDefinition,
    data: unknown,
    options?: PublishOptions,
    by?: BusAttempt,
  ): Promise<DeliveryReport> {
    try {
      this.life.expectOpen(by);
      options?.signal?.throwIfAborted();
      const topic = this.topics.of(definition);
      if (!this.validates) return this.sendWithTicket(topic, data, options, by);
      const checked = checkData(definition, data);
      if (!(checked instanceof Promise)) return this.sendWithTicket(topic, checked, options, by);
      return checked.then((output) => {
        this.life.expectOpen(by);
        options?.signal?.throwIfAborted();
        return this.sendWithTicket(topic, output, options, by);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** A message that was made already. As RxJS has it, nothing happens after the end. */
  next(topic: Topic, message: EventMessage): void {
    if (this.life.state === 'open') this.send(topic, message, this.scheduler.now());
  }

  private sendWithTicket(
    topic: Topic,
    data: unknown,
    options: PublishOptions | undefined,
    by: BusAttempt | undefined,
  ): Promise<DeliveryReport> {
    const now = this.scheduler.now();
    const message = this.stamp(topic, data, now, options);
    for (const { owner } of topic.targets) if (owner.wouldAwaitItself(message, by)) throw selfDeadlock(owner.name);
    const ticket = new DeliveryTicket(by, options?.signal);
    this.send(topic, message, now, ticket);
    return ticket.report;
  }

  private stamp({ definition }: Topic, data: unknown, now: number, options: MessageOptions | undefined): EventMessage {
    return stampMessage(definition.type, data, now, this.createId, this.source, options);
  }

  private send(topic: Topic, message: EventMessage, now: number, ticket?: DeliveryTicket): boolean {
    const { watch, dispatcher } = this;
    if (!watch.heedsPublishing) return dispatcher.dispatch(topic, message, now, ticket);
    const sent = watch.publishing(message, this.part);
    watch.published(sent);
    return dispatcher.dispatch(topic, sent, now, ticket);
  }

  // ---- Listening ----

  on(
    { label, matches }: Listening,
    handler: Handler<EventMessage, BusHandlerContext>,
    { signal, ...options }: OnOptions<EventMessage> = {},
    isOnce = false,
  ): EventSubscription {
    this.life.expectOpen();
    const { deadLetters, errors, watch } = this;
    const name = this.registrations.nameOf(options.name, label);
    const engine: Engine<EventMessage> = new Engine(
      // Its attempts are BusAttempts.
      handler as Handler<EventMessage>,
      { ...options, scheduler: this.scheduler, createId: this.createId, ...this.random },
      {
        name,
        deadLetters,
        errors,
        watch,
        owner: this.part,
        listensTo: () => typesOf(this.topics, matches),
        createAttempt: (owner, event, attempt, awaitedBy) => new BusAttempt(this, owner, event, attempt, awaitedBy),
        onIdle: () => this.life.endIfIdle(),
        onClosed: () => {
          takeBack?.();
          this.registrations.retire(registration);
          this.forget(registration);
        },
      },
    );
    const target = isOnce ? new OnceGate(engine, () => this.forget(registration)) : engine.direct;
    const registration = new Registration(engine, target, matches);
    this.registrations.add(registration);
    const takeBack = signal && whenAborted(signal, () => engine.close());
    if (signal?.aborted) engine.close();
    for (const topic of this.topics.matching(matches)) this.join(registration, topic);
    return registration;
  }

  events(
    { matches }: Listening,
    subjectOf: (definition: EventDefinition) => Observable<EventMessage>,
  ): Observable<EventMessage> {
    return this.topics.events(({ definition }) => (matches(definition.type) ? subjectOf(definition) : EMPTY));
  }

  /** Nothing has to be done for them. */
  observed(): void {}

  /** Those who come late are given what the topic remembers. */
  private join({ target }: Registration, topic: Topic): void {
    const { replay } = topic;
    topic.add(target);
    for (const message of replay) if (target.owner.isListening) target.offer(message, this.scheduler.now());
  }

  private forget({ matches }: Registration): void {
    for (const topic of this.topics.matching(matches)) topic.forget();
  }

  // ---- Life ----

  stats(): BusStats {
    return {
      state: this.life.state,
      emitted: this.dispatcher.sent,
      invalid: this.edge.invalid,
      deadLetters: this.deadLetters.stats(),
      handlers: this.registrations.stats(),
    };
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    const report = await this.life.drain(options);
    // Letters are what is left of events: the deadline is given once more to stores that take their time.
    await this.deadLetters.flush(options?.deadlineMs);
    return report;
  }

  close(): void {
    this.life.close();
  }
}
