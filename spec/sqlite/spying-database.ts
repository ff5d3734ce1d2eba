import type { SqliteDatabase, SqliteValue } from 'millrace/sqlite';

type Statement = Record<string, (...values: SqliteValue[]) => unknown>;

/** A database that tells of all that is run on it, and can be made to fail. */
export class SpyingDatabase implements SqliteDatabase {
  readonly ran: string[] = [];
  /** Called before a statement is run; what it throws is what the statement throws. */
  before: (sql: string) => void = () => undefined;
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** How often a statement was run that begins so. */
  count(beginning: string): number {
    return this.ran.filter((sql) => sql.startsWith(beginning)).length;
  }

  exec(sql: string): unknown {
    this.#tell(sql);
    return this.#database.exec(sql);
  }

  prepare(sql: string): ReturnType<SqliteDatabase['prepare']> {
    const statement = this.#database.prepare(sql);
    return new Proxy(statement, {
      get: (target, name, spy) => {
        const method = (target as unknown as Statement)[String(name)];
        if (typeof method !== 'function') return method;
        return (...values: SqliteValue[]) => {
          if (['run', 'get', 'all'].includes(String(name))) this.#tell(sql);
          const result = method.apply(target, values);
          // Some return themselves, to be told more.
          return result === target ? spy : result;
        };
      },
    });
  }

  close(): unknown {
    this.#tell('close');
    return this.#database.close();
  }

  #tell(sql: string): void {
    this.ran.push(sql);
    this.before(sql);
  }
}

/** An error as SQLite's clients throw it. */
export function sqliteError(code: string, rawCode: number, message: string): Error {
  return Object.assign(new Error(message), { code, rawCode });
}
