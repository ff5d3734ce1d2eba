import type { BrokerDelivery, NackOptions } from '../../broker/broker-delivery.ts';
import type { BrokerMessage } from '../../broker/broker-message.ts';
import { DeliveryLostError } from '../../broker/delivery-lost-error.ts';

/** What became of a delivery, as its consumer knows. */
export type ReceivedState = 'acknowledged' | 'being acknowledged' | 'handed back' | 'lost' | 'unsettled';

/** Who is told of a delivery's end. */
export interface SettlementWatcher {
  /** Its settlement begins: for the broker, it may be over at any moment. */
  settling(received: Received): void;
  /** The broker has answered. */
  settled(received: Received): void;
}

/** A delivery as a consumer of a contract has it. */
export class Received {
  readonly delivery: BrokerDelivery;
  /** When it came. */
  readonly at: number;
  /** Its place among all deliveries of the case. */
  readonly place: number;
  state: ReceivedState = 'unsettled';
  readonly #watcher: SettlementWatcher;

  constructor(delivery: BrokerDelivery, at: number, place: number, watcher: SettlementWatcher) {
    this.delivery = delivery;
    this.at = at;
    this.place = place;
    this.#watcher = watcher;
  }

  get message(): BrokerMessage {
    return this.delivery.message;
  }

  get id(): string {
    return this.message.id;
  }

  /** @returns whether the broker took it; `false` if the delivery was lost meanwhile */
  ack(): Promise<boolean> {
    this.state = 'being acknowledged';
    return this.#settle(() => this.delivery.ack(), 'acknowledged');
  }

  /** @returns whether the broker took it; `false` if the delivery was lost meanwhile */
  nack(options?: NackOptions): Promise<boolean> {
    // From now on it may come again, whether its answer is here or not.
    this.state = 'handed back';
    return this.#settle(() => this.delivery.nack(options), 'handed back');
  }

  async #settle(settle: () => Promise<void>, state: ReceivedState): Promise<boolean> {
    this.#watcher.settling(this);
    try {
      await settle();
      this.state = state;
    } catch (error) {
      if (!(error instanceof DeliveryLostError)) throw error;
      this.state = 'lost';
    }
    this.#watcher.settled(this);
    return this.state !== 'lost';
  }
}
