import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Broker,
  type BrokeredEventBus,
  createBrokeredBus,
  type DeadLetter,
  type EventSubscription,
  type ProcessorStats,
  type RedriveReport,
} from 'millrace';
import { rabbitMqBroker } from 'millrace/rabbitmq';
import type { Quake } from '../shared/earthquakes/events.ts';
import { alertFor, headersOf } from './alerts.ts';
import { archive, type Desk, headerDesks, Heard, topicDesks } from './desks.ts';
import type { Exchanges } from './exchanges.ts';
import { Pager } from './pager.ts';

/** The groups of the desks on the two exchanges. */
const GROUPS = { topics: 'desks', headers: 'header-desks' };
/** Publishes that are in the air at a time. */
const WAVE = 200;
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

/** What has become of alerts that were published. */
export interface Published {
  readonly confirmed: number;
  /** Of these, those that RabbitMQ had nobody for, as it says itself, */
  readonly unhandled: number;
  /** and as the file says. */
  readonly unwanted: number;
}

/** All desks, and who publishes for them. */
export class Office implements AsyncDisposable {
  readonly heard: Heard = new Heard();
  readonly pager: Pager = new Pager();
  readonly #exchanges: Exchanges;
  readonly #strong: number;
  readonly #topics: Broker;
  readonly #headers: Broker;
  readonly #bus: BrokeredEventBus;
  readonly #headerBus: BrokeredEventBus;
  readonly #handlers = new Map<Desk, EventSubscription>();
  /** How many of the alerts since it opened a desk wants, as the file says. */
  readonly #wanted = new Map<Desk, number>();

  private constructor(exchanges: Exchanges, strong: number, topics: Broker, headers: Broker) {
    this.#exchanges = exchanges;
    this.#strong = strong;
    this.#topics = topics;
    this.#headers = headers;
    this.#bus = createBrokeredBus(topics, { group: GROUPS.topics });
    this.#headerBus = createBrokeredBus(headers, { group: GROUPS.headers });
    for (const { errors } of [this.#bus, this.#headerBus]) errors.subscribe(({ error }) => console.error(error));
  }

  static async open(url: string, exchanges: Exchanges, strong: number): Promise<Office> {
    const { prefix, topics, headers } = exchanges;
    return new Office(
      exchanges,
      strong,
      // A group is bound to its patterns there,
      await rabbitMqBroker({ connect: { url }, prefix, exchange: { name: topics } }),
      // and here to what its desk asks of headers. The group of a handler is that of its bus, and its name.
      await rabbitMqBroker({
        connect: { url },
        prefix,
        exchange: {
          name: headers,
          type: 'headers',
          match: (group) => headerDesks.find(({ name }) => group === `${GROUPS.headers}--${name}`)!.match!,
        },
      }),
    );
  }

  /** The groups of all desks, and those that may have letters. */
  static readonly remains = {
    groups: [
      ...[...topicDesks, archive].map(({ name }) => `${GROUPS.topics}--${name}`),
      ...headerDesks.map(({ name }) => `${GROUPS.headers}--${name}`),
    ],
    letters: Object.values(GROUPS),
  };

  /** What each desk has done, and what it should have heard. */
  get desks(): readonly { readonly desk: Desk; readonly wanted: number; readonly stats: ProcessorStats }[] {
    return [...this.#handlers].map(([desk, handler]) => ({
      desk,
      wanted: this.#wanted.get(desk)!,
      stats: handler.stats(),
    }));
  }

  async openTopicDesks(): Promise<void> {
    for (const desk of topicDesks) this.#open(this.#bus, desk);
    await this.#bus.ready;
  }

  async openOthers(): Promise<void> {
    this.#open(this.#bus, archive);
    for (const desk of headerDesks) this.#open(this.#headerBus, desk);
    await Promise.all([this.#bus.ready, this.#headerBus.ready]);
  }

  /** Publishes an alert for each quake, until it is stopped. */
  async publish(quakes: readonly Quake[], stop: AbortSignal): Promise<Published> {
    const published = { confirmed: 0, unhandled: 0, unwanted: 0 };
    for (let at = 0; at < quakes.length && !stop.aborted; at += WAVE) {
      const wave = quakes.slice(at, at + WAVE);
      const reports = await Promise.all(wave.map(async (quake) => this.#publish(quake)));
      published.confirmed += reports.length;
      published.unhandled += reports.filter(({ unhandled }) => unhandled).length;
      published.unwanted += wave.filter((quake) => this.#note(quake) === 0).length;
    }
    return published;
  }

  /** Waits until every desk is through with what it should have heard. @returns whether it is so in time */
  async settled(): Promise<boolean> {
    for (const startedAt = performance.now(); performance.now() - startedAt < PATIENCE_MS; await sleep(LOOK_MS)) {
      const isThrough = this.desks.every(
        ({ wanted, stats: { handled, dead, pending } }) => handled + dead >= wanted && pending === 0,
      );
      if (isThrough && (await this.#exchanges.waiting(Office.remains.groups)) === 0) return true;
    }
    return false;
  }

  letters(): Promise<readonly DeadLetter[]> {
    return this.#bus.deadLetters.list();
  }

  redrive(): Promise<RedriveReport> {
    return this.#bus.deadLetters.redrive();
  }

  async drain(): Promise<void> {
    for (const bus of [this.#bus, this.#headerBus]) await bus.drain({ deadlineMs: PATIENCE_MS });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const broker of [this.#topics, this.#headers]) await broker.close();
  }

  #open(bus: BrokeredEventBus, desk: Desk): void {
    const { name, source } = desk;
    this.#wanted.set(desk, 0);
    const subscription = bus.on(
      source,
      (event) => {
        if (name === 'pager') this.pager.page(event);
        this.heard.add(name, event);
      },
      // Twice here, then once more by RabbitMQ, a little later; then it is a dead letter there.
      { name, retry: { maxAttempts: 2, delayMs: 10 }, redelivery: { maxDeliveries: 2, delayMs: 125 } },
    );
    this.#handlers.set(desk, subscription);
  }

  async #publish(quake: Quake) {
    const { definition, data } = alertFor(quake, this.#strong);
    const headers = headersOf(quake, this.#strong);
    return this.#bus.publish(definition, data, { id: quake.id, time: quake.properties.time, headers });
  }

  /** @returns how many desks should hear of it */
  #note(quake: Quake): number {
    const desks = [...this.#handlers.keys()].filter(({ wants }) => wants(quake, this.#strong));
    for (const desk of desks) this.#wanted.set(desk, this.#wanted.get(desk)! + 1);
    return desks.length;
  }
}
