import type { Broker } from '../broker/broker.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import type { Publisher } from './publisher.ts';
import type { Topics } from './topics.ts';
import type { Outbound } from './wire.ts';

/** What subscriptions and letter stores of a broker share. */
export interface Surroundings {
  readonly link: Link;
  readonly topics: Topics;
  readonly publisher: Publisher;
  readonly options: CheckedOptions;
  /** A message as it is published. @throws InvalidOptionError for one that Kafka cannot have */
  readonly outbound: (message: BrokerMessage) => Outbound;
}

/** The same for subscriptions. */
export interface SubscriptionSurroundings extends Surroundings {
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
}
