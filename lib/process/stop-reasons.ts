import { MillraceError } from '../core/errors.ts';

/** Why an attempt is stopped for a newer event. */
export function superseded(handler: string): MillraceError {
  return new MillraceError('SUPERSEDED', `Superseded by a newer event of handler '${handler}'.`);
}

/** Why an event is given up when its handler closes. */
export function abandoned(handler: string): MillraceError {
  return new MillraceError(
    'ABANDONED',
    `Expected handler '${handler}' to finish its events, but it was closed first. Redrive the letter, or drain() with a later deadline.`,
  );
}
