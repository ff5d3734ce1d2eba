import { memoryEventStore } from 'millrace';
import { eventStoreContract } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { STORE_DEFECTS } from './store-contract-defects/index.ts';

// A contract that cannot fail proves nothing: for each of its cases, stores that break its promise.
describe('a store that', () => {
  it.each(STORE_DEFECTS)('$defect is found where it "$found"', async ({ found, message, open, isShared = false }) => {
    const options = { clients: isShared ? 'many' : 'one', timeLimitMs: 500, quietMs: 20 } as const;
    const contractCase = eventStoreContract(open, options).find(({ name }) => name === found);
    expect(contractCase).toMatchObject({ name: found });
    expect(contractCase?.skip).toBeUndefined();

    const failure = await contractCase!.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
    expect((failure as Error).message).toMatch(message);
  });
});

it('has a broken store for each case', () => {
  const found = new Set(STORE_DEFECTS.map((defect) => defect.found));
  const unproven = eventStoreContract(memoryEventStore).filter(({ name }) => !found.has(name));
  expect(unproven.map(({ name }) => name)).toEqual([]);
});
