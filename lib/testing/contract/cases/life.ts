/// <reference lib="esnext.disposable" preserve="true" />
import type { BrokerSubscription } from '../../../broker/broker-subscription.ts';
import { ClosedError } from '../../../core/errors.ts';
import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectRejection, expectThrown } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const lifeCases: readonly CaseDefinition[] = [
  { name: 'closes once, however often it is asked', needs: {}, run: closesOnce },
  { name: 'closes under load, with all its subscriptions at once', needs: {}, run: closesUnderLoad },
  { name: 'refuses to publish once it is closed', needs: {}, run: refusesToPublish },
  { name: 'refuses to subscribe once it is closed', needs: {}, run: refusesToSubscribe },
  { name: 'ends the loops of a subscription that closes', needs: {}, run: endsLoops },
  { name: 'goes on with another loop when one is left', needs: {}, run: goesOnAfterBreak },
  { name: 'closes when it is disposed of', needs: {}, run: closesWhenDisposed },
];

async function closesOnce(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const { subscription } = consumer;
  await trial.within(Promise.all([subscription.close(), subscription.close()]), 'two calls of close() to resolve');
  await trial.within(Promise.all([broker.close(), broker.close()]), 'two calls of close() to resolve');
  await trial.within(broker.close(), 'a third close() to resolve');
  await trial.within(subscription.close(), 'close() of a subscription of a closed broker to resolve');
}

async function closesUnderLoad(trial: Trial): Promise<void> {
  const publisher = await trial.open();
  const broker = await trial.open();
  const consumers = await Promise.all(
    Array.from({ length: trial.count(50) }, (_, index) =>
      trial.consume(broker, { group: trial.group(`group${index % 5}`), maxInFlight: 4 }),
    ),
  );
  const publishing = trial.publish(publisher, trial.messages(trial.count(1_000)), 10);
  await trial.until(
    () => consumers.some(({ received }) => received.length > 0),
    () => 'a message to be delivered, got none',
  );
  const closing = [broker.close(), ...consumers.map(({ subscription }) => subscription.close())];
  await trial.within(Promise.all(closing), 'a broker and its subscriptions to close at once');
  await trial.within(Promise.all(consumers.map(({ ended }) => ended)), 'all loops to end');
  await publishing;
}

async function refusesToPublish(trial: Trial): Promise<void> {
  const broker = await trial.open();
  await trial.closeBroker(broker);
  await expectRejection(trial, broker.publish(trial.messages(1)), 'publish() after close()', ClosedError);
}

async function refusesToSubscribe(trial: Trial): Promise<void> {
  const broker = await trial.open();
  await trial.closeBroker(broker);
  const subscribe = (): unknown => broker.subscribe({ topics: trial.topic(), group: trial.group() });
  await expectThrown(trial, subscribe, 'subscribe() after close()', ClosedError);
}

async function endsLoops(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const waiting = await trial.consume(broker, { group: trial.group('waiting') });
  const holding = await trial.consume(broker, { group: trial.group('holding'), maxInFlight: 1 }, () => undefined);
  const messages = trial.messages(3, { keys: 1 });
  await trial.publish(broker, messages);
  await expectAcknowledged(trial, waiting, messages);
  await expectDelivered(trial, holding, messages.slice(0, 1));
  await waiting.close();
  await trial.closeBroker(broker);
  await trial.within(holding.ended, 'the loop over a subscription of a closed broker to end');
}

async function goesOnAfterBreak(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const subscription = broker.subscribe({ topics: trial.topic(), group: trial.group() });
  await trial.within(subscription.ready, 'the subscription to be ready');
  // Of one key: others are in no order with some brokers.
  const messages = trial.messages(4, { keys: 1 });
  await trial.publish(broker, messages);
  for (const wanted of messages) {
    const taken = takeOne(subscription);
    const id = await trial.within(taken, `a loop of its own for message '${wanted.id}' to be given it`);
    expectEqual('the message that a loop of its own was given', id, wanted.id);
  }
}

/** A loop that is left after its first delivery. */
async function takeOne(subscription: BrokerSubscription): Promise<string> {
  for await (const delivery of subscription) {
    await delivery.ack();
    return delivery.message.id;
  }
  return 'none';
}

async function closesWhenDisposed(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  await trial.within(consumer.subscription[Symbol.asyncDispose](), 'a subscription to be disposed of');
  await trial.within(consumer.ended, 'the loop over a disposed subscription to end');
  await trial.within(broker[Symbol.asyncDispose](), 'a broker to be disposed of');
  await expectRejection(trial, broker.publish(trial.messages(1)), 'publish() after disposal', ClosedError);
}
