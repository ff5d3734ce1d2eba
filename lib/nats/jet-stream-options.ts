import { InvalidOptionError } from '../core/errors.ts';
import { expectDelay, expectOptions, show } from '../core/options.ts';
import type { StreamConfig } from './jet-stream-api.ts';
import {
  checkedNatsOptions,
  type CheckedNatsOptions,
  expectFlag,
  expectPrefix,
  expectSubject,
  type NatsClientOptions,
  type NatsConnectOptions,
  type NatsOptions,
} from './options.ts';

/** Where messages are kept. */
export interface JetStreamStream {
  /** Its name on the server: letters, digits, `-` and `_`. @defaultValue 'events' */
  readonly name?: string;
  /** The subjects of which it keeps all, if it has to be made. @defaultValue all that begin with `subjectPrefix` */
  readonly subjects?: readonly string[];
  /**
   * More of its configuration, if it has to be made, in the server's words: `{ num_replicas: 3, max_age: 7 * 86_400e9 }` (times are nanoseconds).
   *
   * @defaultValue files, one replica, no limits: it grows until the disk is full
   */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What a broker of JetStream can be told, wherever its connection comes from. */
export interface JetStreamOptions extends NatsOptions {
  /**
   * The stream that keeps all messages; groups are consumers of it, whose names are theirs. One that is there stays as it is.
   *
   * @defaultValue a stream 'events'
   */
  readonly stream?: JetStreamStream;
  /**
   * Begins the subjects of all topics: the topic `user.signed_up` is the subject `events.user.signed_up`. Without one, name the stream's subjects.
   *
   * @defaultValue 'events.'
   */
  readonly subjectPrefix?: string;
  /** Whether streams and consumers are made. With `false` they are only looked for, but for those of ephemeral groups. @defaultValue true */
  readonly manage?: boolean;
  /** Whether a group has one delivery at a time, in order even if it comes again: its consumer has `max_ack_pending` 1. @defaultValue false */
  readonly inTurn?: boolean;
  /**
   * Milliseconds after which a delivery of a group without `leaseMs` comes again if its process is gone; \> 0. While it is there, it renews them by itself.
   *
   * @defaultValue 10_000
   */
  readonly ackWaitMs?: number;
  /** Begins the subjects of JetStream's API, such as `$JS.hub.API` for the domain `hub`. @defaultValue '$JS.API' */
  readonly apiPrefix?: string;
}

/** Where a JetStream broker's connection comes from, and what it can be told. */
export type JetStreamBrokerOptions = JetStreamOptions & (NatsClientOptions | NatsConnectOptions);

/** The options with their defaults. */
export interface CheckedJetStreamOptions extends CheckedNatsOptions {
  readonly stream: StreamConfig;
  /** What every stream is made with. */
  readonly streamConfig: Readonly<Record<string, unknown>>;
  readonly subjectPrefix: string;
  readonly manage: boolean;
  readonly inTurn: boolean;
  readonly ackWaitMs: number;
  readonly apiPrefix: string;
}

/** The options with their defaults, if they can work. */
export function checkedJetStreamOptions(options: JetStreamBrokerOptions): CheckedJetStreamOptions {
  const checked = checkedNatsOptions(options, 'jetstream');
  const {
    stream = {},
    subjectPrefix = 'events.',
    manage = true,
    inTurn = false,
    ackWaitMs = 10_000,
    apiPrefix = '$JS.API',
  } = options;
  const { name = 'events', subjects, config = {} } = expectOptions('stream', stream);
  expectStreamName(name);
  expectPrefix(subjectPrefix);
  expectOptions('stream.config', config);
  return {
    ...checked,
    stream: { ...config, name, subjects: checkedSubjects(subjects, subjectPrefix, manage) },
    streamConfig: config,
    subjectPrefix,
    manage: expectFlag('manage', manage),
    inTurn: expectFlag('inTurn', inTurn),
    ackWaitMs: expectDelay('ackWaitMs', ackWaitMs, true),
    apiPrefix: expectSubject('apiPrefix', apiPrefix),
  };
}

function expectStreamName(name: string): void {
  if (typeof name === 'string' && /^[\w-]+$/u.test(name)) return;
  throw new InvalidOptionError(`Expected stream.name to be letters, digits, '-' and '_', got ${show(name)}.`);
}

function checkedSubjects(subjects: readonly string[] | undefined, prefix: string, manage: boolean): readonly string[] {
  if (subjects === undefined) {
    if (prefix !== '' || !manage) return [`${prefix}>`];
    throw new InvalidOptionError(
      `Expected stream.subjects, as without a subjectPrefix a stream would keep all that NATS sends, its own words too, got none. Name them, such as ['orders.>'].`,
    );
  }
  const list: readonly unknown[] = Array.isArray(subjects) ? subjects : [];
  const isSubject = (subject: unknown): boolean =>
    typeof subject === 'string' && /^[^\s.]+(\.[^\s.]+)*$/u.test(subject);
  if (list.length > 0 && list.every(isSubject)) return subjects;
  throw new InvalidOptionError(
    `Expected stream.subjects to be a list of subjects, such as ['orders.>'], got ${show(subjects)}.`,
  );
}
