import { postgresEventStore } from 'millrace/postgres';
import { newDatabase } from '../../harness/new-database.ts';
import { underTest } from './millrace.ts';
import type { OpenStore } from './store.ts';

export const openStore: OpenStore = async () =>
  underTest(await postgresEventStore({ connect: { connectionString: await newDatabase(), max: 10 } }));
