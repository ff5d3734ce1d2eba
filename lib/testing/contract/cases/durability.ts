import type { CaseDefinition } from '../case-definition.ts';
import type { Consumer } from '../consumer.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectOnly } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const durabilityCases: readonly CaseDefinition[] = [
  { name: 'begins a group with what is published once it is ready', needs: {}, run: beginsWhenReady },
  {
    name: 'keeps what is published while nobody of a group is there',
    needs: { durableGroups: true },
    run: keepsForAbsentGroups,
  },
  {
    name: 'gives the rest to a subscription that comes back',
    needs: { durableGroups: true, redelivery: true },
    run: givesTheRest,
  },
  {
    name: 'loses nothing when clients close and open again, time after time',
    needs: { durableGroups: true, redelivery: true },
    run: losesNothingOverReopening,
  },
];

async function beginsWhenReady(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [before, after] = ['before', 'after'].map((name) => trial.messages(trial.count(100), { name }));
  await trial.publish(broker, before!);
  const consumer = await trial.consume(broker);
  await trial.publish(broker, after!);
  await expectDelivered(trial, consumer, after!);
  await trial.quiet();
  expectOnly(consumer, after!);
}

async function keepsForAbsentGroups(trial: Trial): Promise<void> {
  const first = await trial.open();
  await trial.consume(first);
  await trial.closeBroker(first);
  const publisher = await trial.open();
  const messages = trial.messages(trial.count(100));
  await trial.publish(publisher, messages);
  const consumer = await trial.consume(await trial.open());
  await expectDelivered(trial, consumer, messages);
}

async function givesTheRest(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(trial.count(100));
  const half = messages.length / 2;
  const early: Consumer = await trial.consume(broker, { maxInFlight: 1 }, (received) =>
    early.received.length <= half ? received.ack() : undefined,
  );
  await trial.publish(broker, messages);
  await trial.until(
    () => early.received.length > half,
    () => `more than ${half} deliveries, got ${early.received.length}`,
  );
  await early.close();
  const done = new Set(early.acknowledged.map(({ id }) => id));
  const rest = messages.filter(({ id }) => !done.has(id));
  const late = await trial.consume(broker);
  await expectDelivered(trial, late, rest);
  await trial.quiet();
  const repeated = late.ids.filter((id) => done.has(id)).length;
  expectEqual('the acknowledged messages that came again', repeated, 0);
}

async function losesNothingOverReopening(trial: Trial): Promise<void> {
  const rounds = 5;
  const publisher = await trial.open();
  const messages = trial.messages(trial.count(5_000));
  const each = Math.ceil(messages.length / rounds);
  const consumers: Consumer[] = [];
  for (let round = 0; round < rounds; round++) {
    const broker = await trial.open();
    const consumer: Consumer = await trial.consume(broker, { maxInFlight: 32 });
    consumers.push(consumer);
    const publishing = trial.publish(publisher, messages.slice(round * each, (round + 1) * each), 10);
    // Closed in the middle of it, with deliveries in hand.
    await trial.until(
      () => consumer.received.length >= each / 2,
      () => `${each / 2} deliveries in round ${round + 1}, got ${consumer.received.length}`,
    );
    await trial.closeBroker(broker);
    await publishing;
  }
  consumers.push(await trial.consume(publisher, { maxInFlight: 32 }));
  await expectAcknowledged(trial, consumers, messages);
}
