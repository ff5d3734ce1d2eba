import type { BrokerMessage } from './broker-message.ts';

/**
 * A message in the hands of one subscription, until it is settled: acknowledged, or handed back.
 *
 * The first call of `ack` or `nack` counts. A further one changes nothing and gives the same result, so that whoever is unsure may settle again.
 */
export interface BrokerDelivery {
  /** What was published. */
  readonly message: BrokerMessage;
  /** How often the group was given this message, this time included: 1 at first. As exact as the capability `deliveryCount` says. */
  readonly deliveryCount: number;
  /** Its place in the log, where the broker has one (JetStream: the stream's sequence; Kafka: the offset in its partition). */
  readonly sequence?: number | undefined;
  /** Whether it is settled, or lost. `signal` says the same, and costs more. */
  readonly isOver: boolean;
  /** Aborted once the delivery is settled, its lease has lapsed, its subscription is closed, or the broker has taken it back. */
  readonly signal: AbortSignal;
  /**
   * The work is done: the group does not need it again. Deliveries are acknowledged in any order; a broker that keeps one position (Kafka)
   * commits up to the first that is unsettled, and repeats what lies behind it after a crash.
   *
   * @returns when the broker knows, as surely as it can say
   * @throws DeliveryLostError when it is not yours any more: it comes again, or has come to another; InvalidOptionError for messages that cannot be sent,
   * or that the broker cannot publish together with it
   */
  ack(options?: AckOptions): Promise<void>;
  /**
   * Hands it back: it comes again, to any subscription of the group, at once or after a while.
   *
   * @throws DeliveryLostError when it is not yours any more; InvalidOptionError for a delay that is none, or that the broker cannot keep
   */
  nack(options?: NackOptions): Promise<void>;
  /**
   * Renews the lease: it has its whole `leaseMs` again. Without a lease it does nothing.
   *
   * @throws DeliveryLostError when it is not yours any more; InvalidOptionError when the broker's leases are fixed
   */
  extend(): Promise<void>;
}

/** How a delivery is acknowledged. */
export interface AckOptions {
  /** Messages that are published if, and only if, the acknowledgement stands. Needs `atomicPublish`. @defaultValue none */
  readonly publish?: readonly BrokerMessage[];
}

/** How a delivery is handed back. */
export interface NackOptions {
  /** Milliseconds before it comes again; ≥ 0. Needs `delayedRedelivery`. @defaultValue 0 */
  readonly delayMs?: number;
}
