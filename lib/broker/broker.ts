/// <reference lib="esnext.disposable" preserve="true" />
import type { Observable } from 'rxjs';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';
import type { BrokerState, BrokerStats } from './broker-stats.ts';
import type { BrokerSubscription, SubscribeOptions } from './broker-subscription.ts';

/**
 * A client of a message broker: the port behind which core NATS, JetStream, Kafka, RabbitMQ and `memoryBroker()` are alike, as far as their
 * capabilities are. These comments are its specification; `brokerContract` of `millrace/testing` holds an adapter to it.
 */
export interface Broker extends AsyncDisposable {
  /** Which one it is, in errors and logs. */
  readonly name: string;
  /** What it promises; the same for its whole life. */
  readonly capabilities: BrokerCapabilities;
  /** Whether it can be reached: what is so when one subscribes, then every change; completes when it is closed. */
  readonly states: Observable<BrokerState>;
  /**
   * Publishes a message, or several of one call in their order. While the broker is away it waits, within its own time limit.
   *
   * @returns when the broker has confirmed all of them, as safely as its capabilities say: a receipt each, in the same order
   * @throws ClosedError after `close()`; the signal's reason, when it is aborted before; InvalidOptionError for a message that cannot be sent (none of the
   * call is); any other error when it is unknown what the broker has: publish again with the same ids
   */
  publish(
    messages: BrokerMessage | readonly BrokerMessage[],
    options?: BrokerPublishOptions,
  ): Promise<readonly PublishReceipt[]>;
  /**
   * Begins to consume as a member of a group.
   *
   * @returns at once; `ready` says when it stands
   * @throws InvalidOptionError for an option that cannot work, or for which the broker has no capability; ClosedError after `close()`
   */
  subscribe(options: SubscribeOptions): BrokerSubscription;
  /**
   * Letters that the broker keeps under a name: letters, digits, `-` and `_`. Every client that uses the name has the same ones. Topology is made, or looked
   * for, when it is first used.
   *
   * @throws InvalidOptionError for a name that cannot be, or without the capability `letterStores`; ClosedError after `close()`
   */
  letterStore(name: string): BrokerLetterStore;
  /** What it does, now. */
  stats(): BrokerStats;
  /**
   * Takes nothing more, closes its subscriptions, and ends what it has opened; a client that was handed in stays open. Every `publish` in progress ends
   * first: confirmed, or rejected. Idempotent: every call resolves when all is done.
   */
  close(): Promise<void>;
}

/** How a message is published. */
export interface BrokerPublishOptions {
  /** Gives up waiting; what was sent already may have arrived. */
  readonly signal?: AbortSignal;
}
