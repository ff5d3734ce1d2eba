import type { BrokerDelivery } from '../../broker/broker-delivery.ts';
import type { BrokerSubscription } from '../../broker/broker-subscription.ts';
import type { Deadline } from './deadline.ts';
import { Received, type SettlementWatcher } from './received.ts';
import type { Tally } from './tally.ts';

/** What a consumer does with a delivery; what it returns is not waited for. */
export type Handle = (received: Received) => unknown;

/** A subscription that is read to its end, by a loop that remembers what came. */
export class Consumer implements SettlementWatcher {
  readonly subscription: BrokerSubscription;
  /** All that came, in order. */
  readonly received: Received[] = [];
  /** Those of them whose acknowledgement the broker has taken, in the order of its answers. */
  readonly acknowledged: Received[] = [];
  /** Deliveries that nobody has begun to settle. */
  readonly unsettled: Set<Received> = new Set();
  /** The most of them at a time. */
  mostUnsettled = 0;
  /** Resolves when the loop has ended. */
  readonly ended: Promise<void>;
  readonly #host: ConsumerHost;
  readonly #tally: Tally;
  readonly #group: string;
  readonly #handle: Handle;

  constructor(host: ConsumerHost, tally: Tally, group: string, subscription: BrokerSubscription, handle: Handle) {
    this.#host = host;
    this.#tally = tally;
    this.#group = group;
    this.subscription = subscription;
    this.#handle = handle;
    this.ended = this.#read();
  }

  /** What came, of each message the first. */
  get ids(): readonly string[] {
    return [...new Set(this.received.map(({ id }) => id))];
  }

  settling(received: Received): void {
    this.unsettled.delete(received);
  }

  settled(received: Received): void {
    if (received.state === 'acknowledged') this.acknowledged.push(received);
    this.#host.deadline.changed();
  }

  /** Closes the subscription, and waits for the loop. */
  async close(): Promise<void> {
    await this.#host.deadline.within(this.subscription.close(), 'the subscription to close');
    await this.#host.deadline.within(this.ended, 'the loop over a closed subscription to end');
  }

  async #read(): Promise<void> {
    try {
      for await (const delivery of this.subscription) this.#take(delivery);
    } catch (error) {
      this.#host.deadline.fail(error);
    }
  }

  #take(delivery: BrokerDelivery): void {
    const received = new Received(delivery, this.#host.now(), this.#tally.deliveries, this);
    this.#tally.add(this.#group, received);
    this.received.push(received);
    this.unsettled.add(received);
    this.mostUnsettled = Math.max(this.mostUnsettled, this.unsettled.size);
    this.#host.deadline.changed();
    void this.#work(received);
  }

  async #work(received: Received): Promise<void> {
    try {
      await this.#handle(received);
    } catch (error) {
      this.#host.deadline.fail(error);
    }
  }
}

/** Where a consumer lives. */
export interface ConsumerHost {
  readonly deadline: Deadline;
  now(): number;
}
