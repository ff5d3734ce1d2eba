/** A statement as `pg` takes it. */
export interface PostgresStatement {
  /** Prepared under this name, once for each connection. */
  readonly name?: string;
  /** SQL. */
  readonly text: string;
  /** What stands for `$1`, `$2` and so on. */
  readonly values?: unknown[];
  /** Rows are arrays, which are quicker to make than objects. */
  readonly rowMode: 'array';
  /** How columns are read, whatever the program has told `pg` of its types. */
  readonly types?: { readonly getTypeParser: () => (text: string) => unknown };
}

/** What came of a statement. */
export interface PostgresAnswer {
  /** Its rows, column by column. */
  readonly rows: readonly (readonly unknown[])[];
  /** How many rows it has written or read. */
  readonly rowCount: number | null;
}

/** What is needed of a connection of a pool. */
export interface PostgresConnection {
  /** Runs a statement. */
  query(statement: PostgresStatement): Promise<PostgresAnswer>;
  /** Hands it back; with `true`, to be closed. */
  release(isBroken?: boolean): void;
  /** Listens to notifications, and to the loss of the connection. */
  on(event: 'end' | 'error' | 'notification', listener: (detail: unknown) => void): unknown;
  /** Ends listening. */
  off(event: 'end' | 'error' | 'notification', listener: (detail: unknown) => void): unknown;
}

/** What is needed of a `Pool` of `pg`; so any that has the same methods will do. */
export interface PostgresPool {
  /** What it was made with. */
  readonly options?: { readonly max?: number | undefined };
  /** Takes a connection out. */
  connect(): Promise<PostgresConnection>;
  /** Listens to the loss of connections that nobody uses. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Ends listening. */
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** A pool that the store has made itself. */
export interface OwnPool extends PostgresPool {
  end(): Promise<void>;
}

/** How all statements are asked: rows are arrays, and columns the texts that the server sends, so that each is read where its meaning is known. */
export const AS_TEXT: Pick<PostgresStatement, 'rowMode' | 'types'> = {
  rowMode: 'array',
  types: { getTypeParser: () => (text) => text },
};

/** The row of a statement that always has one. */
export function onlyRow<Row extends readonly (string | null)[]>(rows: PostgresAnswer['rows']): Row {
  return rows[0] as unknown as Row;
}
