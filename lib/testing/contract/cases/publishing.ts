import { ClosedError, InvalidOptionError } from '../../../core/errors.ts';
import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectDelivered, expectEqual, expectOnly, expectRejection } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const publishingCases: readonly CaseDefinition[] = [
  { name: 'confirms the messages of a call one by one, in their order', needs: {}, run: confirmsInOrder },
  { name: 'confirms a call without messages', needs: {}, run: confirmsNothing },
  { name: 'publishes nothing when the signal is aborted already', needs: {}, run: heedsSignals },
  { name: 'refuses a message that cannot be sent, and all of its call', needs: {}, run: refusesMalformedMessages },
  {
    name: 'delivers all that was confirmed before its publisher closed',
    needs: { delivery: 'at-least-once' },
    run: losesNothingWhenPublishersClose,
  },
  { name: 'keeps one of the messages with the same id', needs: { deduplication: true }, run: removesDuplicates },
];

async function confirmsInOrder(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(trial.count(100));
  const receipts = await trial.publishTogether(broker, messages);
  const ids = (of: readonly { readonly id: string }[]): string => of.map(({ id }) => id).join();
  expectEqual('the ids of the receipts', ids(receipts), ids(messages));
  await expectDelivered(trial, consumer, messages);
}

async function confirmsNothing(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const receipts = await trial.publishTogether(broker, []);
  expectEqual('the number of receipts', receipts.length, 0);
}

async function heedsSignals(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const [aborted, sent] = trial.messages(2);
  const reason = new Error('not needed any more');
  const publish = broker.publish(aborted!, { signal: AbortSignal.abort(reason) });
  await expectRejection(trial, publish, 'publish with an aborted signal', reason);
  await trial.publish(broker, [sent!]);
  await expectDelivered(trial, consumer, [sent!]);
  await trial.quiet();
  expectOnly(consumer, [sent!]);
}

async function refusesMalformedMessages(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const [valid, other, sent] = trial.messages(3);
  for (const malformed of [{ topic: 'two words' }, { topic: 'orders.*' }, { id: '' }]) {
    const publish = broker.publish([valid!, { ...other!, ...malformed }]);
    await expectRejection(trial, publish, `publish with ${JSON.stringify(malformed)}`, InvalidOptionError);
  }
  await trial.publish(broker, [sent!]);
  await expectDelivered(trial, consumer, [sent!]);
  await trial.quiet();
  expectOnly(consumer, [sent!]);
}

async function losesNothingWhenPublishersClose(trial: Trial): Promise<void> {
  const reader = await trial.open();
  const consumer = await trial.consume(reader, { maxInFlight: 256 });
  const publisher = await trial.open();
  const messages = trial.messages(trial.count(10_000));
  // Nothing of this is awaited: what `close` finds in progress, it confirms or refuses.
  const publishing = messages.map(async (message) => {
    try {
      await publisher.publish(message);
      return message;
    } catch (error) {
      if (error instanceof ClosedError) return undefined;
      throw new TestFailure(`Expected publish to be confirmed, or refused with ClosedError, got ${String(error)}.`, {
        cause: error,
      });
    }
  });
  await trial.closeBroker(publisher);
  const all = await trial.within(Promise.all(publishing), 'every publish to end once its broker has closed');
  const confirmed = all.filter((message) => message !== undefined);
  trial.countPublished(confirmed.length);
  await expectDelivered(trial, consumer, confirmed);
}

async function removesDuplicates(trial: Trial): Promise<void> {
  const [one, other] = [await trial.open(), await trial.open()];
  const consumer = await trial.consume(one);
  const [twice, last] = trial.messages(2);
  const [first] = await trial.publishTogether(one, [twice!]);
  const [second] = await trial.publishTogether(other, [twice!]);
  expectEqual('isDuplicate of the first receipt', first?.isDuplicate, false);
  expectEqual('isDuplicate of the second receipt', second?.isDuplicate, true);
  // The same content under another id is another message.
  await trial.publish(one, [{ ...twice!, id: last!.id }]);
  await expectDelivered(trial, consumer, [twice!, { ...twice!, id: last!.id }]);
  await trial.quiet();
  expectEqual('the number of deliveries', consumer.received.length, 2);
}
