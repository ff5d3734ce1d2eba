import type { OpenStore } from '../contestants/sourcing/store.ts';
import type { Contestant, Entrant } from '../harness/row.ts';

/** What can be compared, as databases for events. Ours is `millrace` in its rows. */
const loads = {
  sqlite: {
    libsql: () => import('../contestants/sourcing/raw-sqlite.ts'),
    millrace: () => import('../contestants/sourcing/millrace-sqlite.ts'),
    PGlite: () => import('../contestants/sourcing/pglite.ts'),
  },
  postgres: {
    pg: () => import('../contestants/sourcing/raw-postgres.ts'),
    millrace: () => import('../contestants/sourcing/millrace-postgres.ts'),
    Emmett: () => import('../contestants/sourcing/emmett-postgresql.ts'),
    PGlite: () => import('../contestants/sourcing/pglite.ts'),
  },
} satisfies Record<string, Record<string, () => Promise<{ readonly openStore: OpenStore }>>>;

/** The databases, each with rows of its own. */
export type DatabaseName = keyof typeof loads;

/** What is told of those that do something else. */
const NOTES: Readonly<Record<string, string>> = {
  PGlite: 'PostgreSQL in WebAssembly, in the process; its fsync is off, so it promises less',
};

/** The client that the ratios are against. */
export const RAW_CLIENT = { sqlite: 'libsql', postgres: 'pg' } as const;

/** For readers of the results. */
export const STORE_NOTES: Readonly<Record<DatabaseName, readonly string[]>> = {
  sqlite: [
    'Events of some 200 bytes. `libsql` alone does the same statements in the same transactions, with the same pragmas (WAL, synchronous = FULL), on the tables of millrace/sqlite.',
    "Emmett's SQLite store is missing: it needs `sqlite3`, which is compiled from source here.",
  ],
  postgres: [
    'Events of some 200 bytes. `pg` alone does the same statements, on the tables of millrace/postgres; fsync and synchronous_commit are on. Emmett is `@event-driven-io/emmett-postgresql`.',
  ],
};

/** Those of a database that are named, as contestants of a row. */
export function contestantsOf<Name extends DatabaseName>(
  database: Name,
  entrantOf: (open: OpenStore) => Promise<Entrant>,
  events: Readonly<Partial<Record<keyof (typeof loads)[Name] & string, number>>>,
): readonly Contestant[] {
  const known: Readonly<Record<string, () => Promise<{ readonly openStore: OpenStore }>>> = loads[database];
  return Object.entries<number | undefined>(events).map(([name, count = 0]) => ({
    name,
    events: count,
    note: NOTES[name],
    load: async () => entrantOf((await known[name]!()).openStore),
  }));
}
