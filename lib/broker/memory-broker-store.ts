import { asyncScheduler } from 'rxjs';
import { expectCount, expectDelay, expectOneOf, expectOptions } from '../core/options.ts';
import type { MemoryBrokerStore, MemoryBrokerStoreOptions } from './memory-broker-options.ts';
import { MemoryStore } from './memory-store.ts';

/**
 * Creates what lies behind memory brokers. Give one store to several brokers, at once or one after the other, and they are clients of one server: what
 * one publishes the others receive, and what a closed one has not acknowledged is there for the next.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryBroker, memoryBrokerStore } from 'millrace';
 *
 * const store = memoryBrokerStore({ capacity: 5_000, overflow: 'fail' });
 * const web = memoryBroker({ store });
 * const mail = memoryBroker({ store });
 * console.log(store.stats().unsettled, web.name, mail.name);
 * ```
 */
export function memoryBrokerStore(options: MemoryBrokerStoreOptions = {}): MemoryBrokerStore {
  return createStore(options);
}

/** The same, for those who know what is in it. */
export function createStore(options: MemoryBrokerStoreOptions): MemoryStore {
  const {
    capacity = 100_000,
    overflow = 'suspend',
    historySize = 10_000,
    deduplicationWindowMs = 120_000,
    order = 'key',
    scheduler = asyncScheduler,
  } = expectOptions('options', options);
  expectCount('capacity', capacity, 1, true);
  expectOneOf('overflow', overflow, ['suspend', 'fail', 'drop-oldest']);
  expectCount('historySize', historySize, 0, true);
  expectDelay('deduplicationWindowMs', deduplicationWindowMs);
  expectOneOf('order', order, ['none', 'key', 'total']);
  return new MemoryStore({ capacity, overflow, historySize, deduplicationWindowMs, order, scheduler });
}
