import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expectNumber, parseOptions, refuseOption } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** The SQLite file with the events. */
  readonly file: string;
  /** Whether what is there is deleted first. */
  readonly isFresh: boolean;
  /** How many accounts there are besides, with 500 events each. */
  readonly customers: number;
}

const DEFAULT_FILE = join(tmpdir(), 'millrace-account', 'events.db');

export const help = `The account: opened, paid in, paid out, and nothing kept but what has happened.

Usage: npm run demo account -- [options]

  --file <path>         the SQLite file that keeps the events; balances are written beside it
                        (default: ${DEFAULT_FILE})
  --fresh               begin anew: delete what is there
  --customers <number>  accounts with 500 events each for the balances to be rebuilt from (default 100)
  --help                print this

Run it again: it goes on where it stopped.
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { file, fresh, customers } = parseOptions(args, {
    file: { type: 'string', default: DEFAULT_FILE },
    fresh: { type: 'boolean', default: false },
    customers: { type: 'string', default: '100' },
  });
  if (file === '') refuseOption('file', 'the path of a file', file);
  return {
    file: resolve(file),
    isFresh: fresh,
    customers: expectNumber(
      'customers',
      customers,
      'an integer from 0 to 10000',
      (count) => Number.isInteger(count) && count >= 0 && count <= 10_000,
    ),
  };
}
