import { timeAtMost } from '../harness/floor.ts';
import { LATENCY_METRICS, latencyEntrant } from '../harness/latency-entrant.ts';
import type { Contestant, Row } from '../harness/row.ts';
import { contestantsOf, type DatabaseName, RAW_CLIENT, STORE_NOTES } from './stores.ts';

const APPENDS = 3_000;

/** Eight writers at once. */
export const latencyRows: readonly Row[] = [
  latencyRow('sqlite', 'SQLite', contestantsOf('sqlite', latencyEntrant, { libsql: APPENDS, millrace: APPENDS })),
  latencyRow(
    'postgres',
    'PostgreSQL',
    contestantsOf('postgres', latencyEntrant, { pg: APPENDS, millrace: APPENDS, Emmett: APPENDS / 2 }),
  ),
];

function latencyRow(database: DatabaseName, title: string, contestants: readonly Contestant[]): Row {
  const raw = RAW_CLIENT[database];
  return {
    name: `${database}-latency`,
    title: `8 writers of one process that append one by one to ${title}, to streams chosen by Zipf`,
    metrics: LATENCY_METRICS,
    reference: raw,
    needs: database === 'postgres' ? 'postgres' : undefined,
    contestants,
    // What a speed of 0.7 is as a time.
    floors: LATENCY_METRICS.map(({ name }) => timeAtMost(raw, 1.43, name)),
    generations: 2,
    notes: [
      ...STORE_NOTES[database],
      database === 'sqlite'
        ? 'libsql alone does one append after the other; millrace/sqlite writes those that wait in one transaction.'
        : 'Ten connections at most for each.',
      'An append takes from the end of the same writer’s last one. A floor of our own: 0.7 × the speed, as a time.',
    ],
  };
}
