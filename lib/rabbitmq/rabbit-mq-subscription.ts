/// <reference lib="esnext.disposable" preserve="true" />
import type { Subscription } from 'rxjs';
import type { Broker } from '../broker/broker.ts';
import type { BrokerDelivery } from '../broker/broker-delivery.ts';
import type { BrokerSubscription } from '../broker/broker-subscription.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { HandOut } from '../broker/hand-out.ts';
import { type DeliveryOwner, SettleOnce } from '../broker/settle-once.ts';
import { compilePattern } from '../bus/pattern.ts';
import { ClosedError, MillraceError } from '../core/errors.ts';
import { closeChannel, type RabbitMqConnection, type RabbitMqMessage } from './amqp.ts';
import { type ChannelLife, type Held, openChannelLife } from './channel-life.ts';
import { isRefusal } from './failures.ts';
import { HandBack } from './hand-back.ts';
import type { LinkUser } from './link.ts';
import { MOST_PREFETCHED } from './options.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { deliveryCountOf, fromWire } from './wire.ts';

/** The first wait before a channel is opened again, in milliseconds; the next one is twice as long, up to the longest. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/** A consumer of a group's queue, on a channel of its own; and on another one when that is lost. */
export class RabbitMqSubscription implements BrokerSubscription, DeliveryOwner<Held>, LinkUser {
  readonly ready: Promise<void>;
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly #around: SubscriptionSurroundings;
  readonly #subscription: CheckedSubscription;
  readonly #onClosed: (closed: RabbitMqSubscription) => void;
  readonly #handOut = new HandOut();
  readonly #handBack: HandBack;
  readonly #isWanted: (topic: string) => boolean;
  #life: ChannelLife | undefined;
  #opening: Promise<void> | undefined;
  #retry: Subscription | undefined;
  #failures = 0;
  #closing: Promise<void> | undefined;
  #isOver = false;
  #stand!: () => void;
  #fail!: (error: unknown) => void;

  constructor(
    around: SubscriptionSurroundings,
    subscription: CheckedSubscription,
    onClosed: (closed: RabbitMqSubscription) => void,
  ) {
    this.broker = around.broker;
    this.#around = around;
    this.#subscription = subscription;
    this.#onClosed = onClosed;
    this.#handBack = new HandBack(around, subscription);
    this.#isWanted = around.topology.routesByTopic ? () => true : matcherOf(subscription.topics);
    this.ready = new Promise((resolve, reject) => {
      this.#stand = resolve;
      this.#fail = reject;
    });
    // Whoever waits for it is told; the loops are, too.
    this.ready.catch(() => undefined);
    around.link.attach(this);
  }

  /** How many deliveries are not settled. */
  get inFlight(): number {
    return this.#life?.window.open.size ?? 0;
  }

  now(): number {
    return this.#around.options.scheduler.now();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return this.#handOut.loop();
  }

  connected(connection: RabbitMqConnection): void {
    if (this.#isOver || this.#opening !== undefined) return;
    this.#retry?.unsubscribe();
    this.#retry = undefined;
    this.#opening = this.#open(connection).finally(() => {
      this.#opening = undefined;
    });
  }

  severed(error: Error): void {
    this.#giveUp(error);
  }

  async ack({ tag: { life, raw } }: SettleOnce<Held>): Promise<void> {
    life.window.ack(raw);
  }

  nack(delivery: SettleOnce<Held>, delayMs: number): Promise<void> {
    return this.#handBack.nack(delivery, delayMs);
  }

  async extend(): Promise<void> {
    // Nothing lapses.
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#end();
    this.#fail(new ClosedError(`the subscription of group '${this.#subscription.group}'`));
    this.#handOut.end();
    await this.#opening;
    const life = this.#life;
    if (life !== undefined) {
      for (const delivery of life.window.open.values()) delivery.lose('its subscription was closed');
      await this.#handBack.settled();
      life.window.flush();
      // What is not settled goes back with its channel.
      await closeChannel(life.channel);
    }
    this.#onClosed(this);
  }

  async #open(connection: RabbitMqConnection): Promise<void> {
    const { options, topology } = this.#around;
    const { maxInFlight, consumer } = this.#subscription;
    try {
      const life = await openChannelLife(connection, (ended) => this.#lost(ended));
      await life.channel.prefetch(options.inTurn ? 1 : Math.min(maxInFlight, MOST_PREFETCHED));
      const queue = await topology.makeGroup(life.channel, this.#subscription);
      if (this.#isOver) return await closeChannel(life.channel);
      this.#life = life;
      await life.channel.consume(queue, (message) => this.#take(life, message), { consumerTag: consumer });
      this.#failures = 0;
      this.#stand();
    } catch (error) {
      this.#life = undefined;
      if (isRefusal(error)) this.#giveUp(error);
      else this.#openLater();
    }
  }

  #take(life: ChannelLife, raw: RabbitMqMessage | null): void {
    // The queue was deleted: the channel stays, and nothing comes on it.
    if (raw === null) {
      void closeChannel(life.channel);
      return;
    }
    const { message, deliveries } = fromWire(raw, () => this.now());
    const held: Held = { life, raw };
    const deliveryCount = deliveryCountOf(raw, deliveries);
    const delivery = new SettleOnce({ message, deliveryCount, tag: held }, this);
    life.window.open.set(raw.fields.deliveryTag!, delivery);
    if (!this.#isWanted(message.topic)) void delivery.ack();
    else if (!this.#handBack.isExhausted(deliveryCount)) this.#handOut.push(delivery);
    else this.#handBack.giveUp(delivery, deliveryCount - 1).catch(() => undefined);
  }

  #lost(life: ChannelLife): void {
    for (const delivery of life.window.open.values()) delivery.lose('its channel was lost');
    life.end();
    if (life !== this.#life) return;
    this.#life = undefined;
    this.#openLater();
  }

  #openLater(): void {
    if (this.#isOver || this.#retry !== undefined) return;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
    this.#retry = this.#around.options.scheduler.schedule(() => {
      this.#retry = undefined;
      const { connection } = this.#around.link;
      if (connection !== undefined) this.connected(connection);
    }, delayMs);
  }

  /** It cannot go on. */
  #giveUp(error: unknown): void {
    this.#end();
    const reason = error instanceof MillraceError ? error : new Error(String(error));
    this.#fail(reason);
    this.#handOut.end(reason);
  }

  #end(): void {
    this.#isOver = true;
    this.#retry?.unsubscribe();
    this.#around.link.detach(this);
  }
}

function matcherOf(topics: readonly string[]): (topic: string) => boolean {
  const patterns = topics.map((topic) => compilePattern(topic));
  return (topic) => patterns.some((matches) => matches(topic));
}
