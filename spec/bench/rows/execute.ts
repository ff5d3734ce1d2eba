import type { StoreName } from '../contestants/execute/millrace.ts';
import { EXECUTE_METRICS, executeEntrant } from '../harness/execute-entrant.ts';
import type { Floor } from '../harness/floor.ts';
import type { Contestant, Row } from '../harness/row.ts';

const SNAPSHOT_EVERY = 100;
const COMMANDS = 100;

/** Where events are long to read, so many times fewer commands on the longest aggregate. */
const LONG_SHARE = 20;

const notes = [
  `Load, decide, append; one event of some 200 bytes for each command, with snapshots every ${SNAPSHOT_EVERY} events or without. Loads with snapshots begin in the middle: 50 events after the newest one.`,
];

/** Commands on aggregates with ever more events. */
export const executeRows: readonly Row[] = [
  executeRow('execute', 'in memory and in SQLite', {
    contestants: [...withAndWithout('memory'), ...withAndWithout('SQLite')],
    floors: [loadsAlike('memory, snapshots'), loadsAlike('SQLite, snapshots')],
  }),
  {
    ...executeRow('postgres-execute', 'in PostgreSQL', {
      contestants: [
        ...withAndWithout('PostgreSQL'),
        {
          name: 'Emmett',
          events: COMMANDS,
          note: 'its command handler, on its store in PostgreSQL; it has no snapshots',
          load: async () => executeEntrant((await import('../contestants/execute/emmett.ts')).openAccounts, LONG_SHARE),
        },
      ],
      floors: [loadsAlike('PostgreSQL, snapshots')],
    }),
    needs: 'postgres',
  },
];

function executeRow(name: string, where: string, entries: Pick<Row, 'contestants' | 'floors'>): Row {
  return {
    name,
    title: `commands by a repository ${where}, one after the other`,
    metrics: EXECUTE_METRICS,
    ...entries,
    generations: 2,
    notes,
  };
}

function withAndWithout(store: StoreName): readonly Contestant[] {
  return [
    { name: store, events: COMMANDS, load: async () => load(store, undefined) },
    { name: `${store}, snapshots`, events: COMMANDS, load: async () => load(store, SNAPSHOT_EVERY) },
  ];
}

async function load(store: StoreName, snapshotEvery: number | undefined) {
  const { openAccounts } = await import('../contestants/execute/millrace.ts');
  return executeEntrant(openAccounts(store, snapshotEvery), snapshotEvery === undefined ? LONG_SHARE : 1);
}

/** A snapshot makes the past cheap. */
function loadsAlike(contestant: string): Floor {
  return {
    claim: `an aggregate with 10,000 events loads within 2 × the time of one with 100 (${contestant})`,
    value: (medians) => medians.of(contestant, 'load10k') / medians.of(contestant, 'load100'),
    bound: 'at-most',
    limit: 2,
  };
}
