import { expectNumber, expectSeed, parseOptions, refuseOption } from '../shared/options.ts';

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

export const help = `The earthquake desk in your terminal: a demo of millrace on a real feed. Its page in the browser: npm run demo desk.

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
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { url, out, ...numbers } = parseOptions(args, {
    url: { type: 'string' },
    speed: { type: 'string', default: '36000' },
    seed: { type: 'string', default: '7' },
    concurrency: { type: 'string', default: '4' },
    out: { type: 'string' },
  });
  return {
    url: url === undefined ? undefined : expectUrl(url),
    speed: expectNumber('speed', numbers.speed, 'a number > 0', (speed) => speed > 0),
    seed: expectSeed(numbers.seed),
    concurrency: expectNumber('concurrency', numbers.concurrency, 'a count from 1 to 1000', isCount),
    out,
  };
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 1_000;
}

function expectUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:'
    ? url
    : refuseOption('url', 'an http(s) address', text);
}
