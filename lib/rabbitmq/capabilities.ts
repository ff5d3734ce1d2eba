import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import type { CheckedOptions } from './options.ts';

/** What a broker's options make of it. */
export function capabilitiesOf({ exchange, inTurn, queueArguments, client }: CheckedOptions): BrokerCapabilities {
  return Object.freeze({
    delivery: 'at-least-once',
    groups: true,
    durableGroups: true,
    redelivery: true,
    delayedRedelivery: true,
    // Only quorum queues count.
    deliveryCount: (queueArguments['x-queue-type'] ?? 'quorum') === 'quorum',
    order: 'total',
    orderAcrossRedelivery: inTurn,
    history: false,
    replayFromTime: false,
    replayFromSequence: false,
    deduplication: false,
    lease: 'none',
    deadLetters: true,
    letterStores: true,
    atomicPublish: false,
    wildcards: exchange.type !== 'direct',
    // A connection of the user's is not made again.
    restart: client === undefined,
  });
}
