import type { CaseDefinition } from '../case-definition.ts';
import type { Consumer } from '../consumer.ts';
import { expectDelivered, expectEqual, expectOnly } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const routingCases: readonly CaseDefinition[] = [
  { name: 'keeps topics apart, also those that begin alike', needs: {}, run: keepsTopicsApart },
  { name: 'gives one subscription several topics', needs: {}, run: subscribesToSeveral },
  { name: 'carries many topics at once', needs: {}, run: carriesManyTopics },
  { name: 'matches one token with *, and one or more with >', needs: { wildcards: true }, run: matchesPatterns },
];

async function keepsTopicsApart(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const names = ['orders', 'orders.eu', 'orders.eu.north', 'order'];
  await expectOwnOnly(trial, names, 5, async (name) =>
    trial.consume(broker, { topics: trial.topic(name), group: groupOf(trial, name) }),
  );
}

async function subscribesToSeveral(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker, { topics: [trial.topic('orders'), trial.topic('users.eu')] });
  const [wanted, others, more] = ['orders', 'payments', 'users.eu'].map((name) =>
    trial.messages(5, { topic: trial.topic(name), name }),
  );
  await trial.publish(broker, [...wanted!, ...others!, ...more!]);
  await expectDelivered(trial, consumer, [...wanted!, ...more!]);
  await trial.quiet();
  expectOnly(consumer, [...wanted!, ...more!]);
}

async function carriesManyTopics(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const names = Array.from({ length: trial.count(100) }, (_, index) => `topic${index}`);
  await expectOwnOnly(trial, names, trial.count(20), async (name) =>
    trial.consume(broker, { topics: trial.topic(name), group: groupOf(trial, name) }),
  );
}

/** Publishes to all topics in turn: each consumer is to be given its own. */
async function expectOwnOnly(
  trial: Trial,
  names: readonly string[],
  each: number,
  consume: (name: string) => Promise<Consumer>,
): Promise<void> {
  const broker = await trial.open();
  const readers = await Promise.all(
    names.map(async (name) => ({
      consumer: await consume(name),
      messages: trial.messages(each, { topic: trial.topic(name), name: `${name}-` }),
    })),
  );
  const inTurn = Array.from({ length: each }, (_, turn) => readers.map(({ messages }) => messages[turn]!)).flat();
  await trial.publish(broker, inTurn, 10);
  for (const { consumer, messages } of readers) await expectDelivered(trial, consumer, messages);
  await trial.quiet();
  for (const { consumer, messages } of readers) expectOnly(consumer, messages);
}

/** Patterns, the topics that they match, and those that they do not. */
const PATTERNS = [
  { pattern: 'users.*', matched: ['users.eu', 'users.us'] },
  { pattern: 'users.>', matched: ['users.eu', 'users.us', 'users.eu.north'] },
  { pattern: 'users.*.north', matched: ['users.eu.north'] },
] as const;
const TOPICS = ['users', 'users.eu', 'users.us', 'users.eu.north', 'orders.eu'];

async function matchesPatterns(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const readers = await Promise.all(
    PATTERNS.map(async ({ pattern, matched }, index) => ({
      matched,
      pattern,
      consumer: await trial.consume(broker, { topics: trial.topic(pattern), group: trial.group(`p${index}`) }),
    })),
  );
  const messages = TOPICS.map((name) => trial.messages(1, { topic: trial.topic(name), name })[0]!);
  await trial.publish(broker, messages);
  for (const { consumer, matched } of readers) {
    const wanted = messages.filter((_, index) => (matched as readonly string[]).includes(TOPICS[index]!));
    await expectDelivered(trial, consumer, wanted);
  }
  await trial.quiet();
  for (const { consumer, pattern, matched } of readers) {
    const got = consumer.received.map(({ message }) => message.topic.slice(trial.topic('').length));
    expectEqual(`the topics that '${pattern}' has matched`, sorted(got), sorted(matched));
  }
}

function sorted(names: readonly string[]): string {
  return [...names].toSorted().join();
}

function groupOf(trial: Trial, name: string): string {
  return trial.group(name.replaceAll('.', '-'));
}
