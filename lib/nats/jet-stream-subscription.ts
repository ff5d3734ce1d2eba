/// <reference lib="esnext.disposable" preserve="true" />
import type { Broker } from '../broker/broker.ts';
import type { BrokerDelivery } from '../broker/broker-delivery.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { HandOut } from '../broker/hand-out.ts';
import { type DeliveryOwner, SettleOnce } from '../broker/settle-once.ts';
import { compilePattern } from '../bus/pattern.ts';
import { ClosedError } from '../core/errors.ts';
import type { LiveSubscription } from '../broker/broker-body.ts';
import { placeOf } from './delivery-place.ts';
import { type FeedOwner, GroupFeed } from './group-feed.ts';
import type { JetStreamContext } from './jet-stream-context.ts';
import { Leases } from './leases.ts';
import type { NatsMessage } from './nats-client.ts';
import { Presence } from './presence.ts';
import { delayedNak, Settlements, WORDS } from './settlements.ts';
import { fromWire } from './wire.ts';

/** What a delivery is known by. */
interface Tag {
  /** Where it is acknowledged. */
  readonly reply: string;
  /** Until when it is ours for sure. */
  leasedUntil: number;
}

/** One member of a group: it asks the group's consumer for as many messages as it has room for, while a loop wants some. */
export class JetStreamSubscription implements LiveSubscription, DeliveryOwner<Tag>, FeedOwner {
  readonly ready: Promise<void>;
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly #context: JetStreamContext;
  readonly #options: CheckedSubscription;
  readonly #matches: readonly ((topic: string) => boolean)[];
  readonly #onClosed: (subscription: JetStreamSubscription) => void;
  readonly #handOut: HandOut;
  readonly #feed: GroupFeed;
  readonly #leases: Leases<SettleOnce<Tag>>;
  readonly #settlements: Settlements;
  readonly #presence: Presence | undefined;
  /** By their places in the stream. */
  readonly #inFlight = new Map<number, SettleOnce<Tag>>();
  #isWanted = false;
  #closing: Promise<void> | undefined;

  constructor(
    broker: Pick<Broker, 'capabilities' | 'name'>,
    context: JetStreamContext,
    options: CheckedSubscription,
    onClosed: (subscription: JetStreamSubscription) => void,
  ) {
    this.broker = broker;
    this.#context = context;
    this.#options = options;
    this.#onClosed = onClosed;
    const plan = context.planOf(options);
    // A filter for one topic is as narrow as the topic.
    this.#matches = plan.subjects.length === 1 ? [] : options.topics.map((topic) => compilePattern(topic));
    this.#handOut = new HandOut(
      () => this.#want(true),
      () => this.#want(false),
    );
    this.#leases = new Leases(context.scheduler, (delivery) => this.#due(delivery));
    this.#settlements = new Settlements(context);
    this.#presence = options.isEphemeral ? new Presence(context, options.group) : undefined;
    this.#feed = new GroupFeed(context, plan, this);
    this.ready = this.#open();
    // Loops are told, too.
    this.ready.catch((error: Error) => this.fail(error));
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get room(): number {
    return this.#isWanted ? this.#options.maxInFlight - this.#inFlight.size : 0;
  }

  get firstUnsettled(): number {
    return Math.min(...this.#inFlight.keys());
  }

  now(): number {
    return this.#context.scheduler.now();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return this.#handOut.loop();
  }

  ack(delivery: SettleOnce<Tag>): Promise<void> {
    return this.#settle(delivery, WORDS.ack);
  }

  nack(delivery: SettleOnce<Tag>, delayMs: number): Promise<void> {
    return this.#settle(delivery, delayedNak(delayMs));
  }

  async extend(delivery: SettleOnce<Tag>): Promise<void> {
    const from = this.now();
    await this.#say(delivery, WORDS.working);
    if (delivery.isOver) return;
    delivery.tag.leasedUntil = from + this.#feed.ackWaitMs;
    this.#leases.begin(delivery);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  take(message: NatsMessage): void {
    const reply = message.reply!;
    const { deliveryCount, sequence, time } = placeOf(reply);
    const topic = this.#context.subjects.topicOf(message.subject);
    this.#feed.passed(sequence);
    if (this.#matches.length > 0 && !this.#matches.some((matches) => matches(topic))) {
      this.#context.link.client.publish(reply, WORDS.ack);
      this.#feed.ask();
      return;
    }
    const id = (): string => `${this.#context.stream.name}:${sequence}`;
    const read = fromWire(message, { topic, id, time: () => time });
    const tag: Tag = { reply, leasedUntil: this.now() + this.#feed.ackWaitMs };
    const delivery = new SettleOnce({ message: read, deliveryCount, sequence, tag }, this);
    this.#lose(this.#inFlight.get(sequence), 'it was given again');
    this.#inFlight.set(sequence, delivery);
    this.#leases.begin(delivery);
    if (this.#closing === undefined) this.#handOut.push(delivery);
  }

  fail(error: Error): void {
    this.#handOut.end(error);
    this.#feed.end(error);
    this.#release('its subscription has failed');
  }

  async #open(): Promise<void> {
    await this.#feed.open();
    // A lease that nobody has asked for is renewed by ourselves.
    const { ackWaitMs } = this.#feed;
    this.#leases.periodMs = this.#options.leaseMs === undefined ? ackWaitMs / 3 : ackWaitMs;
  }

  #want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) this.#feed.ask();
  }

  #settle(delivery: SettleOnce<Tag>, word: Uint8Array): Promise<void> {
    this.#end(delivery);
    return this.#say(delivery, word);
  }

  #say({ message, tag }: SettleOnce<Tag>, word: Uint8Array): Promise<void> {
    return this.#settlements.say(message.id, tag.reply, word, tag.leasedUntil);
  }

  #due(delivery: SettleOnce<Tag>): void {
    if (this.#options.leaseMs === undefined) this.#renew(delivery);
    else if (this.#lose(delivery, 'its lease lapsed')) this.#end(delivery);
  }

  #renew(delivery: SettleOnce<Tag>): void {
    this.#leases.begin(delivery);
    // While the server is away, it counts on; what it gives again meanwhile is lost to us.
    if (!this.#context.link.isConnected) return;
    delivery.tag.leasedUntil = this.now() + this.#feed.ackWaitMs;
    this.#context.link.client.publish(delivery.tag.reply, WORDS.working);
  }

  #end(delivery: SettleOnce<Tag>): void {
    this.#leases.end(delivery);
    this.#inFlight.delete(delivery.sequence!);
    this.#feed.ask();
  }

  #lose(delivery: SettleOnce<Tag> | undefined, why: string): boolean {
    if (delivery === undefined) return false;
    this.#leases.end(delivery);
    return delivery.lose(why);
  }

  async #close(): Promise<void> {
    const closed = new ClosedError('the subscription');
    this.#handOut.end();
    this.#feed.end(closed);
    for (const delivery of this.#inFlight.values()) this.#lose(delivery, 'its subscription was closed');
    if (this.#context.link.isConnected) {
      // What is on its way goes back, too.
      await this.#feed.drain();
      for (const delivery of this.#inFlight.values()) this.#say(delivery, WORDS.nak).catch(() => undefined);
    }
    await this.#settlements.close(this.#context.link.isConnected);
    this.#release('its subscription was closed');
    await this.#presence?.leave();
    this.#onClosed(this);
  }

  #release(why: string): void {
    for (const delivery of this.#inFlight.values()) this.#lose(delivery, why);
    this.#inFlight.clear();
    this.#leases.close();
    this.#feed.abandon();
  }
}
