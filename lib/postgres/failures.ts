import { MillraceError } from '../core/errors.ts';
import { StoreFormatError, StoreUnavailableError } from '../sourcing/errors.ts';

/** What `pg` throws for an answer of the server that is an error. */
interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly severity: string;
  readonly constraint?: string;
}

/** What is there under our names, or is not there, shows that others have made or changed it: columns, tables, functions, types, schemas. */
const FOREIGN = /^(?:42703|42P01|42883|42804|42809|42P10|3F000)$/;

/** What to do about errors whose SQLSTATE begins so. */
const REMEDIES: readonly (readonly [code: string, remedy: string])[] = [
  ['25006', 'Connect to a server that takes writes, rather than to its copy, and see default_transaction_read_only.'],
  ['42501', 'Grant it to the role of the connection, or connect as another.'],
  ['53', 'See that the server has room on its disk, memory and connections left.'],
  ['55P03', 'Try again, or raise lock_timeout.'],
  ['57014', 'Try again, or raise statement_timeout.'],
];

/** A statement was sent and not answered: it may have been carried out, or not. */
export class UnknownOutcomeError extends StoreUnavailableError {}

/** What an error of a statement means for the user of a store; its cause is what `pg` has said. */
export function failureOf(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const options = { cause: error };
  if (isOutcomeUnknown(error)) {
    return new UnknownOutcomeError(
      `Expected an answer of PostgreSQL, got: ${textOf(error)}. It is unknown whether it was done. Ask again: that tells.`,
      options,
    );
  }
  if (!isServerError(error)) return cannotConnect(error);
  if (FOREIGN.test(error.code)) {
    return new StoreFormatError(
      `Expected tables that millrace has made, got: ${textOf(error)}. Give another name as schema, or restore them from a backup.`,
      options,
    );
  }
  const { code } = error;
  const remedy = REMEDIES.find(([start]) => code.startsWith(start))?.[1] ?? 'Look into the log of the server.';
  return new StoreUnavailableError(
    `Expected PostgreSQL to do as it was asked, got: ${textOf(error)} (${code}). Nothing was written. ${remedy}`,
    options,
  );
}

/** There is no connection to send anything on. */
export function cannotConnect(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `Expected a connection to PostgreSQL, got: ${textOf(cause)}. Nothing was sent. See that the server is up, and the connection's options.`,
    { cause },
  );
}

/** One connection after the other was lost while something was read. */
export function cannotRead(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    `Expected to read from PostgreSQL, got: ${textOf(cause)}. See that the server stays up, and what cuts connections to it.`,
    { cause },
  );
}

/** Whether the server has answered with an error, rather than the connection failed. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

/** Whether the connection is gone, so that another one may do better. */
export function isConnectionLost(error: unknown): boolean {
  // 08: connection exceptions; 57P01 to 57P03: the server stops, has crashed, or starts.
  return isServerError(error) ? /^(?:08|57P0[1-3])/.test(error.code) : true;
}

/** Whether the same statement may succeed now: it has lost against another one. */
export function isLostRace(error: unknown, constraint: string): boolean {
  if (!isServerError(error)) return false;
  return ['40001', '40P01'].includes(error.code) || (error.code === '23505' && error.constraint === constraint);
}

/** Whether a statement may have been carried out although it has failed. */
function isOutcomeUnknown(error: unknown): boolean {
  // 40003: the server does not know itself. A client that has noticed the loss before sends nothing.
  if (isServerError(error)) return isConnectionLost(error) || error.code === '40003';
  return !(error instanceof Error && error.message.includes('not queryable'));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
