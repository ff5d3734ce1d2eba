/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { Broker, BrokerPublishOptions } from './broker.ts';
import type { BrokerBody, LiveSubscription } from './broker-body.ts';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';
import type { BrokerState, BrokerStats } from './broker-stats.ts';
import type { BrokerSubscription, SubscribeOptions } from './broker-subscription.ts';
import { CheckedLetterStore } from './checked-letter-store.ts';
import { checkedMessage } from './check-message.ts';
import { checkedSubscription, expectCapability, expectGroupName } from './check-subscription.ts';
import { ClosedError } from '../core/errors.ts';

/** A broker of a server as its users see it: it checks what it is given, and knows what is open. */
export class ServerBroker implements Broker {
  readonly name: string;
  readonly capabilities: BrokerCapabilities;
  readonly #body: BrokerBody;
  readonly #subscriptions = new Set<LiveSubscription>();
  #closing: Promise<void> | undefined;

  constructor(name: string, body: BrokerBody) {
    this.name = name;
    this.capabilities = body.capabilities;
    this.#body = body;
  }

  get states(): Observable<BrokerState> {
    return this.#body.link.state.asObservable();
  }

  async publish(
    messages: BrokerMessage | readonly BrokerMessage[],
    { signal }: BrokerPublishOptions = {},
  ): Promise<readonly PublishReceipt[]> {
    this.#expectOpen();
    signal?.throwIfAborted();
    const now = this.#body.now();
    const list = Array.isArray(messages) ? (messages as readonly BrokerMessage[]) : [messages as BrokerMessage];
    return this.#body.publish(
      list.map((message) => checkedMessage(message, now)),
      signal,
    );
  }

  subscribe(options: SubscribeOptions): BrokerSubscription {
    this.#expectOpen();
    const checked = checkedSubscription(this, options);
    const subscription = this.#body.subscribe(this, checked, (closed) => this.#subscriptions.delete(closed));
    this.#subscriptions.add(subscription);
    return subscription;
  }

  letterStore(name: string): BrokerLetterStore {
    this.#expectOpen();
    expectCapability(this, 'letterStores', 'letterStore()');
    const store = this.#body.letterStore(expectGroupName('the name of a letter store', name));
    return new CheckedLetterStore(
      store,
      () => this.#body.now(),
      () => this.#expectOpen(),
    );
  }

  stats(): BrokerStats {
    const { link, publishing } = this.#body;
    let inFlight = 0;
    for (const subscription of this.#subscriptions) inFlight += subscription.inFlight;
    return { state: link.state.value, reconnects: link.reconnects, publishing, inFlight };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await Promise.all(Array.from(this.#subscriptions, async (subscription) => subscription.close()));
    await this.#body.close();
  }

  #expectOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError(`broker '${this.name}'`);
  }
}
