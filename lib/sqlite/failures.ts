import { MillraceError } from '../core/errors.ts';
import { StoreFormatError, StoreUnavailableError } from '../sourcing/errors.ts';

/** Primary result codes of SQLite: https://sqlite.org/rescode.html */
const CODES = {
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_CONSTRAINT: 19,
  SQLITE_NOTADB: 26,
} as const;

type CodeName = keyof typeof CODES;

/** The disk has failed while a transaction was committed: it may be there after a crash, or not. */
export class UnknownCommitError extends StoreUnavailableError {}

/** Whether another connection writes at the moment. */
export function isBusy(error: unknown): boolean {
  return hasCode(error, 'SQLITE_BUSY');
}

/** Whether a row was refused by an index. */
export function isConstraint(error: unknown): boolean {
  return hasCode(error, 'SQLITE_CONSTRAINT');
}

/** What an error of the client means for the user of a store. */
export function failureOf(path: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (hasCode(error, 'SQLITE_CORRUPT', 'SQLITE_NOTADB')) {
    return new StoreFormatError(
      `Expected a sound SQLite database in '${path}', got: ${textOf(error)}. Restore it from a backup, or give another path.`,
      { cause: error },
    );
  }
  if (hasCode(error, 'SQLITE_CANTOPEN')) return cannotOpen(path, error);
  if (hasCode(error, 'SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY')) {
    return new StoreUnavailableError(
      `Expected to read and write the SQLite database '${path}', got: ${textOf(error)}. See that the disk has room, and that this process may write to the file and its folder.`,
      { cause: error },
    );
  }
  return new StoreUnavailableError(`Expected the SQLite database '${path}' to answer, got: ${textOf(error)}.`, {
    cause: error,
  });
}

/** What an error of COMMIT means: in most cases, that nothing was written. */
export function commitFailureOf(path: string, error: unknown): MillraceError {
  // A sync that fails leaves open what of it is on the disk. A full disk has no mark of a commit on it: https://sqlite.org/wal.html
  if (!hasCode(error, 'SQLITE_IOERR')) return failureOf(path, error);
  return new UnknownCommitError(
    `Expected to write the SQLite database '${path}' to the disk, got: ${textOf(error)}. Whether it was written is unknown. Look at the disk and the log of the system, then open the store again and look.`,
    { cause: error },
  );
}

/** There is no such file, or none may be made. */
export function cannotOpen(path: string, error: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `Expected to open the SQLite database '${path}', got: ${textOf(error)}. See that its folder exists, and that this process may read and write there.`,
    { cause: error },
  );
}

/** Others write, and it was waited for them. */
export function tooBusy(path: string, busyTimeoutMs: number, error: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `Expected the SQLite database '${path}' to be free within ${busyTimeoutMs} ms, got one that another connection writes to; nothing was written. Try again, keep the transactions of others short, or raise busyTimeoutMs.`,
    { cause: error },
  );
}

/** Clients say it by a number (primary in the lowest byte, the rest details), or by a name that begins with that of the primary code. */
function hasCode(error: unknown, ...names: readonly CodeName[]): boolean {
  const { code, rawCode, errcode } = (error ?? {}) as { code?: unknown; rawCode?: unknown; errcode?: unknown };
  const number = [rawCode, errcode].find((value) => typeof value === 'number');
  return names.some((name) =>
    number === undefined ? typeof code === 'string' && code.startsWith(name) : (number & 0xff) === CODES[name],
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
