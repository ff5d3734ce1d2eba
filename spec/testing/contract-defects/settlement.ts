import type { BrokerDelivery } from 'millrace';
import { altered, without } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

export const settlementDefects: readonly Defect[] = [
  {
    defect: 'keeps acknowledgements to itself',
    found: 'gives nothing again that was acknowledged',
    message: 'Expected the deliveries to a group that had acknowledged all to be 0, got 10.',
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { ack: () => Promise.resolve() })] })),
  },
  {
    defect: 'acknowledges all up to a message',
    found: 'takes acknowledgements in any order',
    message: /^Within 2000 ms, expected all of 1 messages to be delivered, got 0 \(without 'contract-\S+-m6'\)\.$/,
    make: flawed(() => {
      const given: BrokerDelivery[] = [];
      return {
        deliver: (delivery) => {
          given.push(delivery);
          const ack = async (): Promise<void> => {
            for (const earlier of given.filter(({ sequence }) => sequence! <= delivery.sequence!)) await earlier.ack();
          };
          return [altered(delivery, { ack })];
        },
      };
    }),
  },
  {
    defect: 'counts the last settlement',
    found: 'counts the first settlement, and takes a second for the same',
    message:
      /^Expected the deliveries of a message that was (acknowledged first|handed back once) to be [12], got \d+\.$/,
    make: flawed(requeueing, { deduplicationWindowMs: 0 }),
  },
  {
    defect: 'takes the settlement of what it has taken back',
    found: 'refuses to settle what it has taken back',
    message: 'Expected ack() after the subscription has closed to be refused with DeliveryLostError, got no error.',
    make: flawed(() => ({
      deliver: (delivery) => [altered(delivery, { ack: () => delivery.ack().catch(() => undefined) })],
    })),
  },
  {
    defect: 'never aborts a signal',
    found: 'aborts the signal of a delivery when it is over, and not before',
    message: 'Expected whether the signal of an acknowledged delivery is aborted to be true, got false.',
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { signal: new AbortController().signal })] })),
  },
  {
    defect: 'hands out signals that are aborted',
    found: 'aborts the signal of a delivery when it is over, and not before',
    message: 'Expected whether the signal of an unsettled delivery is aborted to be false, got true.',
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { signal: AbortSignal.abort() })] })),
  },
  {
    defect: 'takes nack for ack',
    found: 'gives again what is handed back, until it is acknowledged',
    message: /^Within 2000 ms, expected all of 10 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { nack: () => delivery.ack() })] })),
  },
  {
    defect: 'gives up what is handed back a second time',
    found: 'gives again what is handed back, until it is acknowledged',
    message: /^Within 2000 ms, expected all of 10 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({
      deliver: (delivery) => [
        altered(delivery, { nack: () => (delivery.deliveryCount > 1 ? delivery.ack() : delivery.nack()) }),
      ],
    })),
  },
  {
    defect: 'remembers a hundred messages that were handed back',
    found: 'gives all again after all were handed back at once',
    message: /^Within 2000 ms, expected all of 500 messages to be acknowledged, got 100 \(/,
    make: flawed(() => {
      let count = 0;
      return {
        deliver: (delivery) => [altered(delivery, { nack: () => (++count > 100 ? delivery.ack() : delivery.nack()) })],
      };
    }),
  },
  {
    defect: 'forgets how often it has delivered',
    found: 'counts the deliveries of a message',
    message: "Expected deliveryCount of a message that was handed back three times to be '1,2,3,4', got '1,1,1,1'.",
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { deliveryCount: 1 })] })),
  },
  {
    defect: 'ignores delays',
    found: 'waits the delay of a message that is handed back, and gives others meanwhile',
    message: 'Expected a message with a delay of 400 ms to wait it, got it after 0 ms.',
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { nack: () => delivery.nack() })] })),
  },
  {
    defect: 'lets others wait for what is delayed',
    found: 'waits the delay of a message that is handed back, and gives others meanwhile',
    message: /^Expected the message that was acknowledged first to be 'contract-\S+-m2', got 'contract-\S+-m1'\.$/,
    make: flawed(() => ({ capabilities: { order: 'key' } }), { order: 'total' }),
  },
  {
    defect: 'gives up one delivery late',
    found: 'gives a message up to the dead letters after its last delivery, and goes on',
    message: 'Expected 3 deliveries before the dead letter, got 4.',
    make: flawed(() => ({
      options: ({ deadLetter, ...options }) =>
        deadLetter === undefined
          ? options
          : { ...options, deadLetter: { ...deadLetter, maxDeliveries: deadLetter.maxDeliveries + 1 } },
    })),
  },
  {
    defect: 'never gives up',
    found: 'gives a message up to the dead letters after its last delivery, and goes on',
    message: 'Within 2000 ms, expected a dead letter, got none.',
    make: flawed(() => ({ options: (options) => without(options, 'deadLetter') })),
  },
  {
    defect: 'writes dead letters without the headers of the message',
    found: 'gives a message up to the dead letters after its last delivery, and goes on',
    message: "Expected the header 'traceparent' of the dead letter to be '00-1-2-01', got undefined.",
    make: flawed(() => ({
      deliver: (delivery) =>
        delivery.message.topic.endsWith('dead')
          ? [altered(delivery, { message: { ...delivery.message, headers: {} } })]
          : [delivery],
    })),
  },
  {
    defect: 'never ends a lease',
    found: 'gives again what is unsettled when its lease lapses',
    message: /^Within 2000 ms, expected all of 1 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({ options: (options) => without(options, 'leaseMs') })),
  },
  {
    defect: 'ends leases in half their time',
    found: 'gives again what is unsettled when its lease lapses',
    message: 'Expected whether a lease of 1000 ms was kept to be true, got false.',
    make: flawed(() => ({
      options: ({ leaseMs, ...options }) => (leaseMs === undefined ? options : { ...options, leaseMs: leaseMs / 2 }),
    })),
  },
  {
    defect: 'takes extend() for nothing',
    found: 'leaves a delivery to who extends its lease',
    message: /^Within 2000 ms, expected all of 1 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({ deliver: (delivery) => [altered(delivery, { extend: () => Promise.resolve() })] })),
  },
  {
    defect: 'prefetches one more than it may',
    found: 'leaves no more than maxInFlight deliveries unsettled, and that many',
    message: 'Expected at most 8 unsettled deliveries, got 9 at a time.',
    make: flawed(() => ({
      options: ({ maxInFlight = 1, ...options }) => ({ ...options, maxInFlight: maxInFlight + 1 }),
    })),
  },
  {
    defect: 'gives one at a time, however many it may',
    found: 'leaves no more than maxInFlight deliveries unsettled, and that many',
    message: 'Within 2000 ms, expected 8 deliveries with maxInFlight 8, got 1.',
    make: flawed(() => ({ options: (options) => ({ ...options, maxInFlight: 1 }) })),
  },
  {
    defect: 'gives the next before it has an answer',
    found: 'gives one at a time with maxInFlight 1',
    message: 'Expected the most unsettled deliveries with maxInFlight 1 to be 1, got 2.',
    make: flawed(() => ({ options: (options) => ({ ...options, maxInFlight: 2 }) })),
  },
];

/** Hands back by publishing anew, at the tail, whether it was settled before or not. */
function requeueing(): ReturnType<Parameters<typeof flawed>[0]> {
  let republish: (delivery: BrokerDelivery) => Promise<void>;
  return {
    subscribe: (inner, options) => {
      republish = async ({ message }) => {
        await inner.publish(message);
      };
      return inner.subscribe(options);
    },
    deliver: (delivery) => [
      altered(delivery, {
        nack: async () => {
          await republish(delivery);
          await delivery.ack();
        },
      }),
    ],
  };
}
