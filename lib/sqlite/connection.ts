import type { SqliteValue } from './sqlite-database.ts';

/** The values of a row, in the order of its columns. */
export type Row = readonly SqliteValue[];

/**
 * Runs a statement that changes something.
 *
 * @returns how many rows it has changed
 */
export type Command = (values: Row) => number;

/** A statement that reads. */
export interface Query {
  /** The first row. */
  row(values: Row): Row | undefined;
  rows(values: Row): readonly Row[];
}

/** A connection to a database: what the clients have in common, in the form in which each is quickest. */
export interface Connection {
  /** Runs statements without values. */
  execute(sql: string): void;
  command(sql: string): Command;
  query(sql: string): Query;
  close(): void;
}

/** The row of a query that has one row always. */
export function onlyRow<Values extends Row>(query: Query, values: Row = []): Values {
  return query.row(values) as Values;
}
