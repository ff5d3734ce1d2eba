import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectEqual, expectOnly } from '../judge.ts';
import type { Received } from '../received.ts';
import type { Trial } from '../trial.ts';

export const carriageCases: readonly CaseDefinition[] = [
  { name: 'delivers each message with its id, topic, body, headers and key', needs: {}, run: carriesEveryField },
  { name: 'carries every byte, and a body of none', needs: {}, run: carriesAnyBytes },
  { name: 'carries a body of a megabyte', needs: {}, run: carriesLargeBodies },
  { name: 'carries trace headers, empty values and any text in headers', needs: {}, run: carriesHeaders },
  { name: 'keeps bytes of its own, whatever becomes of those that were published', needs: {}, run: keepsItsOwnBytes },
  { name: 'gives each group bytes of its own', needs: { groups: true }, run: sharesNoBytes },
  { name: 'keeps the time of a message, and fills in one that has none', needs: {}, run: carriesTime },
];

async function carriesEveryField(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(trial.count(100), { keys: 7 });
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
  await trial.quiet();
  expectOnly(consumer, messages);
}

async function carriesAnyBytes(trial: Trial): Promise<void> {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await carriesBodies(trial, [everyByte, new Uint8Array()]);
}

async function carriesLargeBodies(trial: Trial): Promise<void> {
  // What NATS and Kafka take without being told to take more.
  await carriesBodies(trial, [Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251)]);
}

async function carriesBodies(trial: Trial, bodies: readonly Uint8Array[]): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const messages = trial.messages(bodies.length, { bodies });
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
}

async function carriesHeaders(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const headers = {
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'vendor=a:1;b:2,other=x',
    'Mixed-Case': 'kept',
    empty: '',
    text: 'Größe, 大きさ, 🌊: "50 %" = a+b',
  };
  const messages = trial.messages(2, { headers });
  await trial.publish(broker, messages);
  await expectDelivered(trial, consumer, messages);
}

async function keepsItsOwnBytes(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker, { maxInFlight: 1 }, () => undefined);
  const [first, second] = trial.messages(2);
  const buffer = Uint8Array.from([1, 2, 3]);
  await trial.publish(broker, [first!]);
  await expectDelivered(trial, consumer, [first!]);
  await trial.publish(broker, [{ ...second!, body: buffer }]);
  buffer.fill(9);
  await consumer.received[0]!.ack();
  await expectDelivered(trial, consumer, [{ ...second!, body: Uint8Array.from([1, 2, 3]) }]);
}

async function sharesNoBytes(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const seen: string[] = [];
  const scribble = (received: Received): Promise<boolean> => {
    seen.push(received.message.body.join(' '));
    received.message.body.fill(0);
    return received.ack();
  };
  const consumers = [
    await trial.consume(broker, { group: trial.group('one') }, scribble),
    await trial.consume(broker, { group: trial.group('other') }, scribble),
  ];
  const [message] = trial.messages(1);
  await trial.publish(broker, [{ ...message!, body: Uint8Array.from([1, 2, 3]) }]);
  await expectAcknowledged(trial, consumers[0]!, [message!]);
  await expectAcknowledged(trial, consumers[1]!, [message!]);
  expectEqual('the bytes that each group was given', seen.join(' and '), '1 2 3 and 1 2 3');
}

async function carriesTime(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const [timed, untimed] = trial.messages(2);
  const time = 1_700_000_000_123;
  await trial.publish(broker, [{ ...timed!, time }, untimed!]);
  await expectDelivered(trial, consumer, [timed!, untimed!]);
  for (const { message } of consumer.received) {
    if (message.id === timed!.id) expectEqual('the time of a message', message.time, time);
    else expectEqual('whether a message without a time was given one', Number.isFinite(message.time), true);
  }
}
