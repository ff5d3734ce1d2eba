import type { Broker } from '../../../broker/broker.ts';
import type { BrokerMessage } from '../../../broker/broker-message.ts';
import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectEqual } from '../judge.ts';
import { addAll, expectLetters } from './letter-stores.ts';
import type { Trial } from '../trial.ts';

export const restartCases: readonly CaseDefinition[] = [
  {
    name: 'loses nothing that was confirmed over two restarts under load',
    needs: { restart: true, durableGroups: true, redelivery: true },
    isRestarting: true,
    run: survivesRestarts,
  },
  {
    name: 'remembers what was acknowledged over a restart',
    needs: { restart: true, durableGroups: true, redelivery: true },
    isRestarting: true,
    run: remembersAcksOverRestart,
  },
  {
    name: 'has its letters still after a restart',
    needs: { restart: true, letterStores: true },
    isRestarting: true,
    run: keepsLettersOverRestart,
  },
];

async function survivesRestarts(trial: Trial): Promise<void> {
  const [publisher, reader] = [await trial.open(), await trial.open()];
  const consumer = await trial.consume(reader, { maxInFlight: 64 });
  const messages = trial.messages(trial.count(10_000));
  const confirmed: BrokerMessage[] = [];
  const publishing = publishAll(trial, publisher, messages, confirmed);
  for (const share of [1 / 3, 2 / 3]) {
    const wanted = Math.floor(messages.length * share);
    await trial.until(
      () => confirmed.length >= wanted,
      () => `${wanted} messages to be confirmed, got ${confirmed.length}`,
    );
    await restart(trial);
  }
  await publishing;
  await expectAcknowledged(trial, consumer, confirmed);
}

/** Ten publishers, each of which publishes again what was refused while the broker was away. */
async function publishAll(
  trial: Trial,
  publisher: Broker,
  messages: readonly BrokerMessage[],
  confirmed: BrokerMessage[],
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      while (!(await isConfirmed(publisher, message))) await trial.pass(trial.options.quietMs / 10);
      confirmed.push(message);
      trial.countPublished(1);
      trial.deadline.changed();
    }
  };
  await trial.within(Promise.all(Array.from({ length: 10 }, work)), 'all messages to be confirmed in the end');
}

async function isConfirmed(publisher: Broker, message: BrokerMessage): Promise<boolean> {
  try {
    await publisher.publish(message);
    return true;
  } catch {
    return false;
  }
}

async function remembersAcksOverRestart(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(trial.count(100));
  const consumer = await trial.consume(broker);
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, consumer, messages);
  await consumer.close();
  await restart(trial);
  const [last] = trial.messages(1, { name: 'last' });
  const later = await trial.consume(await trial.open());
  await trial.publish(broker, [last!]);
  await expectAcknowledged(trial, later, [last!]);
  expectEqual('the deliveries after a restart, of 1 message that was left', later.received.length, 1);
}

async function keepsLettersOverRestart(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const store = broker.letterStore(trial.group('letters'));
  const letters = trial.messages(3);
  await addAll(trial, store, letters);
  await restart(trial);
  const later = await trial.open();
  await expectLetters(trial, later.letterStore(trial.group('letters')), letters);
  // The client from before has connected again by itself.
  await trial.within(store.remove(letters[0]!.id), 'remove() to resolve');
  await expectLetters(trial, store, letters.slice(1));
}

async function restart(trial: Trial): Promise<void> {
  const { restart: restartBroker } = trial.options;
  if (restartBroker === undefined) {
    throw new TestFailure(`Expected an option 'restart' that restarts the broker, got none.`);
  }
  await trial.within(restartBroker(), 'the broker to restart');
}
