import { createEventBus, defineEvent, memoryEventStore, payload, projectionProgress, runProjection } from 'millrace';
import { expect, it } from 'vitest';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());

async function withDeposits(count: number) {
  const store = memoryEventStore();
  await store.append(
    'account-1',
    Array.from({ length: count }, (_, i) => ({ type: 'account.deposited', data: { amount: i } })),
  );
  return store;
}

it('catches up, goes on, resumes', async () => {
  await using store = await withDeposits(1000);
  let sum = 0;
  let n = 0;
  const definition = {
    name: 'sum',
    events: [Deposited],
    on: {
      'account.deposited': ({ data }: { data: { amount: number } }) => {
        sum += data.amount;
        n++;
      },
    },
  } as const;
  {
    await using projection = runProjection(store, definition);
    await projection.caughtUp();
    expect([sum, n]).toStrictEqual([499500, 1000]);
    await store.append('account-1', { type: 'account.deposited', data: { amount: 1 } });
    await projection.caughtUp();
    expect(n).toBe(1001);
    expect(projection.stats()).toMatchObject({ state: 'live', lag: 0, generation: 1 });
  }
  await using projection = runProjection(store, definition);
  await projection.caughtUp();
  expect(n).toBe(1001);
  const generation = await projection.rebuild();
  expect(generation).toBe(2);
  expect(n).toBe(2002);
  expect(await projectionProgress(store.documents, 'sum')).toMatchObject({ generation: 2 });
});

it('stops before an event that fails, and goes on', async () => {
  await using store = await withDeposits(20);
  const seen: number[] = [];
  let isBroken = true;
  await using projection = runProjection(store, {
    name: 'p',
    events: [Deposited],
    on: ({ data }) => {
      if (data.amount === 7 && isBroken) throw new Error('seven');
      seen.push(data.amount);
    },
  });
  projection.errors.subscribe();
  await expect(projection.caughtUp()).rejects.toThrow(/version 8 of stream 'account-1'.*seven/);
  expect(seen).toStrictEqual([0, 1, 2, 3, 4, 5, 6]);
  isBroken = false;
  projection.resume();
  await projection.caughtUp();
  expect(seen).toHaveLength(20);
});
void createEventBus;
