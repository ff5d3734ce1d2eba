import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectOnly } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const replayCases: readonly CaseDefinition[] = [
  {
    name: 'gives a new group all that was published before, from the earliest',
    needs: { history: true },
    run: replaysHistory,
  },
  {
    name: 'goes on where a group is, wherever a later subscription wants to begin',
    needs: { history: true, durableGroups: true },
    run: goesOnWhereItIs,
  },
  { name: 'begins a group at a time', needs: { history: true, replayFromTime: true }, run: replaysFromTime },
  {
    name: 'begins a group at a sequence',
    needs: { history: true, replayFromSequence: true },
    run: replaysFromSequence,
  },
];

async function replaysHistory(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(trial.count(1_000), { keys: 10 });
  await trial.publish(broker, messages, 10);
  const first = await trial.consume(broker, { from: 'earliest', group: trial.group('first') });
  await expectAcknowledged(trial, first, messages);
  // What one group has settled, the next is still given.
  const second = await trial.consume(await trial.open(), { from: 'earliest', group: trial.group('second') });
  await expectDelivered(trial, second, messages);
}

async function goesOnWhereItIs(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [before, after] = ['before', 'after'].map((name) => trial.messages(10, { name }));
  const first = await trial.consume(broker, { from: 'earliest' });
  await trial.publish(broker, before!);
  await expectAcknowledged(trial, first, before!);
  await first.close();
  const second = await trial.consume(broker, { from: 'earliest' });
  await trial.publish(broker, after!);
  await expectDelivered(trial, second, after!);
  await trial.quiet();
  expectOnly(second, after!);
}

async function replaysFromTime(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [before, after] = ['before', 'after'].map((name) => trial.messages(10, { name }));
  await trial.publish(broker, before!);
  // The clocks of two machines differ: the time is in the middle of a pause.
  await trial.pass(trial.options.quietMs);
  const time = trial.now();
  await trial.pass(trial.options.quietMs);
  await trial.publish(broker, after!);
  const consumer = await trial.consume(broker, { from: { time } });
  await expectDelivered(trial, consumer, after!);
  await trial.quiet();
  expectOnly(consumer, after!);
}

async function replaysFromSequence(trial: Trial): Promise<void> {
  const broker = await trial.open();
  // Of one key: a log in partitions has a sequence in each.
  const messages = trial.messages(10, { keys: 1 });
  const receipts = await trial.publishTogether(broker, messages);
  const sequence = receipts[4]?.sequence;
  expectEqual('the type of the sequence in a receipt', typeof sequence, 'number');
  const consumer = await trial.consume(broker, { from: { sequence: sequence! } });
  await expectDelivered(trial, consumer, messages.slice(4));
  await trial.quiet();
  expectOnly(consumer, messages.slice(4));
  expectEqual('the sequence of the first delivery', consumer.received[0]!.delivery.sequence, sequence);
}
