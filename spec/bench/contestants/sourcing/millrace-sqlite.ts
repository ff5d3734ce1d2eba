import { sqliteEventStore } from 'millrace/sqlite';
import { newPath } from '../../harness/new-database.ts';
import { underTest } from './millrace.ts';
import type { OpenFile, OpenStore } from './store.ts';

/** By `libsql`, on whichever Node: what is beside it takes the same. */
export const openFile: OpenFile = async (path) => underTest(await sqliteEventStore({ path, driver: 'libsql' }));

export const openStore: OpenStore = async () => openFile(newPath());
