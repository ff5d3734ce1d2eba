import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from './usage-error.ts';

type Spelling = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the options of a command line as texts.
 *
 * @throws UsageError for one that is not known, or lacks its value
 */
export function parseOptions<const Options extends Spelling>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** @throws UsageError if the text is no number, or one that does not fit */
export function expectNumber(name: string, text: string, expected: string, fits: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && fits(value) ? value : refuseOption(name, expected, text);
}

/** What all chance of a demo follows from. */
export function expectSeed(text: string): number {
  return expectNumber('seed', text, 'an integer', Number.isSafeInteger);
}

/** @throws UsageError */
export function refuseOption(name: string, expected: string, got: string): never {
  throw new UsageError(`Expected --${name} to be ${expected}, got '${got}'.`);
}
