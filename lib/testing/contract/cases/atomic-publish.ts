import { DeliveryLostError } from '../../../broker/delivery-lost-error.ts';
import { InvalidOptionError } from '../../../core/errors.ts';
import type { CaseDefinition } from '../case-definition.ts';
import type { Consumer } from '../consumer.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectOnly, expectRejection } from '../judge.ts';
import type { Trial } from '../trial.ts';

const NEEDS = { atomicPublish: true, redelivery: true } as const;

export const atomicPublishCases: readonly CaseDefinition[] = [
  { name: 'publishes what an acknowledgement carries', needs: NEEDS, run: publishesWithAcks },
  { name: 'publishes with the first settlement alone, and only if it acknowledges', needs: NEEDS, run: publishesOnce },
  {
    name: 'publishes nothing with the acknowledgement of what it has taken back',
    needs: NEEDS,
    run: publishesNothingForLostDeliveries,
  },
  {
    name: 'leaves a delivery unsettled whose acknowledgement carries what cannot be sent',
    needs: NEEDS,
    run: refusesMalformedOutput,
  },
];

async function publishesWithAcks(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const reader = await consumeOutput(trial);
  const inputs = trial.messages(trial.count(100));
  const [one, other] = ['out-a', 'out-b'].map((name) => outputs(trial, inputs.length, name));
  await trial.consume(broker, {}, async ({ id, delivery }) => {
    const index = inputs.findIndex((input) => input.id === id);
    await delivery.ack({ publish: [one![index]!, other![index]!] });
  });
  await trial.publish(broker, inputs);
  await expectDelivered(trial, reader, [...one!, ...other!]);
}

async function publishesOnce(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const reader = await consumeOutput(trial);
  const [acked, nacked] = trial.messages(2);
  const [first, second, afterNack, last] = outputs(trial, 4);
  const seen = new Set<string>();
  await trial.consume(broker, { maxInFlight: 1 }, async ({ id, delivery }) => {
    const isFirst = !seen.has(id);
    seen.add(id);
    if (id === acked!.id) {
      await Promise.all([delivery.ack({ publish: [first!] }), delivery.ack({ publish: [second!] })]);
    } else if (isFirst) {
      await Promise.all([delivery.nack(), delivery.ack({ publish: [afterNack!] })]);
    } else {
      await delivery.ack({ publish: [last!] });
    }
  });
  await trial.publish(broker, [acked!, nacked!]);
  await expectDelivered(trial, reader, [first!, last!]);
  await trial.quiet();
  expectOnly(reader, [first!, last!]);
}

async function publishesNothingForLostDeliveries(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const reader = await consumeOutput(trial);
  const inputs = trial.messages(1);
  const [early, late] = outputs(trial, 2);
  const consumer = await trial.consume(broker, {}, () => undefined);
  await trial.publish(broker, inputs);
  await expectDelivered(trial, consumer, inputs);
  await consumer.close();
  const acking = consumer.received[0]!.delivery.ack({ publish: [early!] });
  await expectRejection(trial, acking, 'ack({ publish }) after the subscription has closed', DeliveryLostError);
  // It has come to another, who is the one to publish.
  await trial.consume(broker, {}, async ({ delivery }) => delivery.ack({ publish: [late!] }));
  await expectDelivered(trial, reader, [late!]);
  await trial.quiet();
  expectOnly(reader, [late!]);
}

async function refusesMalformedOutput(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const reader = await consumeOutput(trial);
  const inputs = trial.messages(1);
  const [valid, other, last] = outputs(trial, 3);
  const consumer = await trial.consume(broker, {}, () => undefined);
  await trial.publish(broker, inputs);
  await expectDelivered(trial, consumer, inputs);
  const received = consumer.received[0]!;
  const acking = received.delivery.ack({ publish: [valid!, { ...other!, topic: 'two words' }] });
  await expectRejection(trial, acking, `ack({ publish }) with a topic 'two words'`, InvalidOptionError);
  expectEqual('whether the signal of the delivery is aborted then', received.delivery.signal.aborted, false);
  await trial.within(received.delivery.ack({ publish: [last!] }), 'ack({ publish }) of what is unsettled to resolve');
  await expectAcknowledged(trial, reader, [last!]);
  await trial.quiet();
  expectOnly(reader, [last!]);
}

function consumeOutput(trial: Trial): Promise<Consumer> {
  return trial
    .open()
    .then((broker) => trial.consume(broker, { topics: trial.topic('output'), group: trial.group('readers') }));
}

function outputs(trial: Trial, count: number, name = 'out'): ReturnType<Trial['messages']> {
  return trial.messages(count, { name, topic: trial.topic('output') });
}
