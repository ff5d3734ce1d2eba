import { createEventStore, type EventStoreOptions } from './create-event-store.ts';
import type { EventStore } from './event-store.ts';
import { MemoryBackend } from './memory-backend.ts';

/**
 * Creates an event store in this process's memory, for tests and for programs that need no more. It behaves as the stores that keep, and ends with its process.
 *
 * @throws InvalidOptionError for an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryEventStore } from 'millrace';
 *
 * await using store = memoryEventStore();
 * await store.append('account-1', { type: 'account.deposited', data: { amount: 40 } }, { expectedVersion: 'no-stream' });
 * for await (const { version, type, data } of store.readStream('account-1')) console.log(version, type, data);
 * ```
 */
export function memoryEventStore(options: EventStoreOptions = {}): EventStore {
  return createEventStore(new MemoryBackend(), { name: 'memory', ...options });
}
