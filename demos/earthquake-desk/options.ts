import { parseArgs } from 'node:util';
import { UsageError } from '../shared/usage-error.ts';

/** What the command line can say. */
export interface Options {
  /** A live feed to poll; without it, a week of records is replayed. */
  readonly url: URL | undefined;
  /** Simulated seconds per second of the replay. */
  readonly speed: number;
  /** What all chance follows from. */
  readonly seed: number;
  /** Attempts in flight at a time, for each handler that talks to the outside. */
  readonly concurrency: number;
  /** The folder to write into; without it, a new one among the temporary files. */
  readonly out: string | undefined;
}

export const help = `The earthquake desk: a demo of millrace on a real feed.

Usage: npm start -- [options]

  --speed <number>       simulated seconds per second of the replayed week (default 36000: ten hours a second)
  --seed <number>        what goes wrong, and when, follows from it (default 7)
  --concurrency <count>  alerts sent and pages written at a time (default 4)
  --url <url>            poll a live feed instead of the replay, until Ctrl-C; for example
                         https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson
  --out <folder>         where to write (default: a new folder among the temporary files)
  --help                 print this
`;

/**
 * Reads the command line.
 *
 * @returns the options, or `'help'` if that is what is asked for
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { help: wantsHelp, url, out, ...numbers } = parse(args);
  if (wantsHelp === true) return 'help';
  return {
    url: url === undefined ? undefined : expectUrl(url),
    speed: expectNumber('speed', numbers.speed, 'a number > 0', (speed) => speed > 0),
    seed: expectNumber('seed', numbers.seed, 'an integer', Number.isSafeInteger),
    concurrency: expectNumber('concurrency', numbers.concurrency, 'a count from 1 to 1000', isCount),
    out: out === '' ? fail('out', 'a folder', out) : out,
  };
}

const spelling = {
  url: { type: 'string' },
  speed: { type: 'string', default: '36000' },
  seed: { type: 'string', default: '7' },
  concurrency: { type: 'string', default: '4' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: spelling }).values;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 1_000;
}

function expectNumber(name: string, text: string, expected: string, fits: (value: number) => boolean): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) && fits(value) ? value : fail(name, expected, text);
}

function expectUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : fail('url', 'an http(s) address', text);
}

function fail(name: string, expected: string, got: string): never {
  throw new UsageError(`Expected --${name} to be ${expected}, got '${got}'.`);
}
