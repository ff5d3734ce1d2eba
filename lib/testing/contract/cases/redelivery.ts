import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual } from '../judge.ts';
import type { Received } from '../received.ts';
import type { Trial } from '../trial.ts';

export const redeliveryCases: readonly CaseDefinition[] = [
  {
    name: 'gives again what is handed back, until it is acknowledged',
    needs: { redelivery: true },
    run: redeliversUntilAck,
  },
  { name: 'gives all again after all were handed back at once', needs: { redelivery: true }, run: survivesMassNacks },
  {
    name: 'counts the deliveries of a message',
    needs: { redelivery: true, deliveryCount: true },
    run: countsDeliveries,
  },
  {
    name: 'waits the delay of a message that is handed back, and gives others meanwhile',
    needs: { redelivery: true, delayedRedelivery: true },
    run: waitsDelays,
  },
];

async function redeliversUntilAck(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const nacks = new Map<string, number>();
  const consumer = await trial.consume(broker, {}, (received) => {
    const count = nacks.get(received.id) ?? 0;
    nacks.set(received.id, count + 1);
    return count < 2 ? received.nack() : received.ack();
  });
  const messages = trial.messages(trial.count(100), { keys: 20 });
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, consumer, messages);
  await expectDelivered(trial, consumer, messages);
}

async function survivesMassNacks(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const messages = trial.messages(trial.count(5_000));
  let isRefusing = true;
  const consumer = await trial.consume(broker, { maxInFlight: messages.length }, (received) =>
    isRefusing ? undefined : received.ack(),
  );
  await trial.publish(broker, messages, 50);
  await expectDelivered(trial, consumer, trial.isInTurn ? messages.slice(0, 1) : messages);
  isRefusing = false;
  const all = Promise.all([...consumer.unsettled].map((received) => received.nack()));
  await trial.within(all, 'all nacks to resolve');
  await expectAcknowledged(trial, consumer, messages);
}

async function countsDeliveries(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [message] = trial.messages(1);
  const consumer = await trial.consume(broker, {}, (received) =>
    consumer.received.length < 4 ? received.nack() : received.ack(),
  );
  await trial.publish(broker, [message!]);
  await expectAcknowledged(trial, consumer, [message!]);
  const counts = consumer.received.map(({ delivery }) => delivery.deliveryCount);
  expectEqual('deliveryCount of a message that was handed back three times', counts.join(), '1,2,3,4');
}

async function waitsDelays(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const [delayed, other] = trial.messages(2);
  const delayMs = trial.options.quietMs * 2;
  let handedBackAt = Infinity;
  const handle = (received: Received): Promise<boolean> => {
    if (received.id !== delayed!.id || handedBackAt !== Infinity) return received.ack();
    handedBackAt = trial.now();
    return received.nack({ delayMs });
  };
  const consumer = await trial.consume(broker, {}, handle);
  await trial.publish(broker, [delayed!]);
  await trial.until(
    () => handedBackAt !== Infinity,
    () => 'a message to be delivered, got none',
  );
  await trial.publish(broker, [other!]);
  await expectAcknowledged(trial, consumer, [delayed!, other!]);
  const again = consumer.received.find((received) => received.id === delayed!.id && received.state === 'acknowledged');
  const waitedMs = again!.at - handedBackAt;
  // Clocks of servers are not ours: a tenth is theirs.
  if (waitedMs < delayMs * 0.9) {
    throw new TestFailure(`Expected a message with a delay of ${delayMs} ms to wait it, got it after ${waitedMs} ms.`);
  }
  const [order] = consumer.acknowledged;
  expectEqual('the message that was acknowledged first', order!.id, trial.isInTurn ? delayed!.id : other!.id);
}
