import type { Command, Connection, Query, Row } from './connection.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.ts';

/** A statement of `node:sqlite`. */
interface NodeStatement extends SqliteStatement {
  /** Rows become arrays: two thirds of the time of objects. Node has it from 22.16 on. */
  setReturnArrays?(isEnabled: boolean): void;
}

/** Works with a database of `node:sqlite`. */
export class NodeConnection implements Connection {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  command(sql: string): Command {
    const statement = this.#database.prepare(sql);
    return (values) => Number(statement.run(...values).changes);
  }

  query(sql: string): Query {
    const statement: NodeStatement = this.#database.prepare(sql);
    if (statement.setReturnArrays === undefined) return queryOfObjects(statement);
    statement.setReturnArrays(true);
    return {
      row: (values) => statement.get(...values) as Row | undefined,
      rows: (values) => statement.all(...values) as Row[],
    };
  }

  close(): void {
    this.#database.close();
  }
}

function queryOfObjects(statement: NodeStatement): Query {
  return {
    row: (values) => {
      const row = statement.get(...values);
      return row === undefined ? undefined : rowOf(row);
    },
    rows: (values) => statement.all(...values).map(rowOf),
  };
}

/** Its properties stand in the order of the columns. */
function rowOf(row: unknown): Row {
  return Object.values(row as Record<string, Row[number]>);
}
