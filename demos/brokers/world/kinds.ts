/** Brokers that are servers. */
export type ServerKind = 'kafka' | 'nats' | 'rabbitmq';

export type BrokerKind = ServerKind | 'memory';

export const brokerKinds: readonly BrokerKind[] = ['nats', 'kafka', 'rabbitmq', 'memory'];
