import { cheapId, type Deposit, PAGE, type StoreUnderTest } from './store.ts';

/** A statement under a name, so that it is planned once for each connection. */
interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs a statement, and returns its rows as arrays. */
export type RunStatement = (
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly (readonly unknown[])[]>;

const RECORD = 'e.position, e.tx, e.stream, e.version, e.id, e.type, e.time, e.data::text, e.metadata::text';

const APPEND: Statement = { name: 'append', text: 'select * from millrace.append($1, $2, $3, $4, $5, $6, $7)' };

const READ_STREAM: Statement = {
  name: 'readStream',
  text: `select ${RECORD} from millrace.events e where e.stream = $1 and e.version >= $2 order by e.version limit $3`,
};

const READ_ALL: Statement = {
  name: 'readAll',
  text: `select ${RECORD} from millrace.events e where (e.tx, e.position) > ($1, $2) and e.tx < millrace.horizon()
    order by e.tx, e.position limit $3`,
};

/** The statements of `millrace/postgres`, on its tables, by hand: what there is to do, and no more. */
export function sqlStore(run: RunStatement): StoreUnderTest {
  async function readAll(): Promise<number> {
    let total = 0;
    for (let tx: unknown = 0, position: unknown = 0; ;) {
      const rows = await run(READ_ALL, [tx, position, PAGE]);
      for (const row of rows) total += amountOf(row);
      if (rows.length < PAGE) return total;
      [position, tx] = rows.at(-1)!;
    }
  }

  return {
    async append(stream, events, expectedVersion) {
      const now = Date.now();
      const [row] = await run(APPEND, [
        stream,
        expectedVersion ?? null,
        events.map(() => cheapId()),
        events.map(({ type }) => type),
        events.map(() => now),
        events.map(({ data }) => JSON.stringify(data)),
        events.map(() => '{}'),
      ]);
      if (row?.[0] !== 'appended') throw new Error(`Expected the events to be appended, got ${String(row?.[0])}.`);
    },
    async readStream(stream) {
      let total = 0;
      for (let from = 1; ; from += PAGE) {
        const rows = await run(READ_STREAM, [stream, from, PAGE]);
        for (const row of rows) total += amountOf(row);
        if (rows.length < PAGE) return total;
      }
    },
    readAll,
    catchUp: readAll,
  };
}

function amountOf(row: readonly unknown[]): number {
  return (JSON.parse(row[7] as string) as Deposit['data']).amount;
}
