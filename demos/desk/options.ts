import { expectNumber, expectSeed, parseOptions, refuseOption } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** Where the page is; 0: any port that is free. */
  readonly port: number;
  /** Simulated seconds per second of the replay. */
  readonly speed: number;
  /** What all chance follows from. */
  readonly seed: number;
  /** The folder of the event log; without it, a new one among the temporary files. */
  readonly out: string | undefined;
  /** Whoever has it may redrive; without it, one is drawn. */
  readonly code: string | undefined;
  /** Seconds after which it ends by itself; Infinity: it waits for Ctrl-C. */
  readonly seconds: number;
}

export const help = `The earthquake desk as a page: a real week in your browser, live from this program. In the terminal: npm start.

Usage: npm run demo desk -- [options]

  --port <number>     where the page is, on this machine (default 4710; 0: any free port)
  --speed <number>    simulated seconds per second of the replayed week (default 7200: two hours a second)
  --seed <number>     what goes wrong, and when, follows from it (default 7)
  --out <folder>      where the event log is; given again, the week goes on where it stopped
                      (default: a new folder among the temporary files)
  --code <text>       whoever has it may redrive dead letters (default: one is drawn, and printed)
  --seconds <number>  end after so many seconds (default: only with Ctrl-C)
  --help              print this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { port, speed, seed, out, code, seconds } = parseOptions(args, {
    port: { type: 'string', default: '4710' },
    speed: { type: 'string', default: '7200' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string' },
    code: { type: 'string' },
    seconds: { type: 'string' },
  });
  return {
    port: expectNumber('port', port, 'a port from 0 to 65535', isPort),
    speed: expectNumber('speed', speed, 'a number > 0', (value) => value > 0),
    seed: expectSeed(seed),
    out,
    code:
      code === undefined || /^[\w-]{4,64}$/.test(code)
        ? code
        : refuseOption('code', '4 to 64 letters and digits', code),
    seconds: seconds === undefined ? Infinity : expectNumber('seconds', seconds, 'a number > 0', (value) => value > 0),
  };
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}
