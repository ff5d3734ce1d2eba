// A user's page without a bundler: these modules come as they are in the package.
import { createChannel, createEventBus, createRepository, defineAggregate, defineEvent, payload } from 'millrace';
import { indexedDbEventStore } from 'millrace/indexeddb';

const Deposited = defineEvent('account.deposited', payload());

const Account = defineAggregate({
  name: 'account',
  initial: { balance: 0 },
  decide: ({ amount }) => Deposited.create({ amount }),
  evolve: ({ balance }, { data }) => ({ balance: balance + data.amount }),
});

globalThis.page = Promise.all([useBus(), useChannel(), useStore()]);

/** Tries three times, and keeps a letter of what fails. */
async function useBus() {
  const bus = createEventBus();
  const handled = [];
  bus.on(
    Deposited,
    async ({ data }) => {
      if (data.amount < 0) throw new RangeError('less than nothing');
      handled.push(data.amount);
    },
    { name: 'book', retry: { maxAttempts: 3, delayMs: 1 }, timeoutMs: 1_000 },
  );
  for (const amount of [1, -2, 3]) bus.emit(Deposited, { amount });
  await bus.drain();
  const letters = await bus.deadLetters.list();
  return { handled, letters: letters.map(({ event, attempts }) => [event.data.amount, attempts.length]) };
}

async function useChannel() {
  const channel = createChannel({ capacity: 2 });
  const taken = [];
  const workers = channel.process(async (item) => void taken.push(item), { concurrency: 2 });
  for (let item = 0; item < 10; item++) await channel.send(item);
  channel.close();
  await workers.drain();
  return taken;
}

async function useStore() {
  const store = await indexedDbEventStore({ name: 'accounts' });
  const accounts = createRepository(store, Account);
  for (const amount of [40, 2]) await accounts.execute('one', { amount });
  const positions = [];
  for await (const { position } of store.subscribe()) {
    positions.push(position);
    if (positions.length === 2) break;
  }
  const { state, version } = await accounts.load('one');
  await store.close();
  return { state, version, positions };
}
