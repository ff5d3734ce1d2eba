import { fileURLToPath } from 'node:url';
import { expectNumber, expectSeed, parseOptions, refuseOption } from '../shared/options.ts';
import { type ServiceName, serviceNames } from './services/service.ts';
import { type BrokerKind, brokerKinds } from './world/kinds.ts';

/** What the command line can say. */
export interface Options {
  readonly with: BrokerKind;
  /** Whose process is killed. */
  readonly kill: ServiceName;
  /** Whose lines are sent; `-` is the standard input. */
  readonly file: string;
  /** Lines that are sent in a second. */
  readonly rate: number;
  /** What all chance follows from. */
  readonly seed: number;
  /** The folder to write into; without it, a new one among the temporary files. */
  readonly out: string | undefined;
}

export const help = `The sign-ups across a broker: a process takes them, one sends mails, one keeps an audit log.

Usage: npm run demo brokers -- [options]

  --with <broker>   nats, kafka, rabbitmq, or memory, which ends with its process: then all is in one (default memory)
  --kill <process>  web, mail or audit: who is killed while sign-ups come in, and started again (default mail)
  --file <path>     send the lines of this file; - reads the standard input, until its end or Ctrl-C
                    (default: demos/data/sign-ups.ndjson)
  --rate <number>   lines sent in a second (default 40)
  --seed <number>   what goes wrong with mails follows from it (default 7)
  --out <folder>    where to write (default: a new folder among the temporary files)
  --help            print this

A server is used that is up already (MILLRACE_NATS_URL and its like, or npm run services -- up); otherwise one is started, if it is
installed, and ended with the demo. npm run services -- install gets one, or says how.
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that says what was expected
 */
export function readOptions(args: readonly string[]): Options {
  const {
    with: kind,
    kill,
    file,
    out,
    ...numbers
  } = parseOptions(args, {
    with: { type: 'string', default: 'memory' },
    kill: { type: 'string', default: 'mail' },
    file: { type: 'string', default: fileURLToPath(new URL('../data/sign-ups.ndjson', import.meta.url)) },
    rate: { type: 'string', default: '40' },
    seed: { type: 'string', default: '7' },
    out: { type: 'string' },
  });
  return {
    with: expectOne('with', kind, brokerKinds),
    kill: expectOne('kill', kill, serviceNames),
    file,
    rate: expectNumber('rate', numbers.rate, 'a number from 0.1 to 1000', (rate) => rate >= 0.1 && rate <= 1_000),
    seed: expectSeed(numbers.seed),
    out,
  };
}

function expectOne<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  return names.find((name) => name === text) ?? refuseOption(option, `one of ${names.join(', ')}`, text);
}
