import { memoryEventStore } from 'millrace';
import { eventStoreContract } from 'millrace/testing';
import { describe, it } from 'vitest';

describe('the event store in memory', () => {
  for (const { name, skip, run } of eventStoreContract(memoryEventStore, { clients: 'one', quietMs: 20 })) {
    it.skipIf(skip !== undefined)(name, run);
  }
});
