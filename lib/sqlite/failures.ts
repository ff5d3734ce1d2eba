import { MillraceError } from '../core/errors.ts';
import { StoreFormatError, StoreUnavailableError } from '../sourcing/errors.ts';

/** Result codes of SQLite: https://sqlite.org/rescode.html */
const CODES = {
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_CONSTRAINT: 19,
  SQLITE_NOTADB: 26,
} as const;

type CodeName = keyof typeof CODES;

/** Whether another process writes at the moment. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, 'SQLITE_BUSY', 'SQLITE_LOCKED');
}

/** Whether a row was refused by an index. */
export function isConstraint(error: unknown): boolean {
  return hasCode(error, 'SQLITE_CONSTRAINT');
}

/** What an error of the client means for the user of a store. */
export function explained(error: unknown, path: string): unknown {
  if (error instanceof MillraceError) return error;
  if (hasCode(error, 'SQLITE_CORRUPT', 'SQLITE_NOTADB')) {
    return new StoreFormatError(
      `Expected a sound SQLite database in '${path}', got: ${String(error)}. Restore it from a backup, or give another path.`,
      { cause: error },
    );
  }
  if (hasCode(error, 'SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN')) {
    return new StoreUnavailableError(
      `Expected to read and write the SQLite database '${path}', got: ${String(error)}. See that the disk has room and that this process may write to the file and its folder.`,
      { cause: error },
    );
  }
  return error;
}

/** Clients say it by a number (primary in the lowest byte, the rest details), or by a name that begins with that of the primary code. */
function hasCode(error: unknown, ...names: readonly CodeName[]): boolean {
  const { code, rawCode, errcode } = (error ?? {}) as { code?: unknown; rawCode?: unknown; errcode?: unknown };
  const number = [rawCode, errcode].find((value) => typeof value === 'number');
  return names.some((name) =>
    number === undefined ? typeof code === 'string' && code.startsWith(name) : (number & 0xff) === CODES[name],
  );
}
