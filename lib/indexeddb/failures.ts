import { MillraceError } from '../core/errors.ts';
import { StoreFormatError, StoreUnavailableError } from '../sourcing/errors.ts';

/** Whether it may be enough to open the database again. Safari loses its connections in the background, and says so in several ways. */
export function isLostConnection(error: unknown): boolean {
  return ['AbortError', 'InvalidStateError', 'UnknownError'].includes(nameOf(error));
}

/** The error that a user gets for one of the browser. */
export function failureOf(database: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (nameOf(error) === 'QuotaExceededError') {
    return new StoreUnavailableError(
      `Expected room for database '${database}', got a full disk or a quota that is used up; nothing was written. Delete streams or other data of this site; navigator.storage.estimate() says how much there is.`,
      { cause: error },
    );
  }
  return new StoreUnavailableError(
    `Expected database '${database}' to answer, got ${String(error)}. Try again; if that does not help, reload the page.`,
    { cause: error },
  );
}

/** There is no IndexedDB, or it may not be used. */
export function cannotOpen(database: string, error: unknown): MillraceError {
  if (nameOf(error) === 'QuotaExceededError') return failureOf(database, error);
  return new StoreUnavailableError(
    `Expected a browser that lets this page open the IndexedDB database '${database}', got ${String(error)}. A private window, a sandboxed frame or blocked cookies can be why; memoryEventStore() works there.`,
    { cause: error },
  );
}

/** Another tab holds an older format open. */
export function isBlocked(database: string): MillraceError {
  return new StoreUnavailableError(
    `Expected other tabs to let database '${database}' be brought to a new format, got one that holds it open. Close or reload the site's other tabs, and open the store again.`,
  );
}

/** Another tab has brought the database to a newer format, or deletes it. */
export function wasTaken(database: string, newVersion: number | null): MillraceError {
  if (newVersion === null) return wasDeleted(database);
  return new StoreFormatError(
    `Expected database '${database}' to keep its format, got format ${newVersion} from a newer version of the program in another tab. Reload this page.`,
  );
}

/** The database was deleted, by a program or by the user. */
export function wasDeleted(database: string): MillraceError {
  return new StoreUnavailableError(
    `Expected database '${database}' to stay, got one that was deleted with all its events. Reload this page: checkpoints of before lead nowhere.`,
  );
}

/** The database is newer than the library. */
export function isNewer(database: string, format: number, newest: number): MillraceError {
  return new StoreFormatError(
    `Expected database '${database}' in format ${newest} or older, got format ${format} of a newer version of millrace. Reload the page, or update the library.`,
  );
}

/** The database is of another program. */
export function isForeign(database: string): MillraceError {
  return new StoreFormatError(
    `Expected '${database}' to be a database of millrace or none at all, got one of another program. Choose another name.`,
  );
}

function nameOf(error: unknown): string {
  return (error as { readonly name?: string } | null)?.name ?? '';
}
