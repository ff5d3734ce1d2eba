/// <reference lib="esnext.disposable" preserve="true" />
import type { Broker } from '../broker/broker.ts';
import type { BrokerDelivery } from '../broker/broker-delivery.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { HandOut } from '../broker/hand-out.ts';
import { type DeliveryOwner, SettleOnce } from '../broker/settle-once.ts';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import { ClosedError } from '../core/errors.ts';
import { randomId } from '../core/ids.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { LiveSubscription } from '../broker/broker-body.ts';
import type { CheckedCoreOptions } from './core-options.ts';
import { textOf } from './failures.ts';
import type { Link, LinkUser } from './link.ts';
import type { NatsInterest, NatsMessage } from './nats-client.ts';
import type { Subjects } from './subjects.ts';
import { fromWire } from './wire.ts';

/** What a broker's subscriptions share. */
export interface CoreContext {
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly link: Link;
  readonly subjects: Subjects;
  readonly options: CheckedCoreOptions;
}

/** One member of a queue group. What comes beyond its room waits in memory, as the server waits for nobody. */
export class CoreSubscription implements LiveSubscription, DeliveryOwner<undefined>, LinkUser {
  readonly ready: Promise<void>;
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly #context: CoreContext;
  readonly #options: CheckedSubscription;
  readonly #onClosed: (subscription: CoreSubscription) => void;
  readonly #handOut: HandOut = new HandOut();
  readonly #interests: readonly NatsInterest[];
  readonly #inFlight = new Set<SettleOnce<undefined>>();
  readonly #waiting = new RingBuffer<NatsMessage>();
  #waitingBytes = 0;
  #dropped = 0;
  #closing: Promise<void> | undefined;

  constructor(context: CoreContext, options: CheckedSubscription, onClosed: (subscription: CoreSubscription) => void) {
    const { broker, link, subjects } = context;
    this.broker = broker;
    this.#context = context;
    this.#options = options;
    this.#onClosed = onClosed;
    // A message that several of the topics match still goes to one member once: the server goes by the name of the group.
    this.#interests = [...new Set(options.topics)].map((topic) =>
      link.client.subscribe(subjects.of(topic), {
        queue: options.group,
        callback: (error, message) => this.#receive(error, message),
      }),
    );
    this.ready = this.#stand();
    // Loops are told, too.
    this.ready.catch((error: Error) => this.severed(error));
    link.attach(this);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  now(): number {
    return this.#context.options.scheduler.now();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return this.#handOut.loop();
  }

  async ack(delivery: SettleOnce<undefined>): Promise<void> {
    this.#end(delivery);
  }

  /** The server has forgotten it. */
  async nack(delivery: SettleOnce<undefined>): Promise<void> {
    this.#end(delivery);
  }

  async extend(): Promise<void> {
    // There are no leases.
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  reconnected(): void {
    // The client has subscribed again.
  }

  severed(error: Error): void {
    this.#handOut.end(error);
    this.#release('its subscription has failed');
  }

  /** Resolves when the server has heard of it. What asks while the connection is lost is asked again. */
  async #stand(): Promise<void> {
    const { link } = this.#context;
    for (;;) {
      if (link.error !== undefined) throw link.error;
      if (this.#closing !== undefined) throw new ClosedError('the subscription');
      try {
        await link.client.flush();
        return;
      } catch {
        // The connection was lost: the next one begins with all subscriptions.
      }
    }
  }

  #receive(error: Error | null, message: NatsMessage): void {
    if (this.#closing !== undefined) return;
    if (error !== null) {
      this.severed(this.#refused(error));
      return;
    }
    if (this.#inFlight.size < this.#options.maxInFlight) this.#give(message);
    else this.#keep(message);
  }

  #give(message: NatsMessage): void {
    const topic = this.#context.subjects.topicOf(message.subject);
    const read = fromWire(message, { topic, id: randomId, time: () => this.now() });
    const delivery = new SettleOnce({ message: read, deliveryCount: 1, tag: undefined }, this);
    this.#inFlight.add(delivery);
    this.#handOut.push(delivery);
  }

  #keep(message: NatsMessage): void {
    const { mostMessages, mostBytes, onDropped } = this.#context.options;
    const { length } = message.data;
    if (this.#waiting.size < mostMessages && this.#waitingBytes + length <= mostBytes) {
      this.#waiting.push(message);
      this.#waitingBytes += length;
      return;
    }
    onDropped({ group: this.#options.group, subject: message.subject, dropped: ++this.#dropped });
  }

  #end(delivery: SettleOnce<undefined>): void {
    this.#inFlight.delete(delivery);
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#waitingBytes -= next.data.length;
    this.#give(next);
  }

  async #close(): Promise<void> {
    const { link } = this.#context;
    this.#handOut.end();
    if (!link.client.isClosed()) {
      for (const interest of this.#interests) interest.unsubscribe();
      // Until then the server may choose it among its group.
      if (link.isConnected) await link.client.flush().catch(() => undefined);
    }
    this.#release('its subscription was closed');
    link.detach(this);
    this.#onClosed(this);
  }

  #release(why: string): void {
    for (const delivery of this.#inFlight) delivery.lose(why);
    this.#inFlight.clear();
    while (this.#waiting.size > 0) this.#waiting.shift();
    this.#waitingBytes = 0;
  }

  #refused(cause: Error): BrokerUnavailableError {
    return new BrokerUnavailableError(
      `Expected group '${this.#options.group}' to be let listen to ${this.#options.topics.join(', ')}, got: ${textOf(cause)}. Grant it to the user of the connection.`,
      { cause },
    );
  }
}
