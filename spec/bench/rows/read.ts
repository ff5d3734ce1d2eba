import { speedAtLeast } from '../harness/floor.ts';
import { READ_METRICS, readEntrant } from '../harness/read-entrant.ts';
import type { Contestant, Row } from '../harness/row.ts';
import { contestantsOf, type DatabaseName, RAW_CLIENT, STORE_NOTES } from './stores.ts';

const EVENTS = 20_000;

/** One reader, page by page. */
export const readRows: readonly Row[] = [
  readRow('sqlite', 'SQLite', contestantsOf('sqlite', readEntrant, { libsql: EVENTS, millrace: EVENTS })),
  readRow(
    'postgres',
    'PostgreSQL',
    contestantsOf('postgres', readEntrant, { pg: EVENTS, millrace: EVENTS, Emmett: EVENTS }),
  ),
];

function readRow(database: DatabaseName, title: string, contestants: readonly Contestant[]): Row {
  const raw = RAW_CLIENT[database];
  return {
    name: `${database}-read`,
    title: `reads from ${title}: a stream of ${EVENTS.toLocaleString('en-US')} events, and all ${(2 * EVENTS).toLocaleString('en-US')}`,
    metrics: READ_METRICS,
    reference: raw,
    needs: database === 'postgres' ? 'postgres' : undefined,
    contestants,
    floors: READ_METRICS.map(({ name }) => speedAtLeast([raw], 0.7, `\`${raw}\` alone (${name})`, name)),
    generations: 2,
    warmups: 5,
    notes: [
      ...STORE_NOTES[database],
      'The raw client reads the same pages of 512, and parses the data. Catching up is a subscription from the start; the raw client has none, and reads all. All have read everything five times before, as a service has.',
      ...(database === 'postgres'
        ? [
            'Emmett reads a stream in one page. All streams are read by consumers that keep a checkpoint after every event, which is other work.',
          ]
        : []),
    ],
  };
}
