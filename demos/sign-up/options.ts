import { fileURLToPath } from 'node:url';
import { expectNumber, expectSeed, parseOptions } from '../shared/options.ts';
import { UsageError } from '../shared/usage-error.ts';

/** What the command line can say. */
export interface Options {
  /** Whose lines are sent; `-` is the standard input. */
  readonly file: string;
  /** Lines that are sent in a second. */
  readonly rate: number;
  /** The address of the user whose preferences cannot be written. */
  readonly fail: string;
  /** What all chance follows from. */
  readonly seed: number;
  /** The folder to write into; without it, a new one among the temporary files. */
  readonly out: string | undefined;
  /** Watches the run with OpenTelemetry; in the end, the troubles are over, and dead letters are redriven. */
  readonly trace: boolean;
  /** Draws the run as a graph. */
  readonly graph: boolean;
  /** Stays in the end until it is stopped, so that a Prometheus may scrape. */
  readonly hold: boolean;
}

export const help = `Sign-up: JSON in, three services side by side.

Usage: npm run demo sign-up -- [options]

  --file <path>    send the lines of this file; - reads the standard input, until its end or Ctrl-C
                   (default: demos/data/sign-ups.ndjson)
  --rate <number>  lines sent in a second (default 40)
  --fail <email>   whose preferences cannot be written (default margaret@hamilton.example)
  --seed <number>  what goes wrong with mails follows from it (default 7)
  --out <folder>   where to write (default: a new folder among the temporary files)
  --trace          watch it with OpenTelemetry: metrics are scraped, and a trace is drawn as a tree. In the end, what
                   was wrong is repaired, and the dead letters are redriven
  --graph          print the graph of the run, in Mermaid (with --trace, it is printed, too)
  --hold           with --trace: stay in the end until Ctrl-C, so that a Prometheus can scrape
  --help           print this

A line is what somebody sends who signs up:

  {"email":"ada@engine.example","name":"Ada","plan":"free","language":"en","newsletter":true}

plan is free, team or business; language is de, en, es, fr or ja; the last two may be left out. Nobody has a mailbox
who is called nobody@…
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { file, fail, out, trace, graph, hold, ...numbers } = parseOptions(args, {
    file: { type: 'string', default: fileURLToPath(new URL('../data/sign-ups.ndjson', import.meta.url)) },
    rate: { type: 'string', default: '40' },
    fail: { type: 'string', default: 'margaret@hamilton.example' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string' },
    trace: { type: 'boolean', default: false },
    graph: { type: 'boolean', default: false },
    hold: { type: 'boolean', default: false },
  });
  if (hold && !trace) throw new UsageError('Expected --hold with --trace: without it, there is nothing to scrape.');
  return {
    file,
    rate: expectNumber('rate', numbers.rate, 'a number from 0.1 to 1000', (rate) => rate >= 0.1 && rate <= 1_000),
    fail,
    seed: expectSeed(numbers.seed),
    out,
    trace,
    graph,
    hold,
  };
}
