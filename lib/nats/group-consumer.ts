import { TopologyError } from '../broker/broker-errors.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { type ConsumerConfig, type ConsumerInfo, type JetStreamApi, JetStreamRefusal } from './jet-stream-api.ts';
import { refusalOf } from './stream.ts';
import { commonOf, overlap, widest } from './subjects.ts';

const NANOSECONDS = 1_000_000;
/** Milliseconds after which the server ends an ephemeral group that nobody asks for messages; then it is made again where it was. */
const EPHEMERAL_MS = 30_000;
/** Before the topics, where the server cannot filter by several. */
const TOPICS = 'Topics: ';

/** What a group's consumer is made of. */
export interface GroupPlan {
  readonly stream: string;
  readonly subscription: CheckedSubscription;
  /** The subjects of its topics. */
  readonly subjects: readonly string[];
  readonly manage: boolean;
  readonly inTurn: boolean;
  /** The lease of a group that asks for none. */
  readonly ackWaitMs: number;
  /** Whether the server filters by several subjects. */
  readonly filtersBySeveral: boolean;
}

/** A group's consumer, as it stands on the server. */
export interface StandingGroup {
  /** The last place in the stream that it had been given. */
  readonly position: number;
  /** Milliseconds after which the server gives again what is not settled. */
  readonly ackWaitMs: number;
}

/**
 * Looks for the consumer of a group, or makes it. One that is there stays as it is, but for its lease.
 *
 * @param after - where it begins if it was there once and is not any more
 * @throws TopologyError when it is missing and may not be made, when it is another's, or has other topics
 */
export async function standGroup(
  api: JetStreamApi,
  plan: GroupPlan,
  signal: AbortSignal,
  after?: number,
): Promise<StandingGroup> {
  const { stream, subscription } = plan;
  const wanted = configOf(plan, after);
  const what = `consumer '${subscription.group}' of stream '${stream}'`;
  try {
    const found = await find(api, plan, signal);
    if (found === undefined) return standing(await make(api, plan, wanted, signal));
    expectAlike(what, found.config, wanted);
    const isLeaseOther = subscription.leaseMs !== undefined && found.config.ack_wait !== wanted.ack_wait;
    if (!isLeaseOther) return standing(found);
    if (!plan.manage) {
      throw new TopologyError(
        `Expected ${what} with ack_wait ${subscription.leaseMs} ms, got ${millisecondsOf(found.config)} ms. Change it, or leaseMs.`,
      );
    }
    return standing(await make(api, plan, { ...found.config, ack_wait: wanted.ack_wait! }, signal));
  } catch (error) {
    throw refusalOf(error, what);
  }
}

async function find(
  api: JetStreamApi,
  { stream, subscription, manage }: GroupPlan,
  signal: AbortSignal,
): Promise<ConsumerInfo | undefined> {
  const { group, isEphemeral } = subscription;
  try {
    return await api.ask<ConsumerInfo>(`CONSUMER.INFO.${stream}.${group}`, undefined, signal);
  } catch (error) {
    if (!(error instanceof JetStreamRefusal && error.isMissing)) throw error;
    if (manage || isEphemeral) return undefined;
    throw new TopologyError(
      `Expected consumer '${group}' in stream '${stream}', got none on the server. Make it, or let the broker make it with 'manage: true'.`,
      { cause: error },
    );
  }
}

async function make(
  api: JetStreamApi,
  { stream, subscription: { group } }: GroupPlan,
  config: ConsumerConfig,
  signal: AbortSignal,
): Promise<ConsumerInfo> {
  const { filter_subject: filter } = config;
  const path = `CONSUMER.CREATE.${stream}.${group}${filter === undefined ? '' : `.${filter}`}`;
  return api.ask<ConsumerInfo>(path, { stream_name: stream, config }, signal);
}

function standing({ config, delivered }: ConsumerInfo): StandingGroup {
  return { position: delivered.stream_seq, ackWaitMs: millisecondsOf(config) };
}

function millisecondsOf({ ack_wait: waitNs = 0 }: ConsumerConfig): number {
  return waitNs / NANOSECONDS;
}

function configOf(plan: GroupPlan, after: number | undefined): ConsumerConfig {
  const { subscription, ackWaitMs, inTurn } = plan;
  const { group, isEphemeral, leaseMs = ackWaitMs } = subscription;
  return {
    name: group,
    ...(isEphemeral ? { inactive_threshold: EPHEMERAL_MS * NANOSECONDS } : { durable_name: group }),
    ack_policy: 'explicit',
    ack_wait: Math.ceil(leaseMs * NANOSECONDS),
    max_deliver: -1,
    // What a subscription may have in flight it keeps to itself: here the limit would be the whole group's.
    max_ack_pending: inTurn ? 1 : -1,
    replay_policy: 'instant',
    ...filterOf(plan),
    ...beginningOf(subscription, after),
  };
}

/** Servers before 2.10 have one filter for each consumer: then it is wider than the topics, and what they do not match is acknowledged unseen. */
function filterOf({ subjects, subscription: { topics }, filtersBySeveral }: GroupPlan): Partial<ConsumerConfig> {
  const distinct = widest(subjects);
  if (distinct.length === 1) return { filter_subject: distinct[0]! };
  const areApart = !distinct.some((one, index) => distinct.slice(index + 1).some((other) => overlap(one, other)));
  if (filtersBySeveral && areApart) return { filter_subjects: distinct };
  return { filter_subject: commonOf(distinct), description: TOPICS + [...new Set(topics)].toSorted().join(' ') };
}

function beginningOf({ from }: CheckedSubscription, after: number | undefined): Partial<ConsumerConfig> {
  if (after !== undefined) return { deliver_policy: 'by_start_sequence', opt_start_seq: after + 1 };
  if (from === 'new') return { deliver_policy: 'new' };
  if (from === 'earliest') return { deliver_policy: 'all' };
  if ('time' in from) {
    return { deliver_policy: 'by_start_time', opt_start_time: new Date(from.time).toISOString() };
  }
  return { deliver_policy: 'by_start_sequence', opt_start_seq: Math.max(1, Math.ceil(from.sequence)) };
}

/** The server would change a consumer silently: what a group is, stays. */
function expectAlike(what: string, found: ConsumerConfig, wanted: ConsumerConfig): void {
  const [got, expected] = [topicsOf(found), topicsOf(wanted)];
  if (got !== expected) {
    throw new TopologyError(
      `Expected ${what} to have the subjects '${expected}', got '${got}'. A group keeps its topics: use another group, or delete the consumer if nobody needs it.`,
    );
  }
  if (found.deliver_subject !== undefined || found.ack_policy !== 'explicit') {
    throw new TopologyError(
      `Expected ${what} to be a pull consumer with ack_policy 'explicit', got ${found.deliver_subject === undefined ? `ack_policy '${found.ack_policy}'` : 'a push consumer'}. Use another group.`,
    );
  }
  if ((found.durable_name === undefined) !== (wanted.durable_name === undefined)) {
    const [is, is2] = found.durable_name === undefined ? ['ephemeral', 'durable'] : ['durable', 'ephemeral'];
    throw new TopologyError(`Expected ${what} to be ${is2}, got one that is ${is}. Use another group.`);
  }
  if (wanted.max_ack_pending === 1 && found.max_ack_pending !== 1) {
    throw new TopologyError(
      `Expected ${what} to have max_ack_pending 1, as inTurn needs, got ${found.max_ack_pending}. Use another group, or leave inTurn out.`,
    );
  }
}

function topicsOf({ filter_subject: one, filter_subjects: several, description = '' }: ConsumerConfig): string {
  const subjects = (several ?? [one ?? '>']).toSorted().join(' ');
  return description.startsWith(TOPICS) ? `${subjects} (${description.slice(TOPICS.length)})` : subjects;
}
