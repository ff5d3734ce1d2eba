import type { Broker } from '../broker/broker.ts';
import type { DelayQueues } from './delay-queues.ts';
import type { Link } from './link.ts';
import type { CheckedOptions } from './options.ts';
import type { Publisher } from './publisher.ts';
import type { Topology } from './topology.ts';

/** What subscriptions and letter stores of a broker share. */
export interface Surroundings {
  readonly link: Link;
  readonly topology: Topology;
  readonly publisher: Publisher;
  readonly delayQueues: DelayQueues;
  readonly options: CheckedOptions;
}

/** The same for subscriptions. */
export interface SubscriptionSurroundings extends Surroundings {
  readonly broker: Pick<Broker, 'capabilities' | 'name'>;
}
