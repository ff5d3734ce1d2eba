// A process that opens the store named on its command line, appends one event to stream 'a', and ends.
import { postgresEventStore } from 'millrace/postgres';

const store = await postgresEventStore({ connect: { connectionString: process.argv[2]! } });
await store.append('a', { type: 'account.deposited', data: { amount: 1 } });
await store.close();
