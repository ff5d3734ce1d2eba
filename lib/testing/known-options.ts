import { InvalidOptionError } from '../core/errors.ts';
import { expectOptions, show } from '../core/options.ts';

/**
 * Returns options that have known names only: in a test, a misspelt one would go unnoticed for ever.
 *
 * @param of - whose options they are
 * @throws InvalidOptionError for another name, and lists the known ones
 */
export function expectKnownOptions<Options extends object>(
  of: string,
  options: Options,
  known: readonly (string & keyof Options)[],
): Options {
  expectOptions(`the options of ${of}`, options);
  const unknown = unknownName(options, known);
  if (unknown === undefined) return options;
  throw new InvalidOptionError(`Expected options of ${of} ('${known.join("', '")}'), got ${show(unknown)}.`);
}

/** The first name in an object that is none of those that are known. */
export function unknownName(given: object, known: readonly string[]): string | undefined {
  return Object.keys(given).find((name) => !known.includes(name));
}
