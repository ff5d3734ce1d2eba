import { compilePattern } from '../bus/pattern.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { expectCount, expectDelay, expectName, expectOptions, show } from '../core/options.ts';
import type { BrokerCapabilities, CapabilityName } from './broker-capabilities.ts';
import type { DeadLetterOptions, SubscribeOptions } from './broker-subscription.ts';
import { expectTopic } from './check-message.ts';

/** {@link SubscribeOptions}, checked, with the defaults filled in. */
export interface CheckedSubscription {
  readonly topics: readonly string[];
  readonly group: string;
  readonly isEphemeral: boolean;
  readonly consumer: string;
  readonly maxInFlight: number;
  readonly from: NonNullable<SubscribeOptions['from']>;
  readonly leaseMs: number | undefined;
  readonly deadLetter: DeadLetterOptions | undefined;
}

/** What every broker asks of a subscription: that it can be, and that the broker has the capabilities for it. */
export function checkedSubscription(
  broker: { readonly name: string; readonly capabilities: BrokerCapabilities },
  options: SubscribeOptions,
): CheckedSubscription {
  if (options === undefined) throw new InvalidOptionError('Expected options { topics, group }, got undefined.');
  const {
    group,
    isEphemeral = false,
    consumer = broker.name,
    maxInFlight = 1,
    from = 'new',
    leaseMs,
    deadLetter,
  } = expectOptions('options', options);
  const needs = (name: CapabilityName, option: string): void => expectCapability(broker, name, option);
  const topics = checkedTopics(options.topics, needs);
  expectGroupName('group', group);
  expectName('consumer', consumer);
  expectCount('maxInFlight', maxInFlight, 1);
  checkFrom(from, needs);
  if (leaseMs !== undefined) {
    expectDelay('leaseMs', leaseMs, true);
    needs('lease', 'leaseMs');
  }
  if (deadLetter !== undefined) {
    checkDeadLetter(deadLetter, topics);
    needs('deadLetters', 'deadLetter');
  }
  return { topics, group, isEphemeral, consumer, maxInFlight, from, leaseMs, deadLetter };
}

/** Refuses an option for which a broker has no capability. */
export function expectCapability(
  { name: broker, capabilities }: { readonly name: string; readonly capabilities: BrokerCapabilities },
  name: CapabilityName,
  option: string,
): void {
  const level = capabilities[name];
  if (level !== false && level !== 'none') return;
  throw new InvalidOptionError(
    `Expected a broker with the capability '${name}' for ${option}, got broker '${broker}', which has it not. Leave ${option} out, or choose another broker.`,
  );
}

function checkedTopics(
  topics: string | readonly string[],
  needs: (name: CapabilityName, option: string) => void,
): readonly string[] {
  const list = typeof topics === 'string' ? [topics] : topics;
  if (!Array.isArray(list) || list.length === 0) {
    throw new InvalidOptionError(`Expected topics to be a topic or several, got ${show(topics)}.`);
  }
  for (const topic of list as readonly string[]) {
    expectName('topics', topic);
    compilePattern(topic);
    if (/[*>]/u.test(topic)) needs('wildcards', `the pattern '${topic}'`);
  }
  return list as readonly string[];
}

/** Returns `name` if every broker can name a group, or what belongs to one, so. */
export function expectGroupName(what: string, name: string): string {
  if (typeof name === 'string' && /^[\w-]+$/u.test(name)) return name;
  throw new InvalidOptionError(
    `Expected ${what} to be letters, digits, '-' and '_', which every broker can name, got ${show(name)}.`,
  );
}

function checkFrom(
  from: NonNullable<SubscribeOptions['from']>,
  needs: (name: CapabilityName, option: string) => void,
): void {
  if (from === 'new') return;
  if (from === 'earliest') {
    needs('history', `from: 'earliest'`);
  } else if (isPlace(from, 'time')) {
    needs('replayFromTime', 'from: { time }');
  } else if (isPlace(from, 'sequence')) {
    needs('replayFromSequence', 'from: { sequence }');
  } else {
    throw new InvalidOptionError(
      `Expected from to be 'new', 'earliest', { time } or { sequence } with a number, got ${show(from)}.`,
    );
  }
}

function isPlace(from: unknown, name: 'sequence' | 'time'): boolean {
  return typeof from === 'object' && from !== null && Number.isFinite((from as Record<string, unknown>)[name]);
}

function checkDeadLetter(deadLetter: DeadLetterOptions, topics: readonly string[]): void {
  const { topic, maxDeliveries } = expectOptions('deadLetter', deadLetter);
  expectTopic('deadLetter.topic', topic);
  expectCount('deadLetter.maxDeliveries', maxDeliveries, 1);
  if (!topics.some((own) => compilePattern(own)(topic))) return;
  throw new InvalidOptionError(
    `Expected deadLetter.topic to be none of the group's own topics, got '${topic}'. A letter would come back to the group that gave it up.`,
  );
}
