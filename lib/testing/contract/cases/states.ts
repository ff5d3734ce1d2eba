import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const stateCases: readonly CaseDefinition[] = [
  { name: 'says that it is connected, and when it is closed', needs: {}, run: saysItsState },
  { name: 'counts the deliveries that are unsettled', needs: {}, run: countsInFlight },
  { name: 'counts the messages that are not confirmed yet', needs: {}, run: countsPublishing },
];

async function saysItsState(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const said: string[] = [];
  broker.states.subscribe({ next: (state) => said.push(state), complete: () => said.push('complete') });
  expectEqual('what states says to who subscribes', said.join(), 'connected');
  expectEqual('the state in stats()', broker.stats().state, 'connected');
  await trial.closeBroker(broker);
  expectEqual('what states has said once the broker has closed', said.join(), 'connected,closed,complete');
  expectEqual('the state in stats() once the broker has closed', broker.stats().state, 'closed');
  let isOver = false;
  broker.states.subscribe({ complete: () => (isOver = true) });
  expectEqual('whether states of a closed broker completes at once', isOver, true);
}

async function countsInFlight(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const maxInFlight = trial.isInTurn ? 1 : 5;
  const consumer = await trial.consume(broker, { maxInFlight }, () => undefined);
  expectEqual('inFlight before there is a message', broker.stats().inFlight, 0);
  const messages = trial.messages(maxInFlight);
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
  expectEqual(`inFlight with ${maxInFlight} unsettled`, broker.stats().inFlight, maxInFlight);
  await trial.within(Promise.all(consumer.received.map((received) => received.ack())), 'all acks to resolve');
  expectEqual('inFlight when all are acknowledged', broker.stats().inFlight, 0);
  await trial.publish(broker, trial.messages(1, { name: 'last' }));
  await trial.until(
    () => consumer.unsettled.size === 1,
    () => 'one more delivery, got none',
  );
  expectEqual('inFlight with one more', broker.stats().inFlight, 1);
  await consumer.close();
  expectEqual('inFlight when the subscription has closed', broker.stats().inFlight, 0);
}

async function countsPublishing(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(trial.count(100));
  expectEqual('publishing before there is a message', broker.stats().publishing, 0);
  const publishing = Promise.all(messages.map((message) => trial.publish(broker, [message])));
  // Some may be confirmed by now.
  const { publishing: count } = broker.stats();
  expectEqual(`whether publishing is 0 to ${messages.length}`, count >= 0 && count <= messages.length, true);
  await publishing;
  expectEqual('publishing when all are confirmed', broker.stats().publishing, 0);
  await expectAcknowledged(trial, consumer, messages);
}
