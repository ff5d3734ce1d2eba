import { DeliveryLostError } from '../../../broker/delivery-lost-error.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectEqual, expectRejection } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const leaseCases: readonly CaseDefinition[] = [
  { name: 'gives again what is unsettled when its lease lapses', needs: { lease: 'fixed' }, run: takesBackAtLapse },
  { name: 'leaves a delivery to who extends its lease', needs: { lease: 'extendable' }, run: extendsLeases },
];

async function takesBackAtLapse(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const { leaseMs } = trial.options;
  const [message] = trial.messages(1);
  const consumer = await trial.consume(broker, { leaseMs }, (received) =>
    consumer.received.length === 1 ? undefined : received.ack(),
  );
  await trial.publish(broker, [message!]);
  await expectAcknowledged(trial, consumer, [message!]);
  const [{ delivery, at: firstAt }, { at: againAt }] = [consumer.received[0]!, consumer.received[1]!];
  // Clocks of servers are not ours: a tenth is theirs.
  expectEqual(`whether a lease of ${leaseMs} ms was kept`, againAt - firstAt >= leaseMs * 0.9, true);
  expectEqual('whether the signal of a delivery whose lease has lapsed is aborted', delivery.signal.aborted, true);
  await expectRejection(trial, delivery.ack(), 'ack() after the lease has lapsed', DeliveryLostError);
  await expectRejection(trial, delivery.extend(), 'extend() after the lease has lapsed', DeliveryLostError);
}

async function extendsLeases(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const { leaseMs } = trial.options;
  const consumer = await trial.consume(broker, { leaseMs }, async (received) => {
    for (let count = 0; count < 8; count++) {
      await trial.pass(leaseMs / 4);
      await received.delivery.extend();
    }
    return received.ack();
  });
  const messages = trial.messages(1);
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, consumer, messages);
  await trial.pass(leaseMs * 1.5);
  expectEqual('the deliveries of a message whose lease was extended', consumer.received.length, 1);
}
