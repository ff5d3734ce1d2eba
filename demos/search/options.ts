import { fileURLToPath } from 'node:url';
import { expectNumber, expectSeed, parseOptions } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** Keys and when they were pressed, a line each. */
  readonly file: string;
  /** So many times as fast, all of it: the typing, the pauses that count, and the search. */
  readonly speed: number;
  /** How slow each search is follows from it. */
  readonly seed: number;
}

export const help = `The search: somebody types, a slow server searches, and only the latest search matters.

Usage: npm run demo search -- [options]

  --speed <number>  so many times as fast as it was typed; the search, too (default 1)
  --seed <number>   how slow each search is follows from it (default 7)
  --file <path>     what is typed, a key a line: {"atMs":120,"key":"a"}, with keys as KeyboardEvent.key names
                    them, Backspace, Enter and Escape included (default: demos/data/keystrokes.ndjson)
  --help            print this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { file, speed, seed } = parseOptions(args, {
    file: { type: 'string', default: fileURLToPath(new URL('../data/keystrokes.ndjson', import.meta.url)) },
    speed: { type: 'string', default: '1' },
    seed: { type: 'string', default: '7' },
  });
  return {
    file,
    speed: expectNumber('speed', speed, 'a number > 0', (value) => value > 0),
    seed: expectSeed(seed),
  };
}
