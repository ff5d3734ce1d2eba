import { show } from '../../core/options.ts';
import type { LogStyle } from './log-target.ts';

/** So many errors behind an error are told. */
const MAX_CAUSES = 5;

/**
 * An error as plain data: what else it carries may be the payload in another dress, such as a rejected request with all of its headers.
 *
 * @param style - `object-first`: without a prototype, so that pino's serializer does not take `Object` for its type
 */
export function loggedError(error: unknown, hasStack: boolean, style: LogStyle, causes: number = MAX_CAUSES): object {
  const data: object = style === 'object-first' ? (Object.create(null) as object) : {};
  if (!isErrorLike(error)) return Object.assign(data, { name: typeof error, message: textOf(error) });
  const { name = 'Error', message, code, stack, cause } = error;
  return Object.assign(data, {
    name: String(name),
    message,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(hasStack && typeof stack === 'string' && { stack }),
    ...(cause !== undefined && causes > 0 && { cause: loggedError(cause, hasStack, style, causes - 1) }),
  });
}

/** What errors have, also those of another realm. */
interface ErrorLike {
  readonly name?: unknown;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === 'object' && error !== null && typeof (error as Partial<ErrorLike>).message === 'string';
}

function textOf(error: unknown): string {
  return typeof error === 'string' ? error : show(error);
}
