/// <reference lib="esnext.disposable" preserve="true" />
import { BehaviorSubject, type Observable } from 'rxjs';
import { ClosedError, InvalidOptionError } from '../core/errors.ts';
import { expectName, expectOptions, show } from '../core/options.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { Broker, BrokerPublishOptions } from './broker.ts';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';
import type { BrokerState, BrokerStats } from './broker-stats.ts';
import type { BrokerSubscription, SubscribeOptions } from './broker-subscription.ts';
import { checkedMessage } from './check-message.ts';
import { CheckedLetterStore } from './checked-letter-store.ts';
import { checkedSubscription, expectGroupName } from './check-subscription.ts';
import { capabilitiesOf } from './memory-broker-capabilities.ts';
import type { MemoryBrokerStore, MemoryBrokerStoreOptions } from './memory-broker-options.ts';
import { createStore } from './memory-broker-store.ts';
import { MemoryStore } from './memory-store.ts';
import { MemorySubscription } from './memory-subscription.ts';
import { PendingPublish } from './publish-line.ts';

/** How a memory broker is made. */
export interface MemoryBrokerOptions extends MemoryBrokerStoreOptions {
  /** Names it in errors and logs. @defaultValue 'memory' */
  readonly name?: string;
  /** What it is a client of; then the store's options are the store's. @defaultValue a store of its own */
  readonly store?: MemoryBrokerStore;
}

/**
 * Creates a broker in this process: consumer groups, redelivery with delays, leases, order per key, replay, de-duplication and dead letters, with bounded
 * memory. For programs that have no broker yet, and for tests of those that have; it behaves as a server does, but ends with its process.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryBroker } from 'millrace';
 *
 * await using broker = memoryBroker();
 * const mails = broker.subscribe({ topics: 'user.*', group: 'mail', maxInFlight: 8, leaseMs: 30_000 });
 * const body = new TextEncoder().encode(JSON.stringify({ email: 'ada@example.com' }));
 * await broker.publish({ id: 'e1', topic: 'user.signed_up', body, headers: {} });
 * for await (const delivery of mails) {
 *   console.log(delivery.message.topic, delivery.deliveryCount); // user.signed_up 1
 *   await delivery.ack();
 *   break;
 * }
 * ```
 */
export function memoryBroker(options: MemoryBrokerOptions = {}): Broker {
  const { name = 'memory', store, ...ofStore } = expectOptions('options', options);
  expectName('name', name);
  if (store === undefined) return new MemoryBroker(name, createStore(ofStore));
  if (!(store instanceof MemoryStore)) {
    throw new InvalidOptionError(`Expected store to be made by memoryBrokerStore(), got ${show(store)}.`);
  }
  const [first] = Object.keys(ofStore);
  if (first !== undefined) {
    throw new InvalidOptionError(
      `Expected ${first} to be given to memoryBrokerStore() when there is a store, got it here.`,
    );
  }
  return new MemoryBroker(name, store);
}

/** A client of a {@link MemoryStore}. */
class MemoryBroker implements Broker {
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  readonly #store: MemoryStore;
  readonly #subscriptions = new Set<MemorySubscription>();
  readonly #publishing = new Set<PendingPublish>();
  readonly #state = new BehaviorSubject<BrokerState>('connected');

  constructor(name: string, store: MemoryStore) {
    this.name = name;
    this.#store = store;
    this.capabilities = capabilitiesOf(store.options);
  }

  get states(): Observable<BrokerState> {
    return this.#state.asObservable();
  }

  async publish(
    messages: BrokerMessage | readonly BrokerMessage[],
    { signal }: BrokerPublishOptions = {},
  ): Promise<readonly PublishReceipt[]> {
    this.#expectOpen();
    signal?.throwIfAborted();
    const now = this.#store.scheduler.now();
    const checked = [messages].flat().map((message) => checkedMessage(message, now));
    return this.#send(checked, signal);
  }

  subscribe(options: SubscribeOptions): BrokerSubscription {
    this.#expectOpen();
    const checked = checkedSubscription(this, options);
    const subscription = new MemorySubscription(this, this.#store, checked, (closed) =>
      this.#subscriptions.delete(closed),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  letterStore(name: string): BrokerLetterStore {
    this.#expectOpen();
    const store = this.#store.letterStore(expectGroupName('the name of a letter store', name));
    return new CheckedLetterStore(
      store,
      () => this.#store.scheduler.now(),
      () => this.#expectOpen(),
    );
  }

  stats(): BrokerStats {
    return {
      state: this.#state.value,
      reconnects: 0,
      publishing: sum(this.#publishing, ({ left }) => left),
      inFlight: sum(this.#subscriptions, ({ inFlight }) => inFlight),
    };
  }

  async close(): Promise<void> {
    this.#state.next('closed');
    this.#state.complete();
    for (const publish of this.#publishing) publish.refuse(this.#closedError());
    await Promise.all(Array.from(this.#subscriptions, (subscription) => subscription.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #send(messages: readonly BrokerMessage[], signal: AbortSignal | undefined): Promise<readonly PublishReceipt[]> {
    const { line } = this.#store;
    return new Promise((resolve, reject) => {
      const pending: PendingPublish = new PendingPublish(messages, (error) => {
        takeBack?.();
        this.#publishing.delete(pending);
        if (error === undefined) {
          resolve(pending.receipts);
          return;
        }
        reject(error);
        line.withdraw(pending);
      });
      this.#publishing.add(pending);
      const takeBack = signal && whenAborted(signal, () => pending.refuse(signal.reason));
      line.push(pending);
    });
  }

  #expectOpen(): void {
    if (this.#state.value === 'closed') throw this.#closedError();
  }

  #closedError(): ClosedError {
    return new ClosedError(`broker '${this.name}'`);
  }
}

function sum<Part>(parts: Iterable<Part>, sizeOf: (part: Part) => number): number {
  let total = 0;
  for (const part of parts) total += sizeOf(part);
  return total;
}
