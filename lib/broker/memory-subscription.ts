/// <reference lib="esnext.disposable" preserve="true" />
import type { Subscription } from 'rxjs';
import type { Broker } from './broker.ts';
import type { BrokerDelivery } from './broker-delivery.ts';
import type { BrokerMessage } from './broker-message.ts';
import type { BrokerSubscription } from './broker-subscription.ts';
import type { CheckedSubscription } from './check-subscription.ts';
import type { GroupCopy } from './group-copy.ts';
import { HandOut } from './hand-out.ts';
import type { Member, MemoryGroup } from './memory-group.ts';
import type { CopyEnd, MemoryStore } from './memory-store.ts';
import { type DeliveryOwner, SettleOnce } from './settle-once.ts';

/** A copy in the hands of a subscription, and the timer of its lease. */
interface CopyOut {
  readonly copy: GroupCopy;
  lease: Subscription | undefined;
}

/** One member of a group. It asks for a copy when a loop waits for one and fewer than `maxInFlight` are out. */
export class MemorySubscription implements BrokerSubscription, DeliveryOwner<CopyOut>, Member {
  readonly ready: Promise<void> = Promise.resolve();
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
  readonly #options: CheckedSubscription;
  readonly #store: MemoryStore;
  readonly #group: MemoryGroup;
  readonly #onClosed: (subscription: MemorySubscription) => void;
  readonly #handOut: HandOut;
  readonly #inFlight = new Set<SettleOnce<CopyOut>>();
  #isClosed = false;

  constructor(
    broker: Pick<Broker, 'capabilities' | 'name'>,
    store: MemoryStore,
    options: CheckedSubscription,
    onClosed: (subscription: MemorySubscription) => void,
  ) {
    this.broker = broker;
    this.#store = store;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#group = store.group(options);
    this.#handOut = new HandOut(
      () => this.#ask(),
      () => this.#group.stopAsking(this),
    );
    this.#group.join(this);
  }

  /** How many deliveries are not settled. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  now(): number {
    return this.#store.scheduler.now();
  }

  give(copy: GroupCopy): boolean {
    const { message, sequence } = copy.stored;
    const { deliveryCount } = copy;
    // The bytes are the consumer's own, as they are from a real broker.
    const own = Object.freeze({ ...message, body: new Uint8Array(message.body) });
    const delivery = new SettleOnce({ message: own, deliveryCount, sequence, tag: { copy, lease: undefined } }, this);
    this.#inFlight.add(delivery);
    this.#startLease(delivery);
    this.#handOut.push(delivery);
    return this.#wantsMore;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return this.#handOut.loop();
  }

  async ack(delivery: SettleOnce<CopyOut>, publish: readonly BrokerMessage[]): Promise<void> {
    for (const message of publish) this.#store.accept(message);
    this.#end(delivery, 'acknowledged');
  }

  async nack(delivery: SettleOnce<CopyOut>, delayMs: number): Promise<void> {
    this.#end(delivery, { delayMs });
  }

  async extend(delivery: SettleOnce<CopyOut>): Promise<void> {
    this.#startLease(delivery);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#group.leave(this);
    this.#handOut.end();
    for (const delivery of this.#inFlight) this.#lose(delivery, 'its subscription was closed');
    if (this.#options.isEphemeral) this.#store.deleteGroup(this.#options.group);
    this.#onClosed(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #wantsMore(): boolean {
    return this.#handOut.asking > 0 && this.#inFlight.size < this.#options.maxInFlight;
  }

  #ask(): void {
    if (this.#wantsMore) this.#group.ask(this);
  }

  #startLease(delivery: SettleOnce<CopyOut>): void {
    const { leaseMs } = this.#options;
    if (leaseMs === undefined) return;
    const { tag } = delivery;
    tag.lease?.unsubscribe();
    tag.lease = this.#store.scheduler.schedule(() => this.#lose(delivery, 'its lease lapsed'), leaseMs);
  }

  #lose(delivery: SettleOnce<CopyOut>, why: string): void {
    if (delivery.lose(why)) this.#end(delivery, 'handed back');
  }

  #end(delivery: SettleOnce<CopyOut>, end: CopyEnd): void {
    const { copy, lease } = delivery.tag;
    lease?.unsubscribe();
    this.#inFlight.delete(delivery);
    this.#store.settle(this.#group, copy, end, this.#options.deadLetter);
    this.#ask();
  }
}
