import type { Command, Connection, Query, Row } from './connection.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** A statement of `better-sqlite3`, and of `libsql`, which is shaped after it. */
interface BetterStatement {
  run(values: Row): { readonly changes: number };
  get(values: Row): Row | undefined;
  all(values: Row): readonly Row[];
  /** Rows become arrays: half the time of objects. */
  raw(): BetterStatement;
  /** Whether integers are bigints: a database may be set so. */
  safeIntegers(isSafe: boolean): BetterStatement;
}

/** Whether a statement is one of `better-sqlite3` or `libsql`. */
export function isBetterStatement(statement: object): boolean {
  return 'raw' in statement && typeof statement.raw === 'function';
}

/** Works with a database of `better-sqlite3` or `libsql`. */
export class BetterConnection implements Connection {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  command(sql: string): Command {
    const statement = this.#prepare(sql);
    // All in one array: libsql copies the arguments otherwise.
    return (values) => statement.run(values).changes;
  }

  query(sql: string): Query {
    const statement = this.#prepare(sql).raw().safeIntegers(false);
    return {
      row: (values) => statement.get(values),
      rows: (values) => statement.all(values),
    };
  }

  close(): void {
    this.#database.close();
  }

  #prepare(sql: string): BetterStatement {
    return this.#database.prepare(sql) as unknown as BetterStatement;
  }
}
