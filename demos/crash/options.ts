import { expectNumber, expectSeed, parseOptions } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  readonly kills: number;
  /** What is written, and who is killed when, follows from it. */
  readonly seed: number;
  /** The folder to write into; without it, a new one among the temporary files. */
  readonly out: string | undefined;
}

export const help = `The crash: a writer and a projection on one SQLite file are killed at random moments, and started again.

Usage: npm run demo crash -- [options]

  --kills <number>  how often (default 20)
  --seed <number>   what is written, and who is killed when, follows from it (default 7)
  --out <folder>    where to write (default: a new folder among the temporary files)
  --help            print this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { kills, seed, out } = parseOptions(args, {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string' },
  });
  return {
    kills: expectNumber(
      'kills',
      kills,
      'an integer from 1 to 100000',
      (count) => Number.isInteger(count) && count >= 1 && count <= 100_000,
    ),
    seed: expectSeed(seed),
    out,
  };
}
