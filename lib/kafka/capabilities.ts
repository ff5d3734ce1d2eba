import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import type { CheckedOptions } from './options.ts';

/** What the options make of it. */
export function capabilitiesOf({ redelivery, transactional }: CheckedOptions): BrokerCapabilities {
  return Object.freeze({
    delivery: transactional === undefined ? 'at-least-once' : 'exactly-once',
    groups: true,
    durableGroups: true,
    redelivery: true,
    delayedRedelivery: true,
    // A group keeps places, not messages: who takes a partition over does not know how often each was given out.
    deliveryCount: false,
    order: 'key',
    orderAcrossRedelivery: redelivery === 'in-place',
    history: true,
    replayFromTime: true,
    replayFromSequence: true,
    deduplication: false,
    lease: 'none',
    deadLetters: false,
    letterStores: true,
    atomicPublish: transactional !== undefined,
    wildcards: true,
    restart: true,
  });
}
