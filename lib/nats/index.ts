/**
 * Brokers of NATS: `import { jetStreamBroker, natsBroker } from 'millrace/nats'`.
 *
 * @packageDocumentation
 */
export { natsBroker } from './nats-broker.ts';
export type { NatsBrokerOptions, NatsCoreOptions, NatsDrop } from './core-options.ts';
export { jetStreamBroker } from './jet-stream-broker.ts';
export type { JetStreamBrokerOptions, JetStreamOptions, JetStreamStream } from './jet-stream-options.ts';
export type { NatsClient, NatsHeaders, NatsInterest, NatsMessage, NatsStatus } from './nats-client.ts';
export type { NatsClientOptions, NatsConnectOptions, NatsOptions } from './options.ts';
