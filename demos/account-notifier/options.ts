import { fileURLToPath } from 'node:url';
import { expectNumber, parseOptions } from '../shared/options.ts';

/** What the command line can say. */
export interface Options {
  /** What happens to accounts, a line each. */
  readonly file: string;
  /** How long after one another, in milliseconds. */
  readonly everyMs: number;
}

export const help = `The account notifier: who hears that an account was created or deleted.

Usage: npm run demo account-notifier -- [options]

  --every <ms>   milliseconds from one account to the next (default 80)
  --file <path>  what happens to accounts, a line each: {"action":"create","name":"…","email":"…"}
                 or {"action":"delete","email":"…"} (default: demos/data/accounts.ndjson)
  --help         print this
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const { file, every } = parseOptions(args, {
    file: { type: 'string', default: fileURLToPath(new URL('../data/accounts.ndjson', import.meta.url)) },
    every: { type: 'string', default: '80' },
  });
  return {
    file,
    everyMs: expectNumber('every', every, 'milliseconds from 0 to 60000', (ms) => ms >= 0 && ms <= 60_000),
  };
}
