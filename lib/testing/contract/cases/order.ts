import type { Broker } from '../../../broker/broker.ts';
import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import type { Handle } from '../consumer.ts';
import { expectAcknowledged, expectDelivered } from '../judge.ts';
import type { Received } from '../received.ts';
import type { Trial } from '../trial.ts';

const KEYS = 10;

export const orderCases: readonly CaseDefinition[] = [
  { name: 'delivers a topic in the order of publishing', needs: { order: 'total' }, run: keepsTotalOrder },
  { name: 'delivers the messages of each key in order', needs: { order: 'key' }, run: keepsOrderOfKeys },
  {
    name: 'delivers the messages of each key in order to the consumers of a group',
    needs: { order: 'key', groups: true },
    run: keepsOrderOfKeysAmongConsumers,
  },
  {
    name: 'gives no second message of a key while the first is unsettled',
    needs: { order: 'key', orderAcrossRedelivery: true },
    run: waitsForTheFirst,
  },
  {
    name: 'keeps the order of each key when messages are handed back',
    needs: { order: 'key', orderAcrossRedelivery: true, redelivery: true },
    run: keepsOrderAcrossNacks,
  },
  {
    name: 'keeps the order of each key while a message waits its delay',
    needs: { order: 'key', orderAcrossRedelivery: true, redelivery: true, delayedRedelivery: true },
    run: keepsOrderAcrossDelays,
  },
];

async function keepsTotalOrder(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(trial.count(1_000));
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, consumer, messages);
  expectAscending('of a topic', consumer.received);
}

async function keepsOrderOfKeys(trial: Trial): Promise<void> {
  await tryKeys(trial, [await trial.open()], acknowledgeInDisorder());
}

async function keepsOrderOfKeysAmongConsumers(trial: Trial): Promise<void> {
  const brokers = [await trial.open(), await trial.open()];
  await tryKeys(trial, [...brokers, ...brokers], acknowledgeInDisorder());
}

async function waitsForTheFirst(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker, {}, () => undefined);
  const messages = trial.messages(4, { keys: 2 });
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages.slice(0, trial.isInTurn ? 1 : 2));
  await trial.quiet();
  expectOneOfAKey(consumer.received);
}

async function keepsOrderAcrossNacks(trial: Trial): Promise<void> {
  await tryKeys(
    trial,
    [await trial.open()],
    nackOnce((received) => received.nack()),
  );
}

async function keepsOrderAcrossDelays(trial: Trial): Promise<void> {
  const delayMs = trial.options.quietMs / 4;
  await tryKeys(
    trial,
    [await trial.open()],
    nackOnce((received) => received.nack({ delayMs })),
  );
}

/** Publishes by turns to ten keys, and judges the order of each by its acknowledged deliveries. */
async function tryKeys(trial: Trial, brokers: readonly Broker[], handle: Handle): Promise<void> {
  const consumers = await Promise.all(brokers.map((broker) => trial.consume(broker, { maxInFlight: 16 }, handle)));
  const messages = trial.messages(trial.count(1_000), { keys: KEYS });
  await trial.publish(brokers[0]!, messages);
  await expectAcknowledged(trial, consumers, messages);
  const settled = consumers.flatMap(({ received }) => received).filter(({ state }) => state === 'acknowledged');
  const inOrder = settled.toSorted((one, other) => one.place - other.place);
  for (const [key, received] of byKey(inOrder)) {
    expectAscending(`of key '${key}'`, received);
  }
}

/** Two deliveries out of three are acknowledged later than those behind them, where these come so early. */
function acknowledgeInDisorder(): Handle {
  let count = 0;
  return async (received) => {
    for (let turns = (count++ % 3) * 5; turns > 0; turns--) await Promise.resolve();
    return received.ack();
  };
}

/** Every second message of each key is handed back at first. */
function nackOnce(nack: (received: Received) => Promise<boolean>): Handle {
  const seen = new Set<string>();
  return (received) => {
    const isRefused = Math.floor(indexOf(received) / KEYS) % 2 === 0 && !seen.has(received.id);
    seen.add(received.id);
    return isRefused ? nack(received) : received.ack();
  };
}

function expectAscending(what: string, list: readonly Received[]): void {
  let highest = -1;
  const known = new Set<string>();
  for (const received of list) {
    // A repeat is a matter of its own.
    if (known.has(received.id)) continue;
    known.add(received.id);
    const index = indexOf(received);
    if (index < highest) {
      throw new TestFailure(
        `Expected the messages ${what} in the order of publishing, got number ${index + 1} after number ${highest + 1}.`,
      );
    }
    highest = index;
  }
}

function expectOneOfAKey(list: readonly Received[]): void {
  for (const [key, { length }] of byKey(list)) {
    if (length === 1) continue;
    throw new TestFailure(`Expected one unsettled message of key '${key}' at a time, got ${length}.`);
  }
}

function byKey(list: readonly Received[]): ReadonlyMap<string | undefined, readonly Received[]> {
  const groups = new Map<string | undefined, Received[]>();
  for (const received of list) {
    const group = groups.get(received.message.key) ?? [];
    group.push(received);
    groups.set(received.message.key, group);
  }
  return groups;
}

function indexOf({ message }: Received): number {
  return Number(message.headers['contract-index']);
}
