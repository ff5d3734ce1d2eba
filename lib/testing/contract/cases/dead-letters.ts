import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const deadLetterCases: readonly CaseDefinition[] = [
  {
    name: 'gives a message up to the dead letters after its last delivery, and goes on',
    needs: { deadLetters: true, redelivery: true },
    run: givesUp,
  },
];

async function givesUp(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const letters = await trial.consume(broker, { topics: trial.topic('dead'), group: trial.group('letters') });
  const [poison, healthy] = trial.messages(2, { keys: 1, headers: { traceparent: '00-1-2-01' } });
  const deadLetter = { topic: trial.topic('dead'), maxDeliveries: 3 };
  let left = deadLetter.maxDeliveries * 2;
  // A broker that never gives up is not fed for ever.
  const consumer = await trial.consume(broker, { deadLetter }, (received) =>
    received.id === poison!.id && left-- > 0 ? received.nack() : received.ack(),
  );
  await trial.publish(broker, [poison!, healthy!]);
  await expectAcknowledged(trial, consumer, [healthy!]);
  await trial.until(
    () => letters.received.length > 0,
    () => 'a dead letter, got none',
  );
  const letter = letters.received[0]!.message;
  for (const [name, value] of Object.entries(poison!.headers)) {
    expectEqual(`the header '${name}' of the dead letter`, letter.headers[name], value);
  }
  // What it says beyond that is the broker's.
  await expectDelivered(trial, letters, [{ ...poison!, topic: trial.topic('dead'), headers: letter.headers }]);
  await trial.quiet();
  const deliveries = consumer.received.filter(({ id }) => id === poison!.id).length;
  if (deliveries === deadLetter.maxDeliveries) return;
  throw new TestFailure(`Expected ${deadLetter.maxDeliveries} deliveries before the dead letter, got ${deliveries}.`);
}
