/**
 * Whether a broker can be reached. `reconnecting`: its server is away, or has not been reached yet; it goes on trying by itself. `closed`: it is over.
 */
export type BrokerState = 'closed' | 'connected' | 'reconnecting';

/** What a broker does, now. */
export interface BrokerStats {
  /** Whether it can be reached. */
  readonly state: BrokerState;
  /** How often it has lost its server, and has reached it again. */
  readonly reconnects: number;
  /** Messages that it has been given to publish, and that are not confirmed yet. */
  readonly publishing: number;
  /** Deliveries of its subscriptions that are not settled yet; what an adapter reads ahead is among them. */
  readonly inFlight: number;
}
