import type { Listening } from '../../bus/registration.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import { randomId } from '../../core/ids.ts';
import type { EventMessage } from '../../core/message.ts';
import { expectCount, expectOptions, show } from '../../core/options.ts';
import { type DecideRetry, decideRetry, type RetryPolicy } from '../../flow/retry-policy.ts';
import { type HandlerOptions, processorSettings } from '../../process/processor-options.ts';
import type { Broker } from '../broker.ts';
import type { SubscribeOptions } from '../broker-subscription.ts';
import { expectCapability, expectGroupName } from '../check-subscription.ts';
import type { BrokeredHubSettings } from './brokered-hub-options.ts';
import type { BrokeredOnOptions, RedeliveryPolicy } from './brokered-bus.ts';
import { retryUnlessLost, unlessLost } from './heed-loss.ts';

/** What a handler's options make of its consumer. */
export interface CheckedConsumer {
  readonly name: string;
  readonly subscribe: SubscribeOptions;
  readonly engine: HandlerOptions<EventMessage>;
  readonly decideRedelivery: DecideRetry | undefined;
  readonly maxDeliveries: number;
  readonly isTransactional: boolean;
}

const CAPACITY = 256;

/**
 * Checks a handler's options against its broker, where they are given.
 *
 * @throws InvalidOptionError for a name that is missing, an option that has no place across a broker, or one that the broker has no capability for
 */
export function consumerSettings(
  broker: Broker,
  { group, leaseMs, maxDeliveries, random, from: busFrom }: BrokeredHubSettings,
  { types }: Listening,
  options: BrokeredOnOptions<EventMessage>,
  isOnce: boolean,
): CheckedConsumer {
  const {
    from = isOnce ? 'new' : busFrom,
    redelivery,
    isTransactional = false,
    ...handler
  } = expectOptions('options', options);
  const name = isOnce ? (handler.name ?? `once-${randomId()}`) : handler.name;
  expectHandlerName(name);
  expectOrder(broker, handler);
  if (isTransactional) expectTransactions(broker, handler);
  if (isOnce && redelivery !== undefined) throw onceRedelivered();
  const retry = handler.retry && { retry: retryUnlessLost(handler.retry) };
  const breaker = handler.breaker && { breaker: unlessLost(handler.breaker) };
  const engine = { ...handler, ...retry, ...breaker, name, capacity: isOnce ? 0 : (handler.capacity ?? CAPACITY) };
  const { concurrency, capacity, batch } = processorSettings(engine);
  const hasLeases = broker.capabilities.lease !== 'none';
  return {
    name,
    engine,
    isTransactional,
    decideRedelivery: redeliveryOf(broker, redelivery, random),
    maxDeliveries: Math.max(maxDeliveries, redelivery?.maxDeliveries ?? 0),
    subscribe: {
      topics: types,
      group: isOnce ? `${group}--${name}-${randomId()}` : `${group}--${name}`,
      consumer: name,
      maxInFlight: isOnce ? 1 : expectCount('capacity', concurrency * (batch?.maxSize ?? 1) + capacity, 1),
      from,
      ...(isOnce && { isEphemeral: true }),
      ...(hasLeases && { leaseMs }),
    },
  };
}

function expectHandlerName(name: string | undefined): asserts name is string {
  if (name !== undefined) return void expectGroupName('the name of a handler', name);
  throw new InvalidOptionError(
    "Expected a name for the handler, as its durable consumer on the broker is found by it, got none. Name it: bus.on(event, handler, { name: 'welcome-mail' }).",
  );
}

function expectOrder(broker: Broker, { key, overflow }: HandlerOptions<EventMessage>): void {
  if (overflow !== undefined && overflow !== 'suspend') {
    throw new InvalidOptionError(
      `Expected no overflow but 'suspend' across a broker, where what finds no room waits, got ${show(overflow)}. Leave it out.`,
    );
  }
  if (key !== undefined) expectCapability(broker, 'orderAcrossRedelivery', 'key');
}

function expectTransactions(broker: Broker, { batch }: { readonly batch?: unknown }): void {
  expectCapability(broker, 'atomicPublish', 'isTransactional');
  if (batch === undefined) return;
  throw new InvalidOptionError('Expected a transactional handler to take events one by one, got batch. Leave out one.');
}

function onceRedelivered(): InvalidOptionError {
  return new InvalidOptionError(
    'Expected no redelivery with once, got one: the broker forgets the handler when it has ended. Use retry.',
  );
}

function redeliveryOf(
  broker: Broker,
  redelivery: RedeliveryPolicy | undefined,
  random: () => number,
): DecideRetry | undefined {
  if (redelivery === undefined) return undefined;
  const { maxDeliveries, delayMs = 0, ...growth } = expectOptions('redelivery', redelivery);
  expectCount('redelivery.maxDeliveries', maxDeliveries, 2, true);
  expectCapability(broker, 'redelivery', 'redelivery');
  if (delayMs !== 0) expectCapability(broker, 'delayedRedelivery', 'redelivery.delayMs');
  const policy: RetryPolicy = { maxAttempts: maxDeliveries, delayMs, ...growth };
  return decideRetry(policy, random);
}
