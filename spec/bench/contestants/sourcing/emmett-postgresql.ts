import { type Event, isExpectedVersionConflictError } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import { newDatabase } from '../../harness/new-database.ts';
import type { Deposit, OpenStore } from './store.ts';

type Deposited = Event<Deposit['type'], Deposit['data']>;

/** Emmett's store in PostgreSQL. */
export const openStore: OpenStore = async () => {
  const store = await openEmmett();
  return {
    async append(stream, events, expectedVersion) {
      const sent = events.map(({ type, data }): Deposited => ({ kind: 'Event', type, data }));
      if (expectedVersion === undefined) return appendAnyhow(store, stream, sent);
      const expected = expectedVersion === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(expectedVersion);
      return store.appendToStream<Deposited>(stream, sent, { expectedStreamVersion: expected });
    },
    async readStream(stream) {
      const { events } = await store.readStream<Deposited>(stream);
      return events.reduce((total, { data }) => total + data.amount, 0);
    },
  };
};

/** It refuses one of two appends at once to a stream, also if no version is expected: then its user has to try again. */
async function appendAnyhow(store: PostgresEventStore, stream: string, events: Deposited[]): Promise<unknown> {
  for (;;) {
    try {
      return await store.appendToStream<Deposited>(stream, events);
    } catch (error) {
      if (!isExpectedVersionConflictError(error)) throw error;
    }
  }
}

/** Its store with its tables, on a database of its own. */
export async function openEmmett(): Promise<PostgresEventStore> {
  const store = getPostgreSQLEventStore(await newDatabase());
  await store.schema.migrate();
  return store;
}
