/// <reference lib="esnext.disposable" preserve="true" />
import type { Subscription } from 'rxjs';
import type { Broker } from '../broker/broker.ts';
import type { BrokerDelivery } from '../broker/broker-delivery.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import type { BrokerSubscription } from '../broker/broker-subscription.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { HandOut } from '../broker/hand-out.ts';
import { type DeliveryOwner, SettleOnce } from '../broker/settle-once.ts';
import { Chain } from '../core/chain.ts';
import { ClosedError } from '../core/errors.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import type { Acknowledger } from './acknowledger.ts';
import { BytePool } from './byte-pool.ts';
import { Committer } from './committer.ts';
import { GroupLife, type GroupLifeUser } from './group-life.ts';
import { GroupPlaces } from './group-places.ts';
import type { Held, PartitionLog } from './partition-log.ts';
import { PartitionTurns } from './partition-turns.ts';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';
import { RetryTopic } from './retry-topic.ts';
import { Transactions } from './transactions.ts';
import { fromWire, type Outbound } from './wire.ts';

/** While more bytes than these wait, and could be delivered, nothing more is fetched. */
const ENOUGH_BYTES = 256_000;
/** How many deliveries there are between looks at that. */
const LOOK_EVERY = 32;
/** Milliseconds for the last commit, when it closes. */
const LAST_COMMIT_MS = 3_000;
const DONE: Promise<void> = /* @__PURE__ */ Promise.resolve();
const NOTHING: readonly Outbound[] = /* @__PURE__ */ Object.freeze([]);

/** A member of a group: it asks for what has been fetched when a loop waits for it. */
export class KafkaSubscription implements BrokerSubscription, DeliveryOwner<Held>, GroupLifeUser {
  readonly ready: Promise<void>;
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly #around: SubscriptionSurroundings;
  readonly #subscription: CheckedSubscription;
  readonly #onClosed: (closed: KafkaSubscription) => void;
  readonly #pool = new BytePool();
  readonly #handOut = new HandOut(
    () => this.#pump(),
    undefined,
    () => this.#take(),
  );
  readonly #life: GroupLife;
  readonly #acknowledger: Acknowledger;
  readonly #retryTopic: RetryTopic;
  readonly #out = new Chain<SettleOnce<Held>>();
  readonly #turns = new PartitionTurns();
  /** What was handed back, and may come again: it has its lane still. */
  readonly #again = new RingBuffer<Held>();
  readonly #resting = new Set<Subscription>();
  #isOver = false;
  #closing: Promise<void> | undefined;
  #untilLook = LOOK_EVERY;
  #onRoom: (() => void) | undefined;
  #stand!: () => void;
  #fail!: (error: unknown) => void;

  constructor(
    around: SubscriptionSurroundings,
    subscription: CheckedSubscription,
    onClosed: (closed: KafkaSubscription) => void,
  ) {
    const { link, topics, options } = around;
    this.broker = around.broker;
    this.#around = around;
    this.#subscription = subscription;
    this.#onClosed = onClosed;
    this.ready = new Promise((resolve, reject) => {
      this.#stand = resolve;
      this.#fail = reject;
    });
    // Whoever waits for it is told; the loops are, too.
    this.ready.catch(() => undefined);
    this.#retryTopic = new RetryTopic(around, subscription);
    const groupId = options.prefix + subscription.group;
    const places = new GroupPlaces(link, topics, groupId, subscription.from);
    this.#acknowledger =
      options.transactional === undefined
        ? new Committer(() => this.#life.membership, options.commitEveryMs, options.scheduler)
        : new Transactions(around, places, (log, why) => this.#life.giveUp(log, why));
    this.#life = new GroupLife(around, subscription, places, this.#acknowledger, this.#retryTopic.topic, this);
    this.#life.start();
  }

  /** How many deliveries are not settled. */
  get inFlight(): number {
    return this.#out.size;
  }

  now(): number {
    return this.#around.options.scheduler.now();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return this.#handOut.loop();
  }

  /** Not async: what cannot be sent is thrown before anything is settled. */
  ack(delivery: SettleOnce<Held>, publish: readonly BrokerMessage[]): Promise<void> {
    const { outbound } = this.#around;
    const records = publish.length === 0 ? NOTHING : publish.map((message) => outbound(message));
    this.#settle(delivery.tag);
    const acknowledged = this.#acknowledger.ack(delivery, records);
    if (acknowledged !== undefined) return this.#endWith(delivery, acknowledged);
    this.#end(delivery);
    return DONE;
  }

  nack(delivery: SettleOnce<Held>, delayMs: number): Promise<void> {
    const { topic } = this.#retryTopic;
    if (topic !== undefined && delayMs > 0) return this.#endWith(delivery, this.#putOff(delivery, topic, delayMs));
    this.#rest(delivery.tag, delayMs);
    this.#end(delivery);
    return DONE;
  }

  async extend(): Promise<void> {
    // Nothing lapses.
  }

  stands(): void {
    this.#stand();
  }

  filled(log: PartitionLog): void {
    this.#turns.add(log);
    this.#pump();
  }

  lost(log: PartitionLog, why: string): void {
    this.#turns.remove(log);
    for (const delivery of Array.from(this.#out)) {
      // One that is being acknowledged ends by itself.
      if (delivery.tag.log === log && delivery.lose(why)) this.#out.remove(delivery);
    }
    this.#pump();
  }

  untilRoom(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom?.();
      this.#onRoom = resolve;
      this.#tellOfRoom();
    });
  }

  failed(error: Error): void {
    this.#isOver = true;
    this.#fail(error);
    this.#handOut.end(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    this.#fail(new ClosedError(`the subscription of group '${this.#subscription.group}'`));
    this.#handOut.end();
    for (const delivery of Array.from(this.#out)) {
      if (delivery.lose('its subscription was closed')) this.#out.remove(delivery);
    }
    for (const timer of this.#resting) timer.unsubscribe();
    this.#tellOfRoom();
    const { link } = this.#around;
    const limitMs = link.state.value === 'connected' && this.#life.membership !== undefined ? LAST_COMMIT_MS : 0;
    await this.#acknowledger.finish(this.#life.logs.values(), limitMs);
    await this.#life.stop();
    this.#onClosed(this);
  }

  /** Gives loops what they wait for, as far as `maxInFlight` lets it. */
  #pump(): void {
    while (this.#handOut.asking > 0) {
      const delivery = this.#next();
      if (delivery === undefined) break;
      this.#handOut.push(delivery);
    }
    this.#lookForRoom();
  }

  /** The same for one that asks, and need not wait. */
  #take(): BrokerDelivery | undefined {
    const delivery = this.#next();
    if (delivery !== undefined) this.#lookForRoom();
    return delivery;
  }

  #next(): BrokerDelivery | undefined {
    if (this.#isOver || this.#out.size >= this.#subscription.maxInFlight) return undefined;
    const held = this.#nextAgain() ?? this.#nextReady();
    return held && this.#delivery(held);
  }

  #nextAgain(): Held | undefined {
    for (let held = this.#again.shift(); held !== undefined; held = this.#again.shift()) {
      if (!held.log.isLost) return held;
    }
    return undefined;
  }

  #nextReady(): Held | undefined {
    for (let held = this.#turns.shift(); held !== undefined; held = this.#turns.shift()) {
      const waitMs = this.#retryTopic.waitOf(held);
      if (waitMs === 0) return held;
      this.#rest(held, waitMs);
    }
    return undefined;
  }

  #delivery(held: Held): SettleOnce<Held> {
    const { prefix } = this.#around.options;
    const { log, offset, raw } = held;
    const deliveryCount = ++held.deliveries + this.#retryTopic.deliveriesOf(held);
    const message = fromWire(raw!, log.topic.slice(prefix.length), log.partition, this.#pool);
    const delivery = new SettleOnce({ message, deliveryCount, sequence: offset, tag: held }, this);
    this.#out.push(delivery);
    return delivery;
  }

  #settle(held: Held): void {
    const { log } = held;
    log.settle(held);
    this.#life.regulate(log);
    this.#turns.add(log);
  }

  #end(delivery: SettleOnce<Held>): void {
    this.#out.remove(delivery);
    this.#pump();
  }

  /** It comes again from the group's own topic; until it is there, it is not settled here. */
  async #putOff(delivery: SettleOnce<Held>, topic: string, delayMs: number): Promise<void> {
    const { message, deliveryCount, tag } = delivery;
    const { publisher, options } = this.#around;
    const record = this.#retryTopic.record(topic, message, deliveryCount, delayMs);
    if (options.transactional === undefined) {
      try {
        await publisher.publish([record]);
      } catch {
        this.#rest(tag, delayMs);
        return;
      }
    }
    // Another member has it now, or will have.
    if (tag.log.isLost) return;
    this.#settle(tag);
    await this.#acknowledger.ack(delivery, options.transactional === undefined ? [] : [record]);
  }

  /** Until then it is one of those that are in flight: what waits for the server has a bound. */
  async #endWith(delivery: SettleOnce<Held>, acknowledged: Promise<void>): Promise<void> {
    try {
      await acknowledged;
    } finally {
      this.#end(delivery);
    }
  }

  /** A turn of the event loop at least, so that a loop that refuses everything starves nobody. */
  #rest(held: Held, delayMs: number): void {
    const timer = this.#around.options.scheduler.schedule(() => {
      this.#resting.delete(timer);
      this.#again.push(held);
      this.#pump();
    }, delayMs);
    this.#resting.add(timer);
  }

  /** Not at each delivery: it takes a while. */
  #lookForRoom(): void {
    if (this.#onRoom !== undefined && (this.#turns.size === 0 || --this.#untilLook <= 0)) this.#tellOfRoom();
  }

  #tellOfRoom(): void {
    this.#untilLook = LOOK_EVERY;
    if (this.#onRoom === undefined || !this.#hasRoom()) return;
    this.#onRoom();
    this.#onRoom = undefined;
  }

  #hasRoom(): boolean {
    if (this.#isOver || this.#turns.size === 0) return true;
    let bytes = 0;
    for (const log of this.#life.logs.values()) bytes += log.waitingBytes;
    return bytes < ENOUGH_BYTES;
  }
}
