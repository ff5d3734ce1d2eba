import { InvalidOptionError, memoryEventStore } from 'millrace';
import { eventStoreContract, type EventStoreContractOptions } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { sharedMemory } from './store-contract-defects/altered-store.ts';

describe('the event store in memory', () => {
  for (const { name, skip, run } of eventStoreContract(memoryEventStore, { clients: 'one', quietMs: 20 })) {
    it.skipIf(skip !== undefined)(name, run);
  }
});

describe('several stores on one database in memory', () => {
  for (const { name, run } of eventStoreContract(sharedMemory(), { quietMs: 20 })) it(name, run);
});

describe('the contract of an event store', () => {
  it('has cases with names of their own', () => {
    const names = eventStoreContract(memoryEventStore).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(45);
  });

  it('skips what needs several clients, and all of it where there is no store, and says why', () => {
    const skips = eventStoreContract(memoryEventStore, { clients: 'one' }).flatMap(({ skip }) => skip ?? []);
    expect(skips).toHaveLength(6);
    expect(skips[0]).toEqual({ kind: 'capability', reason: 'it has one client only' });
    const missing = eventStoreContract(memoryEventStore, { unavailable: 'no server' });
    expect(missing.every(({ skip }) => skip?.kind === 'environment' && skip.reason === 'no server')).toBe(true);
  });

  it('opens nothing before a case is run, and closes what it has opened', async () => {
    let open = 0;
    const make = () => {
      open++;
      const store = memoryEventStore();
      const close = store.close.bind(store);
      return Object.assign(store, { close: () => close().then(() => void open--) });
    };
    const [first] = eventStoreContract(make);
    expect(open).toBe(0);
    await first!.run();
    expect(open).toBe(0);
  });

  it.each<[string, EventStoreContractOptions, RegExp]>([
    ['scale', { scale: 0 }, /scale.*> 0, got 0/],
    ['clients', { clients: 'two' as never }, /clients.*'many', 'one', got 'two'/],
    ['timeLimitMs', { timeLimitMs: -1 }, /timeLimitMs/],
    ['quietMs', { quietMs: 0 }, /quietMs/],
    ['unavailable', { unavailable: '' }, /unavailable/],
    ['an unknown one', { size: 1 } as never, /'size'/],
  ])('refuses %s that cannot work', (_, options, message) => {
    expect(() => eventStoreContract(memoryEventStore, options)).toThrow(InvalidOptionError);
    expect(() => eventStoreContract(memoryEventStore, options)).toThrow(message);
  });

  it('refuses what opens no store', () => {
    expect(() => eventStoreContract(undefined as never)).toThrow(/makeStore.*got undefined/);
  });
});
