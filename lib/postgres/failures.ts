/** What `pg` throws for an answer of the server that is an error. */
interface ServerError extends Error {
  /** SQLSTATE. */
  readonly code: string;
  readonly severity: string;
  readonly constraint?: string;
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

/** Whether a statement may have been carried out although it has failed. */
export function isOutcomeUnknown(error: unknown): boolean {
  // 40003: the server does not know itself. A client that has noticed the loss before sends nothing.
  if (isServerError(error)) return isConnectionLost(error) || error.code === '40003';
  return !(error instanceof Error && error.message.includes('not queryable'));
}

/** Whether the same statement may succeed now: it has lost against another one. */
export function isLostRace(error: unknown, constraint: string): boolean {
  if (!isServerError(error)) return false;
  return ['40001', '40P01'].includes(error.code) || (error.code === '23505' && error.constraint === constraint);
}
