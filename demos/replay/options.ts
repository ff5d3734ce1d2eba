import { parseOptions, refuseOption } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** Where the first reader begins: epoch milliseconds. */
  readonly from: number;
}

/** The archive begins on the day before the first one, and its last day is published late. */
const FIRST = Date.parse('2018-02-01');
const LAST = Date.parse('2018-02-07');

export const help = `Replay: a week of earthquakes in Kafka, and readers that come later.

Usage: npm run demo replay -- [options]

  --from <time>  where the first reader begins: a time from 2018-02-01 to 2018-02-06, UTC (default 2018-02-04)
  --help         print this

A Kafka is used that is up already (MILLRACE_KAFKA_URL, or npm run services -- up kafka); otherwise one is started, if it is installed, and
ended with the demo. npm run services -- install kafka gets it, or says how.
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { from } = parseOptions(args, { from: { type: 'string', default: '2018-02-04' } });
  // A day is UTC as it is; a time would be local.
  const time = Date.parse(/T.*\d$/.test(from) ? `${from}Z` : from);
  if (time >= FIRST && time < LAST) return { from: time };
  return refuseOption('from', 'a time from 2018-02-01 to 2018-02-06, such as 2018-02-04T12:00', from);
}
