import { postgresEventStore } from 'millrace/postgres';
import { Pool } from 'pg';
import { newDatabase } from '../../harness/new-database.ts';
import { underTest } from './millrace.ts';
import { sqlStore } from './sql-store.ts';
import type { OpenStore } from './store.ts';

/** `pg` with the statements of `millrace/postgres`, on its tables. */
export const openStore: OpenStore = async () => {
  const connectionString = await newDatabase();
  const ours = await postgresEventStore({ connect: { connectionString, max: 2 } });
  const pool = new Pool({ connectionString, max: 10 });
  // The database is dropped while it is connected.
  pool.on('error', () => undefined);
  const store = sqlStore(async (statement, values) => {
    const { rows } = await pool.query<string[]>({ ...statement, values: [...values], rowMode: 'array' });
    return rows;
  });
  return { ...store, readAsOurs: underTest(ours).readAll! };
};
