import { APPEND_METRICS, appendEntrant } from '../harness/append-entrant.ts';
import { speedAtLeast } from '../harness/floor.ts';
import type { Contestant, Row } from '../harness/row.ts';
import { contestantsOf, type DatabaseName, RAW_CLIENT, STORE_NOTES } from './stores.ts';

/** One writer, who waits for each append. */
export const appendRows: readonly Row[] = [
  appendRow('sqlite', 'SQLite', contestantsOf('sqlite', appendEntrant, { libsql: 400, millrace: 400, PGlite: 400 })),
  appendRow(
    'postgres',
    'PostgreSQL',
    contestantsOf('postgres', appendEntrant, { pg: 400, millrace: 400, Emmett: 200, PGlite: 400 }),
  ),
];

function appendRow(database: DatabaseName, title: string, contestants: readonly Contestant[]): Row {
  const raw = RAW_CLIENT[database];
  return {
    name: `${database}-append`,
    title: `appends to ${title}, one writer, each append behind a known version`,
    metrics: APPEND_METRICS,
    reference: raw,
    needs: database === 'postgres' ? 'postgres' : undefined,
    contestants,
    floors: APPEND_METRICS.map(({ name }) => speedAtLeast([raw], 0.7, `\`${raw}\` alone (${name})`, name)),
    generations: 2,
    notes: STORE_NOTES[database],
  };
}
