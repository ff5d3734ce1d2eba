/** What can be bound to a statement. */
export type SqliteValue = number | string | null;

/** A prepared statement of an SQLite client. */
export interface SqliteStatement {
  /** Runs it, for what it changes. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  /** Its first row. */
  get(...values: SqliteValue[]): unknown;
  /** Its rows. */
  all(...values: SqliteValue[]): unknown[];
}

/**
 * An open SQLite database, as far as `node:sqlite`, `libsql` and `better-sqlite3` are alike: all of them work synchronously.
 */
export interface SqliteDatabase {
  /** Runs statements without values. */
  exec(sql: string): unknown;
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
  /** Closes it. */
  close(): unknown;
}
