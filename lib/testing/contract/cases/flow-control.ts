import { TestFailure } from '../../test-failure.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectEqual } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const flowControlCases: readonly CaseDefinition[] = [
  { name: 'leaves no more than maxInFlight deliveries unsettled, and that many', needs: {}, run: boundsInFlight },
  { name: 'gives one at a time with maxInFlight 1', needs: {}, run: givesOneAtATime },
];

async function boundsInFlight(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const maxInFlight = 8;
  const reachable = trial.isInTurn ? 1 : maxInFlight;
  let isHolding = true;
  const consumer = await trial.consume(broker, { maxInFlight }, (received) => (isHolding ? undefined : received.ack()));
  const messages = trial.messages(trial.count(100) + maxInFlight);
  await trial.publish(broker, messages);
  await trial.until(
    () => consumer.received.length >= reachable,
    () => `${reachable} deliveries with maxInFlight ${maxInFlight}, got ${consumer.received.length}`,
  );
  await trial.quiet();
  isHolding = false;
  for (const received of consumer.unsettled) await trial.within(received.ack(), 'ack() to resolve');
  await expectAcknowledged(trial, consumer, messages);
  if (consumer.mostUnsettled <= maxInFlight) return;
  throw new TestFailure(
    `Expected at most ${maxInFlight} unsettled deliveries, got ${consumer.mostUnsettled} at a time.`,
  );
}

async function givesOneAtATime(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker, { maxInFlight: 1 }, async (received) => {
    await trial.pass(trial.options.quietMs / 20);
    return received.ack();
  });
  const messages = trial.messages(trial.count(100));
  await trial.publish(broker, messages, 10);
  await expectAcknowledged(trial, consumer, messages);
  expectEqual('the most unsettled deliveries with maxInFlight 1', consumer.mostUnsettled, 1);
}
