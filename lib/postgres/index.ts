/**
 * Keeps events in PostgreSQL, for many processes: `import { postgresEventStore } from 'millrace/postgres'`.
 *
 * @packageDocumentation
 */
export {
  postgresEventStore,
  type PostgresClientOptions,
  type PostgresConnectOptions,
  type PostgresEventStoreOptions,
  type PostgresStoreOptions,
} from './postgres-event-store.ts';
export type { PostgresAnswer, PostgresConnection, PostgresPool, PostgresStatement } from './postgres-pool.ts';
