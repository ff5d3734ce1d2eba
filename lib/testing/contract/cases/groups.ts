import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectOnly } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const groupCases: readonly CaseDefinition[] = [
  { name: 'gives each of two groups all messages', needs: { groups: true }, run: givesEachGroupAll },
  { name: 'shares the messages of a group among its consumers', needs: { groups: true }, run: sharesWithinGroups },
  { name: 'goes on with other groups when one stalls', needs: { groups: true }, run: isolatesStalledGroups },
  {
    name: 'gives what a consumer leaves unsettled to the others of its group',
    needs: { groups: true, redelivery: true },
    run: passesOnWhatIsLeft,
  },
  {
    name: 'gives subscriptions that have closed nothing more',
    needs: { groups: true },
    run: forgetsClosedSubscriptions,
  },
];

async function givesEachGroupAll(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const one = await trial.consume(broker, { group: trial.group('one') });
  const other = await trial.consume(broker, { group: trial.group('other') });
  const messages = trial.messages(trial.count(1_000));
  await trial.publish(broker, messages, 10);
  await expectDelivered(trial, one, messages);
  await expectDelivered(trial, other, messages);
}

async function sharesWithinGroups(trial: Trial): Promise<void> {
  const brokers = [await trial.open(), await trial.open()];
  const consumers = await Promise.all(
    Array.from({ length: trial.count(50) }, (_, index) => trial.consume(brokers[index % 2]!, { maxInFlight: 4 })),
  );
  const messages = trial.messages(trial.count(5_000));
  await trial.publish(brokers[0]!, messages, 50);
  await expectAcknowledged(trial, consumers, messages);
  await trial.quiet();
  for (const consumer of consumers) expectOnly(consumer, messages);
  const busy = consumers.filter(({ received }) => received.length > 0).length;
  // In turn, one may take them all while the others wait to follow it.
  if (busy < 2 && !trial.isInTurn) {
    throw new TestFailure(`Expected several of ${consumers.length} consumers to share the work, got ${busy}.`);
  }
}

async function isolatesStalledGroups(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const stalled = await trial.consume(broker, { group: trial.group('stalled'), maxInFlight: 1 }, () => undefined);
  const consumer = await trial.consume(broker, { group: trial.group('working') });
  const messages = trial.messages(trial.count(1_000));
  await trial.publish(broker, messages, 10);
  await expectAcknowledged(trial, consumer, messages);
  expectEqual('the deliveries of a group that settles none, with maxInFlight 1', stalled.received.length, 1);
}

async function passesOnWhatIsLeft(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const idle = await trial.consume(broker, { maxInFlight: 5 }, () => undefined);
  const messages = trial.messages(trial.count(100));
  await trial.publish(broker, messages);
  await trial.until(
    () => idle.received.length > 0,
    () => 'a consumer to be given a message, got none',
  );
  const worker = await trial.consume(broker);
  await idle.close();
  await expectAcknowledged(trial, worker, messages);
}

async function forgetsClosedSubscriptions(trial: Trial): Promise<void> {
  const broker = await trial.open();
  // A group whose last consumer leaves may lose what is published meanwhile: this one stays.
  const consumer = await trial.consume(broker);
  for (let count = trial.count(100); count > 0; count--) {
    const passing = await trial.consume(broker);
    await passing.close();
  }
  const messages = trial.messages(trial.count(1_000));
  await trial.publish(broker, messages, 10);
  await expectDelivered(trial, consumer, messages);
}
