import { BrokerUnavailableError, TopologyError } from '../broker/broker-errors.ts';
import { MillraceError } from '../core/errors.ts';

/** What will be answered again, however often it is asked. */
const REFUSALS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'Grant the topic to the user of the connection.',
  GROUP_AUTHORIZATION_FAILED: 'Grant the group to the user of the connection.',
  CLUSTER_AUTHORIZATION_FAILED: 'Grant it to the user of the connection.',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'Grant the transactional id to the user of the connection.',
  SASL_AUTHENTICATION_FAILED: 'See connect.sasl.',
  MESSAGE_TOO_LARGE: 'Put what is large elsewhere, or raise max.message.bytes of its topic.',
  RECORD_LIST_TOO_LARGE: 'Put what is large elsewhere, or raise max.message.bytes of its topic.',
  INVALID_TOPIC_EXCEPTION: 'Use letters, digits, dots, - and _.',
  INVALID_PARTITIONS: 'See topics.partitions.',
  INVALID_REPLICATION_FACTOR: 'See topics.replicationFactor: it cannot be more than there are servers.',
  INVALID_CONFIG: 'See topics.config.',
  POLICY_VIOLATION: 'See topics: the server lets them be made otherwise only.',
  INVALID_SESSION_TIMEOUT: 'See sessionTimeoutMs, and group.min.session.timeout.ms of the server.',
  INCONSISTENT_GROUP_PROTOCOL: 'The members of a group are of one kind: give this one a group of its own.',
};

/** Kafka's own name of what went wrong, from wherever it is wrapped; undefined if Kafka has not said anything. */
export function typeOf(error: unknown): string | undefined {
  for (let inner = error; inner instanceof Error; inner = partOf(inner)) {
    if ('type' in inner && typeof inner.type === 'string') return inner.type;
    if (inner.name === 'KafkaJSSASLAuthenticationError') return 'SASL_AUTHENTICATION_FAILED';
  }
  return undefined;
}

/** Whether trying the same again is of no use. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MillraceError
    ? !(error instanceof BrokerUnavailableError)
    : refusalRemedy(error) !== undefined;
}

/** A failure in our words. */
export function failureOf(error: unknown, what: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const remedy = refusalRemedy(error);
  const options = { cause: error };
  if (remedy !== undefined) return new TopologyError(`Expected ${what}, got: ${textOf(error)}. ${remedy}`, options);
  return new BrokerUnavailableError(`Expected ${what}, got: ${textOf(error)}.`, options);
}

/** A text of an error, without the full stop. */
export function textOf(error: unknown): string {
  if (error instanceof Error && 'errors' in error && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.map(textOf).join(', ');
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/[\s.]+$/, '');
}

function refusalRemedy(error: unknown): string | undefined {
  const type = typeOf(error);
  return type === undefined ? undefined : REFUSALS[type];
}

/** What is behind an error, or the first of several. */
function partOf(error: Error): unknown {
  if ('errors' in error && Array.isArray(error.errors)) return error.errors[0];
  if ('groups' in error && Array.isArray(error.groups)) return (error.groups as { error?: unknown }[])[0]?.error;
  return error.cause;
}
