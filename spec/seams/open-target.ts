import type { Broker } from 'millrace';
import { kafkaBroker } from 'millrace/kafka';
import { jetStreamBroker, natsBroker } from 'millrace/nats';
import { rabbitMqBroker } from 'millrace/rabbitmq';
import type { BrokerTarget } from './rig.ts';

/** What a client is told beyond where its server is. */
export interface TargetOptions {
  readonly publishTimeoutMs?: number;
}

/** Opens a broker wherever it is described, in this process or another. */
export async function openTarget({ kind, url }: BrokerTarget, options: TargetOptions = {}): Promise<Broker> {
  return OPEN[kind](url, options);
}

/** Silence is noticed in seconds, so that seams are short. */
const OPEN: Readonly<Record<BrokerTarget['kind'], (url: string, options: TargetOptions) => Promise<Broker>>> = {
  jetstream: (url, options) =>
    jetStreamBroker({ connect: { servers: url, pingInterval: 500 }, ackWaitMs: 2_000, ...options }),
  kafka: (url, options) =>
    kafkaBroker({
      connect: { brokers: url, requestTimeout: 1_500, connectionTimeout: 1_000 },
      sessionTimeoutMs: 3_000,
      heartbeatMs: 300,
      ...options,
    }),
  nats: (url, options) => natsBroker({ connect: { servers: url, pingInterval: 500 }, ...options }),
  rabbitmq: (url, options) => rabbitMqBroker({ connect: { url: `${url}?heartbeat=1` }, ...options }),
};
