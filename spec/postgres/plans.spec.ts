import { postgresEventStore } from 'millrace/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventStatements } from '../../lib/postgres/statements.ts';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';

/** What a server says of a node of a plan that it has carried out. */
interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Actual Rows': number;
  readonly Plans?: readonly PlanNode[];
}

const LONG = 5_000;
const PAGE = 100;

describe.runIf(postgresUrl)('the plan of a page of a stream', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await openDatabase();
    await using store = await postgresEventStore({ connect: { connectionString: database.connectionString } });
    for (let at = 0; at < LONG; at += PAGE) {
      await store.append('long', many(PAGE));
      await store.append(`short-${at}`, many(1));
    }
  });

  afterAll(async () => database[Symbol.asyncDispose]());

  // A new table is one of which the server knows nothing yet; it takes each stream for a short one.
  it.each([
    ['readForwards', 1, 'with what a server guesses'],
    ['readForwards', 4_000, 'with what a server guesses'],
    ['readBackwards', 5_000, 'with what a server guesses'],
    ['readBackwards', Number.MAX_SAFE_INTEGER, 'with what a server guesses'],
    ['readForwards', 1, 'with what it knows'],
    ['readBackwards', 5_000, 'with what it knows'],
  ] as const)('%s from %d looks at no event of another page, %s', async (name, from, knowledge) => {
    const client = await database.connect();
    if (knowledge === 'with what it knows') await client.query('analyze millrace.events');
    const statement = eventStatements('millrace')[name].text;
    await client.query(`prepare read_page (text, bigint, bigint) as ${statement}`);
    for (const mode of ['force_custom_plan', 'force_generic_plan']) {
      await client.query(`set plan_cache_mode = ${mode}`);
      const text = `explain (analyze, format json) execute read_page ('long', ${from}, ${PAGE})`;
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(text);
      const plan = rows[0]!['QUERY PLAN'][0].Plan;
      expect(plan['Actual Rows']).toBe(PAGE);
      expect(nodesOf(plan).filter((node) => node['Actual Rows'] > PAGE)).toStrictEqual([]);
    }
  });
});

function many(count: number) {
  return Array.from({ length: count }, (_, index) => ({ type: 'counted', data: index }));
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
