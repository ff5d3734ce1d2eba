import { expectNumber, parseOptions } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** From which magnitude on a quake is strong. */
  readonly strong: number;
}

export const help = `Routing: a week of earthquakes through RabbitMQ, each to the desks that want it.

Usage: npm run demo routing -- [options]

  --strong <magnitude>  from which magnitude on a quake is strong (default 4.5)
  --help                print this

A RabbitMQ is used that is up already (MILLRACE_RABBITMQ_URL, or npm run services -- up rabbitmq); otherwise one is started, if it is installed,
and ended with the demo. npm run services -- install rabbitmq gets it, or says how.
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { strong } = parseOptions(args, { strong: { type: 'string', default: '4.5' } });
  return { strong: expectNumber('strong', strong, 'a magnitude from 3 to 9', (value) => value >= 3 && value <= 9) };
}
