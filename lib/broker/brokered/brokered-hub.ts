import { EMPTY, type Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { BusLife } from '../../bus/bus-life.ts';
import type { AttemptSender, BusAttempt } from '../../bus/bus-attempt.ts';
import type { BusHub } from '../../bus/bus-hub.ts';
import { type BusPart, busPart, typesOf } from '../../bus/bus-part.ts';
import { Edge } from '../../bus/edge.ts';
import type { PublishOptions } from '../../bus/event-emitter.ts';
import type { BusHandlerContext } from '../../bus/event-subscription.ts';
import type { Listening } from '../../bus/registration.ts';
import { Registrations } from '../../bus/registrations.ts';
import type { Topic } from '../../bus/topic.ts';
import { Topics } from '../../bus/topics.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { randomId } from '../../core/ids.ts';
import type { EventMessage, MessageOptions } from '../../core/message.ts';
import type { ConfirmedReport } from '../../core/outcome.ts';
import { whenAborted } from '../../core/when-aborted.ts';
import type { DeadLetterQueue } from '../../process/dead-letter-queue.ts';
import { ErrorReports } from '../../process/error-reports.ts';
import type { Handler } from '../../process/handler.ts';
import type { DrainOptions, DrainReport } from '../../process/stats.ts';
import { Watch } from '../../process/watch.ts';
import type { Broker } from '../broker.ts';
import { Audiences } from './audiences.ts';
import { BrokerConsumer } from './broker-consumer.ts';
import { BrokeredAttempt } from './brokered-attempt.ts';
import type { BrokeredBusStats, BrokeredOnOptions } from './brokered-bus.ts';
import { BusLetters } from './bus-letters.ts';
import { type BrokeredHubOptions, brokeredHubSettings, type BrokeredHubSettings } from './brokered-hub-options.ts';
import { BrokeredSender } from './brokered-sender.ts';
import { consumerSettings } from './consumer-settings.ts';
import { Decoder } from './decoder.ts';
import { heedLoss } from './heed-loss.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LiveFeeds } from './live-feeds.ts';

/** What is behind a brokered bus. */
export class BrokeredHub implements BusHub, AttemptSender {
  readonly deadLetters: DeadLetterQueue;
  readonly errors: ErrorReports = new ErrorReports();
  readonly scheduler: SchedulerLike;
  readonly topics: Topics;
  readonly edge: Edge;
  readonly watch: Watch;
  readonly isDirect = false;
  /** Not asked, as nothing is direct. */
  readonly dispatcher: BusHub['dispatcher'] = { enter: () => false, leave: () => {} };
  readonly #broker: Broker;
  readonly #settings: BrokeredHubSettings;
  readonly #decoder: Decoder;
  readonly #letters: BusLetters;
  readonly #sender: BrokeredSender;
  readonly #feeds: LiveFeeds;
  readonly #audiences: Audiences;
  readonly #consumers = new Registrations<BrokerConsumer>();
  readonly #life: BusLife;
  readonly #watching: Subscription;
  /** As probes see it. */
  readonly #part: BusPart;
  #lost = 0;
  #invalid = 0;
  /** Consumers that are leaving. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(broker: Broker, options: BrokeredHubOptions, events: readonly EventDefinition[] | undefined) {
    const settings = brokeredHubSettings(options);
    const { scheduler, createId, group, codec, probe, name } = settings;
    this.#broker = broker;
    this.#settings = settings;
    this.scheduler = scheduler;
    this.topics = new Topics(events, () => {});
    this.watch = new Watch(this.errors, probe, () => {
      for (const { engine } of this.#consumers.all) engine.heedWatch();
    });
    this.#decoder = new Decoder({ topics: this.topics, codec, now: () => scheduler.now() });
    this.#letters = new BusLetters(broker, settings, this.topics, this.#decoder);
    this.deadLetters = this.#letters.queue;
    this.#part = busPart(name, this.topics, () => this.stats());
    this.#sender = new BrokeredSender({
      broker,
      settings,
      errors: this.errors,
      watch: this.watch,
      part: this.#part,
      expectOpen: (by) => this.#life.expectOpen(by),
      onRefused: (message, error) => this.watch.refused(this.#letters.bury(message, error, this.errors), this.#part),
      onIdle: () => this.#life.endIfIdle(),
    });
    this.#feeds = new LiveFeeds({
      broker,
      errors: this.errors,
      nameGroup: () => `${group}--live-${randomId()}`,
      decode: (arrival, matches) => this.#decoder.decode(arrival, matches),
    });
    this.#audiences = new Audiences({
      scheduler,
      errors: this.errors,
      feedOf: ({ definition: { type } }) => this.#feeds.of([type], (other) => other === type),
    });
    this.edge = new Edge({
      deadLetters: this.deadLetters,
      scheduler,
      createId,
      onRefused: (letter) => this.watch.refused(letter, this.#part),
      isClosed: () => this.isClosed,
      expectOpen: () => this.#life.expectOpen(),
      topicOf: (definition) => this.topics.of(definition),
      topicNamed: (type) => this.topics.named(type),
      stamp: ({ definition }, data, messageOptions) => this.#sender.stamp(definition, data, messageOptions),
      emit: ({ definition }, message) => void this.#sender.emitMessage(definition, message),
      publish: ({ definition }, message, signal) => this.#sender.publishMessage(definition, message, signal),
    });
    this.#life = new BusLife({
      scheduler,
      ended: () => this.#consumers.ended,
      isIdle: () => this.#sender.isIdle && this.#consumers.isIdle,
      beginDrain: () => {
        for (const consumer of this.#consumers.all) consumer.stopReading();
        this.#consumers.beginDrain();
      },
      closeHandlers: () => this.#consumers.close() + this.#sender.close(),
      onDrained: (report) => this.watch.drained(this.#part.name, report),
      onClosed: () => this.#end(),
    });
    this.#watching = broker.states.subscribe({
      next: (state) => this.watch.brokerState(broker.name, state),
      complete: () => this.#sender.brokerClosed(),
    });
    this.#watching.add(this.watch.show(this.#part));
    this.#watching.add(
      this.deadLetters.errors.subscribe((reported) => {
        this.errors.report(reported.kind, reported.error, reported.handler);
        const left = this.#consumers.stats().reduce((sum, { pending }) => sum + pending, 0);
        const isHopeless = this.#letters.areHopeless(reported, left) && this.#sender.isIdle;
        if (isHopeless && this.#life.state === 'draining') this.close();
      }),
    );
  }

  get isClosed(): boolean {
    return this.#life.isClosed;
  }

  get ready(): Promise<void> {
    const consumers = this.#consumers.all.map((consumer) => consumer.ready);
    // Who only sends needs no letters.
    const letters = consumers.length > 0 ? this.#letters.ready() : undefined;
    return Promise.all([...consumers, ...this.#feeds.ready, letters]).then(() => undefined);
  }

  // ---- Sending ----

  /** @param by - the attempt whose handler emits */
  emit(definition: EventDefinition, data: unknown, options?: MessageOptions, by?: BusAttempt): boolean {
    return this.#sender.emit(this.topics.of(definition).definition, data, options, by);
  }

  async publish(
    definition: EventDefinition,
    data: unknown,
    options?: PublishOptions,
    by?: BusAttempt,
  ): Promise<ConfirmedReport> {
    return this.#sender.publish(this.topics.of(definition).definition, data, options, by);
  }

  next({ definition }: Topic, message: EventMessage): void {
    if (this.#life.state === 'open') this.#sender.emitMessage(definition, message);
  }

  // ---- Listening ----

  on(
    listening: Listening,
    handler: Handler<EventMessage, BusHandlerContext>,
    { signal, ...options }: BrokeredOnOptions<EventMessage> = {},
    isOnce = false,
  ): BrokerConsumer {
    this.#life.expectOpen();
    const { subscribe, engine, ...rest } = consumerSettings(this.#broker, this.#settings, listening, options, isOnce);
    // Before anything is opened. Its attempts are BrokeredAttempts.
    const name = this.#consumers.nameOf(rest.name, '');
    const heedful = heedLoss(handler as Handler<EventMessage>);
    const subscription = this.#broker.subscribe(subscribe);
    const { createId, random } = this.#settings;
    const consumer: BrokerConsumer = new BrokerConsumer({
      ...rest,
      name,
      isOnce,
      matches: listening.matches,
      subscription,
      handler: heedful,
      engine: { ...engine, scheduler: this.scheduler, createId, random },
      surroundings: {
        deadLetters: this.deadLetters,
        errors: this.errors,
        watch: this.watch,
        owner: this.#part,
        listensTo: () => (listening.types.length > 0 ? listening.types : typesOf(this.topics, listening.matches)),
        createAttempt: (owner, event, attempt, awaitedBy) =>
          new BrokeredAttempt(this, owner, event, attempt, awaitedBy, rest.isTransactional),
        onIdle: () => this.#life.endIfIdle(),
        onClosed: () => {
          takeBack?.();
          this.#retire(consumer);
        },
      },
      decode: (arrival) => this.#decoder.decode(arrival, listening.matches),
      peek: (arrival) => this.#decoder.peek(arrival),
      createId,
      publishOutputs: (outputs) => this.#sender.publishOutputs(outputs),
      leases: subscribe.leaseMs === undefined ? undefined : this.#leaseKeeper(name, subscribe.leaseMs),
    });
    this.#consumers.add(consumer);
    const takeBack = signal && whenAborted(signal, () => consumer.unsubscribe());
    if (signal?.aborted) consumer.unsubscribe();
    return consumer;
  }

  events({ types, matches }: Listening): Observable<EventMessage> {
    return this.isClosed ? EMPTY : this.#feeds.of(types, matches);
  }

  observed(topic: Topic, subscription: Subscription): void {
    if (!this.isClosed) this.#audiences.join(topic, subscription);
  }

  // ---- Life ----

  stats(): BrokeredBusStats {
    const consumers = this.#consumers.all;
    return {
      state: this.#life.state,
      emitted: this.#sender.sent,
      invalid: this.edge.invalid + consumers.reduce((sum, { invalid }) => sum + invalid, this.#invalid),
      deadLetters: this.deadLetters.stats(),
      handlers: this.#consumers.stats(),
      broker: { name: this.#broker.name, ...this.#broker.stats() },
      outgoing: this.#sender.outgoing,
      lost: consumers.reduce((sum, { lost }) => sum + lost, this.#lost),
    };
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    const report = await this.#life.drain(options);
    await Promise.all(this.#leaving);
    return this.#letters.settle(report, options?.deadlineMs);
  }

  close(): void {
    this.#life.close();
  }

  #retire(consumer: BrokerConsumer): void {
    this.#consumers.retire(consumer);
    if (this.isClosed) return;
    const leaving = consumer.end().finally(() => {
      this.#leaving.delete(leaving);
      this.#lost += consumer.lost;
      this.#invalid += consumer.invalid;
    });
    this.#leaving.add(leaving);
  }

  #end(): void {
    for (const consumer of this.#consumers.all) this.#leaving.add(consumer.end());
    this.#leaving.add(this.#feeds.close());
    this.topics.end();
    this.edge.close();
    this.#watching.unsubscribe();
  }

  #leaseKeeper(name: string, leaseMs: number): LeaseKeeper | undefined {
    if (this.#broker.capabilities.lease !== 'extendable') return undefined;
    return new LeaseKeeper(leaseMs, this.scheduler, (error) => this.errors.report('broker', error, name));
  }
}
