import { CommandHandler, type Event } from '@event-driven-io/emmett';
import { openEmmett } from '../sourcing/emmett-postgresql.ts';
import { type Deposit, deposits } from '../sourcing/store.ts';
import type { OpenAccounts } from './accounts.ts';

type Deposited = Event<Deposit['type'], Deposit['data']>;

const deposited = (count: number): Deposited[] =>
  deposits(count).map(({ type, data }) => ({ kind: 'Event', type, data }));

const initialState = () => ({ balance: 0 });

const evolve = ({ balance }: { readonly balance: number }, { data }: Deposited) => ({ balance: balance + data.amount });

/** Emmett's command handler, on its store in PostgreSQL. */
export const openAccounts: OpenAccounts = async () => {
  const store = await openEmmett();
  const handle = CommandHandler<{ readonly balance: number }, Deposited>({ evolve, initialState });
  return {
    async fill(id, events) {
      for (let left = events; left > 0; left -= 1_000) {
        await store.appendToStream(id, deposited(Math.min(left, 1_000)));
      }
    },
    execute: async (id) => Number((await handle(store, id, () => deposited(1))).nextExpectedStreamVersion),
    load: async (id) => {
      const { currentStreamVersion } = await store.aggregateStream(id, { evolve, initialState });
      return Number(currentStreamVersion);
    },
  };
};
