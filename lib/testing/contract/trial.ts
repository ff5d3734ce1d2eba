import type { Subscription } from 'rxjs';
import type { Broker } from '../../broker/broker.ts';
import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import type { BrokerMessage, PublishReceipt } from '../../broker/broker-message.ts';
import type { SubscribeOptions } from '../../broker/broker-subscription.ts';
import { TestFailure } from '../test-failure.ts';
import type { ContractReport } from './contract-case.ts';
import type { CheckedContractOptions } from './contract-options.ts';
import { Consumer, type Handle } from './consumer.ts';
import { Deadline } from './deadline.ts';
import { DuplicateCount } from './duplicate-count.ts';
import { makeMessages, type MessagePlan } from './make-messages.ts';
import type { Received } from './received.ts';

/** One run of a case: its brokers, its names, its time. */
export class Trial {
  readonly claims: BrokerCapabilities;
  readonly options: CheckedContractOptions;
  readonly deadline: Deadline;
  readonly #makeBroker: () => Broker | Promise<Broker>;
  readonly #prefix: string;
  readonly #brokers = new Set<Broker>();
  readonly #duplicates = new DuplicateCount();
  readonly #startedAt: number;
  #published = 0;

  constructor(makeBroker: () => Broker | Promise<Broker>, claims: BrokerCapabilities, options: CheckedContractOptions) {
    this.claims = claims;
    this.options = options;
    this.deadline = new Deadline(options.timeLimitMs, options.scheduler);
    this.#makeBroker = makeBroker;
    this.#prefix = `contract-${options.createId().slice(-12)}`;
    this.#startedAt = this.now();
  }

  now(): number {
    return this.options.scheduler.now();
  }

  /** Whether a group is given one message at a time, since the order of all must hold. */
  get isInTurn(): boolean {
    return this.claims.order === 'total' && this.claims.orderAcrossRedelivery;
  }

  /** How many of Watermill's `full` are tried; 10 at least, or all if they are fewer. */
  count(full: number): number {
    return Math.max(Math.ceil(full * this.options.scale), Math.min(full, 10));
  }

  /** A topic of this run alone. */
  topic(name = 'orders'): string {
    return `${this.#prefix}.${name}`;
  }

  /** A group of this run alone. */
  group(name = 'workers'): string {
    return `${this.#prefix}-${name}`;
  }

  /** Another client of the broker. */
  async open(): Promise<Broker> {
    const broker = await this.within(Promise.resolve(this.#makeBroker()), 'makeBroker() to open a broker');
    this.#brokers.add(broker);
    return broker;
  }

  /** Messages whose ids are of this run alone. */
  messages(count: number, plan: MessagePlan = {}): readonly BrokerMessage[] {
    return makeMessages(count, this.#prefix, { topic: this.topic(), ...plan });
  }

  /** Publishes messages one after the other, or by several publishers at once. */
  async publish(broker: Broker, messages: readonly BrokerMessage[], publishers = 1): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
        await broker.publish(message);
        this.#published++;
      }
    };
    const all = Promise.all(Array.from({ length: publishers }, work));
    await this.within(all, `${messages.length} messages to be confirmed`);
  }

  /** Publishes in one call. */
  async publishTogether(broker: Broker, messages: readonly BrokerMessage[]): Promise<readonly PublishReceipt[]> {
    const receipts = await this.within(
      broker.publish(messages),
      `${messages.length} messages of a call to be confirmed`,
    );
    this.#published += messages.length;
    return receipts;
  }

  /** Counts what a case has published by itself. */
  countPublished(count: number): void {
    this.#published += count;
  }

  /** Subscribes, and waits until it stands; then reads, and acknowledges unless told otherwise. */
  async consume(
    broker: Broker,
    options: Partial<SubscribeOptions> = {},
    handle: Handle = acknowledge,
  ): Promise<Consumer> {
    const wanted = { topics: this.topic(), group: this.group(), maxInFlight: 16, ...options };
    const consumer = new Consumer(this, this.#duplicates, wanted.group, broker.subscribe(wanted), handle);
    await this.within(consumer.subscription.ready, 'the subscription to be ready');
    return consumer;
  }

  /** Closes a broker as a case does. */
  async closeBroker(broker: Broker): Promise<void> {
    await this.within(broker.close(), 'close() to resolve');
  }

  within<Value>(promise: PromiseLike<Value>, what: string): Promise<Value> {
    return this.deadline.within(promise, what);
  }

  until(isReached: () => boolean, describe: () => string): Promise<void> {
    return this.deadline.until(isReached, describe);
  }

  /** Waits for some time. */
  async pass(ms: number): Promise<void> {
    const passed = new Promise<void>((resolve) => {
      this.options.scheduler.schedule(() => resolve(), ms);
    });
    await this.within(passed, `${ms} ms to pass`);
  }

  /** Watches whether anything more comes. */
  quiet(): Promise<void> {
    return this.pass(this.options.quietMs);
  }

  /** Closes what the case has left open. */
  async close(): Promise<void> {
    await this.within(this.#closeAll(), 'all brokers to close');
  }

  /** The same when the case has failed: whether they close is not the point any more, nor is the time limit. */
  async abandon(): Promise<void> {
    const closed = this.#closeAll().catch(() => undefined);
    let timer: Subscription | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = this.options.scheduler.schedule(() => resolve(), this.options.quietMs * 5);
    });
    await Promise.race([closed, patience]);
    timer?.unsubscribe();
  }

  report(): ContractReport {
    const { deliveries } = this.#duplicates;
    const [firstDuplicate, ...others] = this.#duplicates.duplicates();
    const duplicates = firstDuplicate === undefined ? 0 : others.length + 1;
    if (duplicates > 0 && this.claims.delivery !== 'at-least-once') {
      throw new TestFailure(
        `Expected no message to be repeated with delivery: '${this.claims.delivery}', got ${duplicates} of ${deliveries} deliveries, first of message '${firstDuplicate}'.`,
        { expected: 0, actual: duplicates },
      );
    }
    return {
      published: this.#published,
      deliveries,
      duplicates,
      duplicateRate: deliveries === 0 ? 0 : duplicates / deliveries,
      elapsedMs: this.now() - this.#startedAt,
    };
  }

  end(): void {
    this.deadline.end();
  }

  async #closeAll(): Promise<void> {
    await Promise.all(Array.from(this.#brokers, async (broker) => broker.close()));
  }
}

/** What consumers do unless told otherwise. */
function acknowledge(received: Received): Promise<boolean> {
  return received.ack();
}
