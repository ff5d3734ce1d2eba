import { PGlite } from '@electric-sql/pglite';
import { postgresEventStore } from 'millrace/postgres';
import { newPath } from '../../harness/new-database.ts';
import { sqlStore } from './sql-store.ts';
import type { OpenStore } from './store.ts';

/** PostgreSQL in WebAssembly, in this process, with the statements of `millrace/postgres`, on its tables. */
export const openStore: OpenStore = async () => {
  const database = await PGlite.create(newPath());
  const store = await postgresEventStore({ client: poolOf(database) });
  await store.close();
  return sqlStore(async ({ text }, values) => {
    const { rows } = await database.query<unknown[]>(text, [...values], { rowMode: 'array' });
    return rows;
  });
};

type PostgresPool = NonNullable<Parameters<typeof postgresEventStore>[0]['client']>;

/** So that the store can make its tables. */
function poolOf(database: PGlite): PostgresPool {
  const nothing = (): void => undefined;
  return {
    options: { max: 1 },
    on: nothing,
    off: nothing,
    async connect() {
      return {
        on: nothing,
        off: nothing,
        release: nothing,
        async query({ text, values }) {
          // What has no values may be several statements.
          const options = { rowMode: 'array' } as const;
          const answers =
            values === undefined ? await database.exec(text, options) : [await database.query(text, values, options)];
          const { rows, affectedRows } = answers.at(-1)!;
          return {
            rows: rows.map((row) => asTexts(row as readonly PgliteValue[])),
            rowCount: affectedRows ?? rows.length,
          };
        },
      };
    },
  };
}

/** What its columns are, in the statements that make tables. */
type PgliteValue = bigint | boolean | number | string | null;

function asTexts(row: readonly PgliteValue[]): unknown[] {
  return row.map((value) => (value === null ? null : String(value)));
}
