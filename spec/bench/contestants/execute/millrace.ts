import { createRepository, defineAggregate, type EventStore, memoryEventStore } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import { sqliteEventStore } from 'millrace/sqlite';
import { newDatabase, newPath } from '../../harness/new-database.ts';
import { deposits } from '../sourcing/store.ts';
import type { Accounts, OpenAccounts } from './accounts.ts';

/** Stores that accounts can be in. */
export type StoreName = 'memory' | 'PostgreSQL' | 'SQLite';

const STORES: Readonly<Record<StoreName, () => Promise<EventStore>>> = {
  memory: async () => memoryEventStore(),
  SQLite: async () => sqliteEventStore({ path: newPath(), driver: 'libsql' }),
  PostgreSQL: async () => postgresEventStore({ connect: { connectionString: await newDatabase() } }),
};

const [deposit] = deposits(1);

const Account = defineAggregate({
  name: 'account',
  initial: { balance: 0 },
  decide: (_command: 'deposit') => deposit!,
  evolve: ({ balance }, { data }) => ({ balance: balance + data.amount }),
});

/** The accounts of the README. */
export function openAccounts(storeName: StoreName, snapshotEvery?: number): OpenAccounts {
  return async () => {
    const store = await STORES[storeName]();
    return accountsIn(store, snapshotEvery);
  };
}

function accountsIn(store: EventStore, snapshotEvery: number | undefined): Accounts {
  const accounts = createRepository(store, Account, snapshotEvery === undefined ? {} : { snapshotEvery });
  /** Keeps a snapshot at once. */
  const keeper = createRepository(store, Account, { snapshotEvery: 1 });

  async function append(id: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1_000) {
      await store.append(Account.stream(id), deposits(Math.min(left, 1_000)));
    }
  }

  return {
    async fill(id, events, tail) {
      if (snapshotEvery === undefined || events <= tail) return append(id, events);
      await append(id, events - tail - 1);
      await keeper.execute(id, 'deposit');
      await append(id, tail);
    },
    execute: async (id) => (await accounts.execute(id, 'deposit')).version,
    load: async (id) => (await accounts.load(id)).version,
  };
}
