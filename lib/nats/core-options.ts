import { expectCount, expectFunction, expectOptions } from '../core/options.ts';
import {
  checkedNatsOptions,
  type CheckedNatsOptions,
  expectPrefix,
  type NatsClientOptions,
  type NatsConnectOptions,
  type NatsOptions,
} from './options.ts';

/** A message that nobody is given, as too many were waiting. */
export interface NatsDrop {
  /** The group that would have got it. */
  readonly group: string;
  /** The subject that it came on. */
  readonly subject: string;
  /** How many the subscription has dropped so far, this one included. */
  readonly dropped: number;
}

/** What a broker of core NATS can be told, wherever its connection comes from. */
export interface NatsCoreOptions extends NatsOptions {
  /** Begins the subjects of all topics, such as `'events.'`. @defaultValue none: a topic is a subject */
  readonly subjectPrefix?: string;
  /** What may wait in memory beyond `maxInFlight`, for each subscription, since the server waits for nobody: what comes then is dropped. */
  readonly mostWaiting?: {
    /** Messages; ≥ 0. @defaultValue 65_536 */
    readonly messages?: number;
    /** Bytes of their bodies together; ≥ 0. @defaultValue 64 MiB */
    readonly bytes?: number;
  };
  /** Told of each message that is dropped. @defaultValue the first of each subscription is printed */
  readonly onDropped?: (drop: NatsDrop) => void;
}

/** Where a broker's connection comes from, and what it can be told. */
export type NatsBrokerOptions = NatsCoreOptions & (NatsClientOptions | NatsConnectOptions);

/** The options with their defaults. */
export interface CheckedCoreOptions extends CheckedNatsOptions {
  readonly subjectPrefix: string;
  readonly mostMessages: number;
  readonly mostBytes: number;
  readonly onDropped: (drop: NatsDrop) => void;
}

/** The options with their defaults, if they can work. */
export function checkedCoreOptions(options: NatsBrokerOptions): CheckedCoreOptions {
  const checked = checkedNatsOptions(options, 'nats');
  const { subjectPrefix = '', mostWaiting = {}, onDropped = printFirst } = options;
  const { messages = 65_536, bytes = 64 * 1_024 * 1_024 } = expectOptions('mostWaiting', mostWaiting);
  return {
    ...checked,
    subjectPrefix: expectPrefix(subjectPrefix),
    mostMessages: expectCount('mostWaiting.messages', messages, 0),
    mostBytes: expectCount('mostWaiting.bytes', bytes, 0),
    onDropped: expectFunction('onDropped', onDropped, true),
  };
}

function printFirst({ group, subject, dropped }: NatsDrop): void {
  if (dropped > 1) return;
  console.error(
    `millrace: group '${group}' is too slow for core NATS, which waits for nobody: a message on '${subject}' is dropped, and more may be. Give onDropped to hear of each, raise mostWaiting, or use jetStreamBroker.`,
  );
}
