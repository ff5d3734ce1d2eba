import { show } from '../../core/options.ts';
import type { ErrorSnapshot } from './snapshot.ts';

const MAX_NAME = 100;
const MAX_MESSAGE = 500;

/** Whatever was thrown, in words of bounded length; never the thing itself, which would keep alive what it refers to. */
export function errorText(error: unknown, time: number): ErrorSnapshot {
  try {
    const { name, message } = inWords(error);
    return { name: cut(name, MAX_NAME), message: cut(message, MAX_MESSAGE), time };
  } catch {
    // A getter of its own that throws.
    return { name: 'unknown', message: 'an error that cannot be read', time };
  }
}

function inWords(error: unknown): Omit<ErrorSnapshot, 'time'> {
  if (typeof error === 'string') return { name: 'string', message: error };
  if (typeof error !== 'object' || error === null) return { name: typeof error, message: show(error) };
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  return {
    name: typeof name === 'string' ? name : 'object',
    message: typeof message === 'string' ? message : show(error),
  };
}

function cut(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;
}
