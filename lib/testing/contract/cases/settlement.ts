import { DeliveryLostError } from '../../../broker/delivery-lost-error.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectRejection } from '../judge.ts';
import type { Received } from '../received.ts';
import type { Trial } from '../trial.ts';

export const settlementCases: readonly CaseDefinition[] = [
  {
    name: 'gives nothing again that was acknowledged',
    needs: { redelivery: true, durableGroups: true },
    run: remembersAcks,
  },
  {
    name: 'takes acknowledgements in any order',
    needs: { redelivery: true, durableGroups: true },
    run: takesAcksInAnyOrder,
  },
  {
    name: 'counts the first settlement, and takes a second for the same',
    needs: { redelivery: true },
    run: settlesOnce,
  },
  { name: 'refuses to settle what it has taken back', needs: { redelivery: true }, run: refusesLostDeliveries },
  { name: 'aborts the signal of a delivery when it is over, and not before', needs: {}, run: abortsSignals },
];

async function remembersAcks(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(trial.count(100));
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, consumer, messages);
  await trial.closeBroker(broker);
  const later = await trial.consume(await trial.open());
  await trial.quiet();
  expectEqual('the deliveries to a group that had acknowledged all', later.received.length, 0);
}

async function takesAcksInAnyOrder(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(10);
  const kept = messages[trial.isInTurn ? 9 : 5]!;
  const settle = (received: Received): unknown => (received.id === kept.id ? undefined : received.ack());
  const consumer = await trial.consume(broker, { maxInFlight: 10 }, trial.isInTurn ? settle : () => undefined);
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
  // From the last to the first.
  const settling = trial.isInTurn ? [] : consumer.received.toReversed().map(settle);
  await trial.within(Promise.all(settling), 'all acks to resolve');
  await trial.closeBroker(broker);
  const later = await trial.consume(await trial.open());
  await expectDelivered(trial, later, [kept]);
  // A broker that keeps one position may repeat what lies behind it.
  if (trial.claims.delivery !== 'exactly-once') return;
  await trial.quiet();
  expectEqual('the deliveries to a group that had left one of ten', later.received.length, 1);
}

async function settlesOnce(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [acked, nacked] = trial.messages(2);
  const seen = new Set<string>();
  const consumer = await trial.consume(broker, {}, async ({ delivery, id }) => {
    const isFirst = !seen.has(id);
    seen.add(id);
    if (!isFirst) return delivery.ack();
    const [first, then] = id === acked!.id ? (['ack', 'nack'] as const) : (['nack', 'ack'] as const);
    return Promise.all([delivery[first](), delivery[then](), delivery[first]()]);
  });
  await trial.publish(broker, [acked!, nacked!]);
  await expectDelivered(trial, consumer, [acked!, nacked!]);
  const countOf = (wanted: string): number => consumer.received.filter(({ id }) => id === wanted).length;
  await trial.until(
    () => countOf(nacked!.id) >= 2,
    () => `a message that was handed back first to come again, got ${countOf(nacked!.id)} deliveries`,
  );
  await trial.quiet();
  expectEqual('the deliveries of a message that was acknowledged first', countOf(acked!.id), 1);
  expectEqual('the deliveries of a message that was handed back once', countOf(nacked!.id), 2);
}

async function refusesLostDeliveries(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(1);
  const consumer = await trial.consume(broker, {}, () => undefined);
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
  await consumer.close();
  const { delivery } = consumer.received[0]!;
  await expectRejection(trial, delivery.ack(), 'ack() after the subscription has closed', DeliveryLostError);
  await expectRejection(trial, delivery.nack(), 'nack() after the subscription has closed', DeliveryLostError);
}

async function abortsSignals(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [acked, left] = trial.messages(2, { keys: 1 });
  const consumer = await trial.consume(broker, { maxInFlight: 1 }, () => undefined);
  const isAborted = (index: number): boolean | undefined => consumer.received[index]?.delivery.signal.aborted;
  await trial.publish(broker, [acked!, left!]);
  await expectDelivered(trial, consumer, [acked!]);
  expectEqual('whether the signal of an unsettled delivery is aborted', isAborted(0), false);
  await trial.within(consumer.received[0]!.ack(), 'ack() to resolve');
  expectEqual('whether the signal of an acknowledged delivery is aborted', isAborted(0), true);
  await expectDelivered(trial, consumer, [left!]);
  expectEqual('whether the signal of the next delivery is aborted', isAborted(1), false);
  await consumer.close();
  expectEqual('whether the signal is aborted once the subscription has closed', isAborted(1), true);
}
