import type { Broker } from '../../broker/broker.ts';
import type { BrokerCapabilities } from '../../broker/broker-capabilities.ts';
import type { BrokerMessage, PublishReceipt } from '../../broker/broker-message.ts';
import type { SubscribeOptions } from '../../broker/broker-subscription.ts';
import type { ContractReport } from './contract-case.ts';
import type { CheckedContractOptions } from './contract-options.ts';
import { Consumer, type Handle } from './consumer.ts';
import { Deadline } from './deadline.ts';
import { makeMessages, type MessagePlan } from './make-messages.ts';
import { OpenClients } from './open-clients.ts';
import type { Received } from './received.ts';
import { Tally } from './tally.ts';

/** One run of a case: its brokers, its names, its time. */
export class Trial {
  readonly claims: BrokerCapabilities;
  readonly options: CheckedContractOptions;
  readonly deadline: Deadline;
  readonly #prefix: string;
  readonly #brokers: OpenClients<Broker>;
  readonly #tally = new Tally();
  readonly #startedAt: number;

  constructor(makeBroker: () => Broker | Promise<Broker>, claims: BrokerCapabilities, options: CheckedContractOptions) {
    this.claims = claims;
    this.options = options;
    this.deadline = new Deadline(options.timeLimitMs, options.scheduler);
    this.#brokers = new OpenClients(makeBroker);
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
  open(): Promise<Broker> {
    return this.within(this.#brokers.open(), 'makeBroker() to open a broker');
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
        this.#tally.published++;
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
    this.#tally.published += messages.length;
    return receipts;
  }

  /** Counts what a case has published by itself. */
  countPublished(count: number): void {
    this.#tally.published += count;
  }

  /** Subscribes, and waits until it stands; then reads, and acknowledges unless told otherwise. */
  async consume(
    broker: Broker,
    options: Partial<SubscribeOptions> = {},
    handle: Handle = acknowledge,
  ): Promise<Consumer> {
    const wanted = { topics: this.topic(), group: this.group(), maxInFlight: 16, ...options };
    const consumer = new Consumer(this, this.#tally, wanted.group, broker.subscribe(wanted), handle);
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
    await this.within(this.#brokers.closeAll(), 'all brokers to close');
  }

  /** The same when the case has failed: whether they close is not the point any more, nor is the time limit. */
  async abandon(): Promise<void> {
    await this.#brokers.abandon(this.options.scheduler, this.options.quietMs * 5);
  }

  report(): ContractReport {
    return this.#tally.report(this.claims.delivery, this.now() - this.#startedAt);
  }

  end(): void {
    this.deadline.end();
  }
}

/** What consumers do unless told otherwise. */
function acknowledge(received: Received): Promise<boolean> {
  return received.ack();
}
