import type { BehaviorSubject } from 'rxjs';
import type { Broker } from './broker.ts';
import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { BrokerLetterStore } from './broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from './broker-message.ts';
import type { BrokerState } from './broker-stats.ts';
import type { BrokerSubscription } from './broker-subscription.ts';
import type { CheckedSubscription } from './check-subscription.ts';

/** A subscription as its broker sees it. */
export interface LiveSubscription extends BrokerSubscription {
  /** How many deliveries are not settled. */
  readonly inFlight: number;
}

/** What is different between the brokers of servers. */
export interface BrokerBody {
  readonly capabilities: BrokerCapabilities;
  /** The connection. */
  readonly link: { readonly state: BehaviorSubject<BrokerState>; readonly reconnects: number };
  /** For messages without a time. */
  now(): number;
  /** Messages that are not confirmed yet. */
  readonly publishing: number;
  /** @param messages - checked */
  publish(messages: readonly BrokerMessage[], signal: AbortSignal | undefined): Promise<readonly PublishReceipt[]>;
  /** @param onClosed - called once, when it is closed */
  subscribe(
    broker: Pick<Broker, 'capabilities' | 'name'>,
    options: CheckedSubscription,
    onClosed: (subscription: LiveSubscription) => void,
  ): LiveSubscription;
  letterStore(name: string): BrokerLetterStore;
  /** Called once, when all subscriptions are closed: ends every publish, confirmed or refused, and the connection if it is ours. */
  close(): Promise<void>;
}
