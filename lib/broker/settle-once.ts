import type { Linked } from '../core/chain.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay } from '../core/options.ts';
import type { Broker } from './broker.ts';
import type { AckOptions, BrokerDelivery, NackOptions } from './broker-delivery.ts';
import type { BrokerMessage } from './broker-message.ts';
import { checkedMessage } from './check-message.ts';
import { expectCapability } from './check-subscription.ts';
import { DeliveryLostError } from './delivery-lost-error.ts';

/** What a delivery is made of. */
export interface DeliveryFacts<Tag> {
  readonly message: BrokerMessage;
  readonly deliveryCount: number;
  readonly sequence?: number | undefined;
  /** What its broker knows it by. */
  readonly tag: Tag;
}

/** Who settles deliveries with their broker: a subscription. Each is settled once at most; what it returns is what everybody is given who settles again. */
export interface DeliveryOwner<Tag> {
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  /** For messages without a time: epoch milliseconds. */
  now(): number;
  /** @param publish - messages that stand or fall with it; checked, and none unless the broker has `atomicPublish` */
  ack(delivery: SettleOnce<Tag>, publish: readonly BrokerMessage[]): Promise<void>;
  /** @param delayMs - above 0 only if the broker has `delayedRedelivery` */
  nack(delivery: SettleOnce<Tag>, delayMs: number): Promise<void>;
  /** Not called unless leases are extendable. */
  extend(delivery: SettleOnce<Tag>): Promise<void>;
}

/** A delivery that ends once: settled by its owner, or lost to it. */
export class SettleOnce<Tag> implements BrokerDelivery, Linked<SettleOnce<Tag>> {
  /** In a chain of its owner's. */
  previous: SettleOnce<Tag> | undefined = undefined;
  next: SettleOnce<Tag> | undefined = undefined;
  readonly message: BrokerMessage;
  readonly deliveryCount: number;
  readonly sequence: number | undefined;
  readonly tag: Tag;
  private readonly owner: DeliveryOwner<Tag>;
  /** Made when the signal is first read. */
  private controller: AbortController | undefined = undefined;
  private settled: Promise<void> | undefined = undefined;
  private lost: DeliveryLostError | undefined = undefined;

  constructor({ message, deliveryCount, sequence, tag }: DeliveryFacts<Tag>, owner: DeliveryOwner<Tag>) {
    this.message = message;
    this.deliveryCount = deliveryCount;
    this.sequence = sequence;
    this.tag = tag;
    this.owner = owner;
  }

  /** Whether it is settled, or being settled, or lost. */
  get isOver(): boolean {
    return this.settled !== undefined || this.lost !== undefined;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.isOver) this.controller.abort(this.lost);
    }
    return this.controller.signal;
  }

  ack({ publish = NOTHING }: AckOptions = {}): Promise<void> {
    if (this.isOver) return this.end();
    try {
      const messages = publish.length === 0 ? NOTHING : this.outgoing(publish);
      return this.settle(this.owner.ack(this, messages));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  nack({ delayMs = 0 }: NackOptions = {}): Promise<void> {
    try {
      if (expectDelay('delayMs', delayMs) > 0) expectCapability(this.owner.broker, 'delayedRedelivery', 'delayMs');
      return this.isOver ? this.end() : this.settle(this.owner.nack(this, delayMs));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async extend(): Promise<void> {
    const { broker } = this.owner;
    if (this.lost !== undefined) throw this.lost;
    if (this.settled !== undefined || broker.capabilities.lease === 'none') return;
    if (broker.capabilities.lease === 'fixed') {
      throw new InvalidOptionError(
        `Expected a broker whose leases can be extended, got broker '${broker.name}', whose leases are fixed. Finish within the lease.`,
      );
    }
    await this.owner.extend(this);
  }

  /** It is taken from its owner, and comes again. @returns whether it was not over before */
  lose(why: string): boolean {
    if (this.isOver) return false;
    this.lost = new DeliveryLostError(this.message.id, why);
    this.controller?.abort(this.lost);
    return true;
  }

  private outgoing(messages: readonly BrokerMessage[]): readonly BrokerMessage[] {
    expectCapability(this.owner.broker, 'atomicPublish', 'publish');
    const now = this.owner.now();
    return messages.map((message) => checkedMessage(message, now));
  }

  private settle(settled: Promise<void>): Promise<void> {
    this.settled = settled;
    this.controller?.abort();
    return settled;
  }

  private end(): Promise<void> {
    return this.lost === undefined ? this.settled! : Promise.reject(this.lost);
  }
}

const NOTHING: readonly BrokerMessage[] = /* @__PURE__ */ Object.freeze([]);
