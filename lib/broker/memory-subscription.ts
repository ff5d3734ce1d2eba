/// <reference lib="esnext.disposable" preserve="true" />
import type { BrokerDelivery } from './broker-delivery.ts';
import type { BrokerSubscription } from './broker-subscription.ts';
import type { CheckedSubscription } from './check-subscription.ts';
import { type CopyEnd, MemoryDelivery } from './memory-delivery.ts';
import { DeliveryIterator, type PendingNext } from './delivery-iterator.ts';
import type { GroupCopy } from './group-copy.ts';
import type { Member, MemoryGroup } from './memory-group.ts';
import type { MemoryStore } from './memory-store.ts';

/** One member of a group. It asks for a copy when a loop waits for one and fewer than `maxInFlight` are out. */
export class MemorySubscription implements BrokerSubscription, Member {
  readonly ready: Promise<void> = Promise.resolve();
  readonly #options: CheckedSubscription;
  readonly #store: MemoryStore;
  readonly #group: MemoryGroup;
  readonly #onClosed: (subscription: MemorySubscription) => void;
  readonly #pending = new Set<PendingNext>();
  readonly #inFlight = new Set<MemoryDelivery>();
  #isClosed = false;

  constructor(store: MemoryStore, options: CheckedSubscription, onClosed: (subscription: MemorySubscription) => void) {
    this.#store = store;
    this.#options = options;
    this.#onClosed = onClosed;
    this.#group = store.group(options);
    this.#group.join(this);
  }

  give(copy: GroupCopy): boolean {
    const delivery = new MemoryDelivery(copy, this.#options.leaseMs, this.#store.scheduler, (ended, end) =>
      this.#settle(ended, end),
    );
    this.#inFlight.add(delivery);
    const [next] = this.#pending;
    this.#pending.delete(next!);
    next!({ value: delivery, done: false });
    return this.#wantsMore;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BrokerDelivery, undefined> {
    return new DeliveryIterator(
      (next) => this.#enlist(next),
      (next) => this.#delist(next),
    );
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#group.leave(this);
    for (const next of this.#pending) next({ value: undefined, done: true });
    this.#pending.clear();
    for (const delivery of this.#inFlight) delivery.lose('its subscription was closed');
    this.#onClosed(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #wantsMore(): boolean {
    return this.#pending.size > 0 && this.#inFlight.size < this.#options.maxInFlight;
  }

  #enlist(next: PendingNext): void {
    if (this.#isClosed) {
      next({ value: undefined, done: true });
      return;
    }
    this.#pending.add(next);
    if (this.#wantsMore) this.#group.ask(this);
  }

  #delist(next: PendingNext): void {
    this.#pending.delete(next);
    if (this.#pending.size === 0) this.#group.stopAsking(this);
  }

  #settle(delivery: MemoryDelivery, end: CopyEnd): void {
    this.#inFlight.delete(delivery);
    this.#store.settle(this.#group, delivery.copy, end, this.#options.deadLetter);
    if (this.#wantsMore) this.#group.ask(this);
  }
}
