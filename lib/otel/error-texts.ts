import type { Exception } from '@opentelemetry/api';

/** The class of an error: few, whatever goes wrong, as messages are not. */
export function errorType(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error;
    const { name } = error;
    // A class that has not named itself is still known by its constructor.
    return name === 'Error' ? error.constructor.name || name : name;
  } catch {
    return 'unknown';
  }
}

/** What an error says. It may throw when it is looked at. */
export function errorMessage(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error without a text';
  }
}

/** What is recorded of an error: as it may throw when it is looked at, not the error itself. */
export function exceptionOf(error: unknown): Exception {
  const exception = { name: errorType(error), message: errorMessage(error) };
  try {
    return error instanceof Error && error.stack !== undefined ? { ...exception, stack: error.stack } : exception;
  } catch {
    return exception;
  }
}
