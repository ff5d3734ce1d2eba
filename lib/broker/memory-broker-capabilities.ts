import type { BrokerCapabilities } from './broker-capabilities.ts';
import type { CheckedStoreOptions } from './memory-broker-options.ts';

/** What a store's options make of it. */
export function capabilitiesOf({
  overflow,
  historySize,
  deduplicationWindowMs,
  order,
}: CheckedStoreOptions): BrokerCapabilities {
  const hasHistory = historySize > 0;
  return Object.freeze({
    // What `drop-oldest` gives up was confirmed.
    delivery: overflow === 'drop-oldest' ? 'at-most-once' : 'exactly-once',
    groups: true,
    durableGroups: true,
    redelivery: true,
    delayedRedelivery: true,
    deliveryCount: true,
    order,
    orderAcrossRedelivery: order !== 'none',
    history: hasHistory,
    replayFromTime: hasHistory,
    replayFromSequence: hasHistory,
    deduplication: deduplicationWindowMs > 0,
    lease: 'extendable',
    deadLetters: true,
    letterStores: true,
    atomicPublish: true,
    wildcards: true,
    restart: false,
  });
}
