import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { ClosedError, InvalidOptionError, MillraceError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { copyMessage, type EventMessage, type MessageOptions, StampedMessage } from '../core/message.ts';
import { expectDelay, show } from '../core/options.ts';
import type { DeliveryReport } from '../core/outcome.ts';
import { checkData, checkDataNow, SchemaError } from '../core/schema.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { SettlementListener } from '../process/delivery.ts';
import { Drainage, type DrainCounts } from '../process/drainage.ts';
import { Engine } from '../process/engine.ts';
import { ErrorReports } from '../process/error-reports.ts';
import type { Handler } from '../process/handler.ts';
import { SafeProbe } from '../process/probe.ts';
import type { RedriveTarget } from '../process/redrive.ts';
import type { DrainOptions, DrainReport } from '../process/stats.ts';
import { BusAttempt } from './bus-attempt.ts';
import { DeliveryTicket } from './delivery-ticket.ts';
import { Dispatcher } from './dispatcher.ts';
import type { BusStats } from './event-bus.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { BusHandlerContext, EventSubscription, OnOptions } from './event-subscription.ts';
import type { HubOptions } from './hub-options.ts';
import { Registration } from './registration.ts';
import { OnceGate } from './target.ts';
import { Topic } from './topic.ts';

/** What a handler listens to, resolved. */
export interface Listening {
  /** For the name of a handler without one. */
  readonly label: string;
  readonly matches: (type: string) => boolean;
}

/**
 * What is behind a bus, and behind a subject that stands alone: topics, handlers and their life, without a typed face.
 */
export class Hub implements RedriveTarget<EventMessage> {
  readonly deadLetters: DeadLetterQueue<EventMessage>;
  readonly errors: ErrorReports = new ErrorReports();
  readonly #options: HubOptions;
  readonly #scheduler: SchedulerLike;
  readonly #createId: CreateId;
  readonly #source: string | undefined;
  readonly #validates: boolean;
  readonly #probe: SafeProbe | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #topics = new Map<string, Topic>();
  readonly #topicListeners = new Set<(topic: Topic) => void>();
  readonly #registrations = new Map<string, Registration>();
  readonly #forwarding: Subscription;
  readonly #disconnect: () => void;
  /** Counts of handlers that have closed. */
  readonly #retired = { handled: 0, dead: 0, dropped: 0 };
  #knowsItsEvents = false;
  #unnamed = 0;
  #emitted = 0;
  #invalid = 0;
  #state: BusStats['state'] = 'open';
  #drainage: Drainage | undefined;

  constructor(options: HubOptions, events: readonly EventDefinition[] | undefined) {
    const { scheduler = asyncScheduler, createId = randomId, validate = false, probe, source } = options;
    const { maxEventsPerTurn = 10_000, deadLetters = createDeadLetterQueue<EventMessage>({ scheduler }) } = options;
    this.deadLetters = deadLetters;
    this.#options = options;
    this.#scheduler = scheduler;
    this.#createId = createId;
    this.#source = source;
    this.#validates = validate;
    this.#probe = probe && new SafeProbe(probe, this.errors);
    this.#dispatcher = new Dispatcher(scheduler, maxEventsPerTurn, this.errors);
    for (const definition of events ?? []) this.#openTopic(definition);
    this.#knowsItsEvents = events !== undefined;
    this.#forwarding = deadLetters.errors.subscribe(({ kind, error, handler }) =>
      this.errors.report(kind, error, handler),
    );
    this.#disconnect = deadLetters.connect(this, undefined);
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  // ---- Sending ----

  /** @param by - the attempt whose handler emits; while draining, only those may */
  emit(definition: EventDefinition, data: unknown, options?: MessageOptions, by?: BusAttempt): boolean {
    this.#expectOpen(by);
    const topic = this.topicOf(definition);
    const checked = this.#validates ? checkDataNow(definition, data, 'publish()') : data;
    return this.#send(topic, checked, options);
  }

  publish(
    definition: EventDefinition,
    data: unknown,
    options?: PublishOptions,
    by?: BusAttempt,
  ): Promise<DeliveryReport> {
    try {
      this.#expectOpen(by);
      options?.signal?.throwIfAborted();
      const topic = this.topicOf(definition);
      if (!this.#validates) return this.#sendWithTicket(topic, data, options, by);
      const checked = checkData(definition, data);
      return checked instanceof Promise
        ? checked.then((output) => this.#sendWithTicket(topic, output, options, by))
        : this.#sendWithTicket(topic, checked, options, by);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ingest(definition: EventDefinition, raw: unknown, options?: MessageOptions): boolean {
    this.#expectOpen();
    const topic = this.topicOf(definition);
    let data: unknown;
    try {
      data = checkDataNow(definition, raw, 'ingestAsync()');
    } catch (error) {
      return this.#refuse(definition, raw, error, options);
    }
    this.#send(topic, data, options);
    return true;
  }

  async ingestAsync(definition: EventDefinition, raw: unknown, options?: MessageOptions): Promise<boolean> {
    this.#expectOpen();
    const topic = this.topicOf(definition);
    let data: unknown;
    try {
      data = await checkData(definition, raw);
    } catch (error) {
      return this.#refuse(definition, raw, error, options);
    }
    this.#expectOpen();
    this.#send(topic, data, options);
    return true;
  }

  /** A message that was made already. As RxJS has it, nothing happens after the end. */
  next(topic: Topic, message: EventMessage): void {
    if (this.#state === 'open') this.#dispatch(topic, message, this.#scheduler.now());
  }

  /** An `invalid` letter comes back: its data is checked again, and offered to all. */
  redrive(letter: DeadLetter, onSettled: SettlementListener): void {
    void this.#reingest(letter).then(onSettled, (error: unknown) =>
      onSettled({ outcome: 'rejected', attempts: 0, error }),
    );
  }

  #expectOpen(by?: BusAttempt): void {
    if (this.#state === 'open' || (this.#state === 'draining' && by?.isOver === false)) return;
    throw new ClosedError('the bus');
  }

  #send(topic: Topic, data: unknown, options: MessageOptions | undefined): boolean {
    const now = this.#scheduler.now();
    return this.#dispatch(topic, this.#stamp(topic.definition.type, data, now, options), now);
  }

  #sendWithTicket(
    topic: Topic,
    data: unknown,
    options: PublishOptions | undefined,
    by: BusAttempt | undefined,
  ): Promise<DeliveryReport> {
    const now = this.#scheduler.now();
    const message = this.#stamp(topic.definition.type, data, now, options);
    for (const target of topic.targets) {
      if (target.wouldAwaitItself(message, by)) throw selfDeadlock(target.name);
    }
    const ticket = new DeliveryTicket(by, options?.signal);
    this.#dispatch(topic, message, now, ticket);
    return ticket.report;
  }

  #stamp(type: string, data: unknown, now: number, options: MessageOptions | undefined): EventMessage {
    return new StampedMessage(type, data, now, this.#createId, this.#source, options);
  }

  #dispatch(topic: Topic, message: EventMessage, now: number, ticket?: DeliveryTicket): boolean {
    this.#emitted++;
    const headers = this.#probe?.publishing(message);
    const sent =
      headers === undefined ? message : copyMessage(message, { headers: { ...message.headers, ...headers } });
    return this.#dispatcher.dispatch(topic, sent, now, ticket);
  }

  #refuse(definition: EventDefinition, raw: unknown, error: unknown, options?: MessageOptions): false {
    if (!(error instanceof SchemaError)) throw error;
    const time = this.#scheduler.now();
    this.#writeInvalid(this.#stamp(definition.type, raw, time, options), error, 0);
    return false;
  }

  #writeInvalid(event: EventMessage, error: SchemaError, redriven: number): DeadLetter {
    this.#invalid++;
    const time = this.#scheduler.now();
    const letter: DeadLetter = {
      id: this.#createId(time),
      event,
      reason: 'invalid',
      error,
      attempts: [],
      time,
      redriven,
    };
    void this.deadLetters.sinkOf(this).next(letter);
    return letter;
  }

  async #reingest({ event, redriven }: DeadLetter): Promise<Parameters<SettlementListener>[0]> {
    const topic = this.#topics.get(event.type);
    if (topic === undefined) throw unknownEvent(event.type);
    try {
      const data = await checkData(topic.definition, event.data);
      this.#expectOpen();
      const ticket = new DeliveryTicket();
      this.#dispatch(topic, copyMessage(event, { data }), this.#scheduler.now(), ticket);
      const { ok } = await ticket.report;
      return { outcome: ok ? 'handled' : 'dead', attempts: 1 };
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      const letter = this.#writeInvalid(event, error, redriven + 1);
      return { outcome: 'dead', reason: 'invalid', attempts: 0, error, deadLetterId: letter.id };
    }
  }

  // ---- Listening ----

  on(
    { label, matches }: Listening,
    handler: Handler<EventMessage, BusHandlerContext>,
    { signal, ...options }: OnOptions<EventMessage> = {},
    isOnce = false,
  ): EventSubscription {
    this.#expectOpen();
    const { deadLetters, errors } = this;
    const { random, probe } = this.#options;
    const name = options.name ?? `${label}#${++this.#unnamed}`;
    if (this.#registrations.has(name)) throw duplicateHandler(name);
    const engine: Engine<EventMessage> = new Engine(
      // Its attempts are BusAttempts.
      handler as Handler<EventMessage>,
      { ...options, scheduler: this.#scheduler, createId: this.#createId, ...(random !== undefined && { random }) },
      {
        name,
        deadLetters,
        errors,
        probe,
        createAttempt: (owner, event, attempt, startedAt) => new BusAttempt(this, owner, event, attempt, startedAt),
        onIdle: () => this.#endIfIdle(),
        onClosed: () => {
          signal?.removeEventListener('abort', close);
          this.#retire(registration);
        },
      },
    );
    const close = (): void => void engine.close();
    const target = isOnce ? new OnceGate(engine, () => this.#forget(registration)) : engine;
    const registration = new Registration(engine, target, matches);
    this.#registrations.set(name, registration);
    if (signal?.aborted) close();
    else signal?.addEventListener('abort', close, { once: true });
    for (const topic of this.#topics.values()) if (matches(topic.definition.type)) this.#join(registration, topic);
    return registration;
  }

  /** The topic of a definition, opened when it is first used. */
  topicOf(definition: EventDefinition): Topic {
    const topic = this.#topics.get(definition.type);
    return topic !== undefined && topic.definition === definition ? topic : this.#openTopic(definition);
  }

  /** Calls back with every topic, those that are open and those to come. */
  watchTopics(listener: (topic: Topic) => void): () => void {
    for (const topic of this.#topics.values()) listener(topic);
    this.#topicListeners.add(listener);
    return () => void this.#topicListeners.delete(listener);
  }

  #openTopic(definition: EventDefinition): Topic {
    const { type } = expectDefinition(definition);
    if (this.#topics.has(type)) throw duplicateDefinition(type);
    if (this.#knowsItsEvents) throw unknownEvent(type);
    const topic = new Topic(definition);
    this.#topics.set(type, topic);
    for (const registration of this.#registrations.values())
      if (registration.matches(type)) topic.add(registration.target);
    for (const listener of this.#topicListeners) listener(topic);
    return topic;
  }

  /** Those who come late are given what the topic remembers. */
  #join({ target }: Registration, topic: Topic): void {
    const { replay } = topic;
    topic.add(target);
    for (const message of replay) if (target.isListening) target.offer(message, this.#scheduler.now());
  }

  #forget({ matches }: Registration): void {
    for (const topic of this.#topics.values()) if (matches(topic.definition.type)) topic.forget();
  }

  #retire(registration: Registration): void {
    const { name, engine } = registration;
    this.#registrations.delete(name);
    this.#retired.handled += engine.counters.handled;
    this.#retired.dead += engine.counters.dead;
    this.#retired.dropped += engine.counters.dropped;
    this.#forget(registration);
  }

  // ---- Life ----

  stats(): BusStats {
    return {
      state: this.#state,
      emitted: this.#emitted,
      invalid: this.#invalid,
      handlers: [...this.#registrations.values()].map((registration) => registration.stats()),
    };
  }

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    this.#drainage ??= this.#startDrainage();
    if (deadlineMs !== undefined && !this.isClosed) this.#drainage.addDeadline(deadlineMs, () => this.close());
    this.#endIfIdle();
    return this.#drainage.report;
  }

  close(): void {
    if (this.isClosed) return;
    const completed = this.#isIdle();
    this.#state = 'closed';
    let abandoned = 0;
    for (const { engine } of this.#registrations.values()) abandoned += engine.close();
    for (const topic of this.#topics.values()) topic.plain?.end();
    this.#drainage?.end(this.#counts(), abandoned, completed);
    this.#disconnect();
    this.#forwarding.unsubscribe();
  }

  #startDrainage(): Drainage {
    const drainage = new Drainage(this.#counts(), this.#scheduler);
    if (this.isClosed) drainage.end(this.#counts(), 0, true);
    else this.#state = 'draining';
    for (const { engine } of this.#registrations.values()) {
      engine.refuseSenders(({ awaitedBy }) => awaitedBy === undefined);
      engine.resume();
    }
    return drainage;
  }

  #endIfIdle(): void {
    if (this.#state === 'draining' && this.#isIdle()) this.close();
  }

  #isIdle(): boolean {
    return (
      this.#dispatcher.isIdle && [...this.#registrations.values()].every(({ engine }) => engine.counters.pending === 0)
    );
  }

  #counts(): DrainCounts {
    const counts = { ...this.#retired };
    for (const { engine } of this.#registrations.values()) {
      counts.handled += engine.counters.handled;
      counts.dead += engine.counters.dead;
      counts.dropped += engine.counters.dropped;
    }
    return counts;
  }
}

function expectDefinition(definition: EventDefinition): EventDefinition {
  if (typeof definition?.type === 'string' && typeof definition.schema === 'object') return definition;
  throw new InvalidOptionError(`Expected an event definition, as defineEvent makes it, got ${show(definition)}.`);
}

function duplicateDefinition(type: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected one definition of '${type}' in a bus, got a second one. Define it once and import it from there.`,
    'DUPLICATE_DEFINITION',
  );
}

function unknownEvent(type: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected an event that the bus knows, got '${type}'. Add it to createEventBus({ events: […] }).`,
    'UNKNOWN_EVENT',
  );
}

function duplicateHandler(name: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected the name of each handler of a bus to be unique, got a second '${name}'. Letters are redriven by name: choose another.`,
    'DUPLICATE_HANDLER',
  );
}

function selfDeadlock(name: string): MillraceError {
  return new MillraceError(
    'SELF_DEADLOCK',
    `Expected a publish that can end, got one that handler '${name}' awaits while it holds the slot or lane that the event needs. Use context.emit, or a higher concurrency.`,
  );
}
