import { createRepository, defineAggregate, defineEvent, memoryEventStore, payload } from 'millrace';
import { expect, it } from 'vitest';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const Withdrawn = defineEvent('account.withdrawn', payload<{ amount: number }>());
type Command = { type: 'deposit' | 'withdraw'; amount: number };

const Account = defineAggregate({
  name: 'account',
  events: [Deposited, Withdrawn],
  initial: { balance: 0 },
  decide: ({ type, amount }: Command, { balance }) => {
    if (type === 'deposit') return { type: 'account.deposited', data: { amount } };
    if (amount > balance) throw new Error(`insufficient funds: ${balance}`);
    return { type: 'account.withdrawn', data: { amount } };
  },
  evolve: ({ balance }, { type, data }) => ({
    balance: type === 'account.deposited' ? balance + data.amount : balance - data.amount,
  }),
});

it('executes commands', async () => {
  await using store = memoryEventStore();
  const accounts = createRepository(store, Account, { snapshotEvery: 3 });
  const other = createRepository(store, Account);
  for (let i = 0; i < 10; i++) await accounts.execute('a', { type: 'deposit', amount: 10 }, { commandId: `c${i}` });
  const again = await accounts.execute('a', { type: 'deposit', amount: 10 }, { commandId: 'c4' });
  expect(again).toMatchObject({ isRepeated: true, version: 10, state: { balance: 100 } });
  expect(again.events).toHaveLength(1);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? accounts : other).execute('a', { type: 'withdraw', amount: 10 })),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(await other.load('a')).toStrictEqual({ state: { balance: 0 }, version: 20 });
  expect(await accounts.load('a')).toStrictEqual({ state: { balance: 0 }, version: 20 });
  expect(await Account.fold(store.readStream('account-a'))).toStrictEqual({ balance: 0 });
});
