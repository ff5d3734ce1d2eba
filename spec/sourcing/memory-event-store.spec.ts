import { memoryEventStore } from 'millrace';
import { expect, it } from 'vitest';

it('hands catch-up over to live', async () => {
  await using store = memoryEventStore();
  const append = (amount: number) => store.append('account-1', { type: 'account.deposited', data: { amount } });
  await append(1);
  const seen: unknown[] = [];
  const loop = (async () => {
    for await (const { version, data } of store.subscribe()) {
      seen.push([version, data]);
      if (version === 3) break;
    }
  })();
  await append(2);
  await append(3);
  await loop;
  expect(seen).toStrictEqual([
    [1, { amount: 1 }],
    [2, { amount: 2 }],
    [3, { amount: 3 }],
  ]);
});
