import type { BrokerDelivery } from 'millrace';
import { altered, never, withMessage } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

/** Every so many is treated otherwise. */
function every<Value>(nth: number, treat: (value: Value) => Value | undefined): (value: Value) => readonly Value[] {
  let count = 0;
  return (value) => {
    const treated = ++count % nth === 0 ? treat(value) : value;
    return treated === undefined ? [] : [treated];
  };
}

const EVERY_FIELD = 'delivers each message with its id, topic, body, headers and key';

export const carriageDefects: readonly Defect[] = [
  {
    defect: 'claims more than it declares',
    found: 'declares the capabilities that it is tested for',
    message:
      'Expected the broker to declare all that it is tested for, got capabilities without order: total, wildcards: true.',
    make: (clock) => {
      const world = flawed(() => ({ capabilities: { wildcards: false, order: 'key' } }))(clock);
      return { ...world, capabilities: { ...world.capabilities, wildcards: true, order: 'total' } };
    },
  },
  {
    defect: 'ignores an option that it cannot keep',
    found: 'refuses options for which it declares no capability',
    message:
      "Expected subscribe with from and without the capability 'history' to be refused with InvalidOptionError, got no error.",
    make: flawed(() => ({ capabilities: { history: false } })),
  },
  {
    defect: 'takes a maxInFlight of 0 for 1',
    found: 'refuses subscriptions that no broker can make',
    message: 'Expected subscribe with {"maxInFlight":0} to be refused with InvalidOptionError, got no error.',
    make: flawed(() => ({
      options: ({ maxInFlight = 1, ...options }) => ({ ...options, maxInFlight: Math.max(1, maxInFlight) }),
    })),
  },
  {
    defect: 'loses every 10th message',
    found: EVERY_FIELD,
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got 9 \(without 'contract-\S+-m10'\)\.$/,
    make: flawed(() => {
      const lose = every<BrokerDelivery>(10, () => undefined);
      return { deliver: (delivery) => lose(delivery) };
    }),
  },
  {
    defect: 'repeats every 10th message',
    found: EVERY_FIELD,
    message:
      /^Expected no message to be repeated with delivery: 'exactly-once', got 1 of 11 deliveries, first of message 'contract-\S+-m10'\.$/,
    make: flawed(() => {
      let count = 0;
      return { deliver: (delivery) => (++count % 10 === 0 ? [delivery, delivery] : [delivery]) };
    }),
  },
  {
    defect: 'delivers in a slow trickle',
    found: EVERY_FIELD,
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got [3-7] \(/,
    make: flawed((clock) => ({
      publish: async (inner, messages) => {
        await new Promise<void>((resolve) => {
          clock.schedule(() => resolve(), 0);
        });
        clock.schedule(() => void inner.publish(messages), 400 * Number(messages[0]!.headers['contract-index']));
        return messages.map(({ id }) => ({ id, isDuplicate: false }));
      },
    })),
  },
  {
    defect: 'forgets keys',
    found: EVERY_FIELD,
    message: /^Expected the key of message 'contract-\S+-m1' to be 'key-0', got undefined\.$/,
    make: flawed(() => ({
      deliver: (delivery) => {
        const { key: _, ...message } = delivery.message;
        return [altered(delivery, { message })];
      },
    })),
  },
  {
    defect: 'drops headers',
    found: EVERY_FIELD,
    message: /^Expected the headers of message 'contract-\S+-m1' to be '\{"contract-index":"0"\}', got '\{\}'\.$/,
    make: flawed(() => ({ deliver: (delivery) => withMessage(delivery, { headers: {} }) })),
  },
  {
    defect: 'takes bytes for text',
    found: 'carries every byte, and a body of none',
    message: /^Expected the size of the body of message 'contract-\S+-m1' to be 256, got 512\.$/,
    make: flawed(() => ({
      deliver: (delivery) => {
        const text = new TextDecoder().decode(delivery.message.body);
        return withMessage(delivery, { body: new TextEncoder().encode(text) });
      },
    })),
  },
  {
    defect: 'corrupts a byte',
    found: 'carries every byte, and a body of none',
    message: /^Expected byte 13 of the body of message 'contract-\S+-m1' to be 13, got 10\.$/,
    make: flawed(() => ({
      deliver: (delivery) =>
        withMessage(delivery, { body: delivery.message.body.map((byte) => (byte === 13 ? 10 : byte)) }),
    })),
  },
  {
    defect: 'cuts bodies off at 64 kB',
    found: 'carries a body of a megabyte',
    message: /^Expected the size of the body of message 'contract-\S+-m1' to be 1000000, got 65536\.$/,
    make: flawed(() => ({
      deliver: (delivery) => withMessage(delivery, { body: delivery.message.body.slice(0, 65_536) }),
    })),
  },
  {
    defect: 'writes headers in Latin-1',
    found: 'carries trace headers, empty values and any text in headers',
    message: /^Expected the headers of message 'contract-\S+-m1' to be .*大きさ.*, got .*\?\?\?/,
    make: flawed(() => ({
      deliver: (delivery) => {
        const headers = Object.entries(delivery.message.headers).map(([name, value]) => [
          name,
          value.replaceAll(/[\u0100-\u{10FFFF}]/gu, '?'),
        ]);
        return withMessage(delivery, { headers: Object.fromEntries(headers) as Record<string, string> });
      },
    })),
  },
  {
    defect: `keeps the publisher's own bytes`,
    found: 'keeps bytes of its own, whatever becomes of those that were published',
    message: /^Expected byte 0 of the body of message 'contract-\S+-m2' to be 1, got 9\.$/,
    make: flawed(() => {
      const kept = new Map<string, Uint8Array>();
      return {
        publish: (inner, messages, options) => {
          for (const { id, body } of messages) kept.set(id, body);
          return inner.publish(messages, options);
        },
        deliver: (delivery) => withMessage(delivery, { body: kept.get(delivery.message.id)! }),
      };
    }),
  },
  {
    defect: 'hands the same bytes to all groups',
    found: 'gives each group bytes of its own',
    message: "Expected the bytes that each group was given to be '1 2 3 and 1 2 3', got '1 2 3 and 0 0 0'.",
    make: flawed(() => {
      const shared = new Map<string, Uint8Array>();
      return {
        deliver: (delivery) => {
          const { id, body } = delivery.message;
          if (!shared.has(id)) shared.set(id, body);
          return withMessage(delivery, { body: shared.get(id)! });
        },
      };
    }),
  },
  {
    defect: 'stamps messages anew',
    found: 'keeps the time of a message, and fills in one that has none',
    message: 'Expected the time of a message to be 1700000000123, got 5.',
    make: flawed(() => ({ deliver: (delivery) => withMessage(delivery, { time: 5 }) })),
  },
  {
    defect: 'mixes up receipts',
    found: 'confirms the messages of a call one by one, in their order',
    message: /^Expected the ids of the receipts to be 'contract-\S+-m1,\S+', got 'contract-\S+-m10,\S+'\.$/,
    make: flawed(() => ({
      publish: async (inner, messages, options) => (await inner.publish(messages, options)).toReversed(),
    })),
  },
  {
    defect: 'never answers a call without messages',
    found: 'confirms a call without messages',
    message: 'Within 2000 ms, expected 0 messages of a call to be confirmed, got no answer.',
    make: flawed(() => ({
      publish: (inner, messages, options) => (messages.length === 0 ? never() : inner.publish(messages, options)),
    })),
  },
  {
    defect: 'ignores the signal',
    found: 'publishes nothing when the signal is aborted already',
    message: "Expected publish with an aborted signal to be refused with the signal's reason, got no error.",
    make: flawed(() => ({ publish: (inner, messages) => inner.publish(messages) })),
  },
  {
    defect: 'sends the part of a call that it can',
    found: 'refuses a message that cannot be sent, and all of its call',
    message:
      /^Expected only the 1 messages that were meant for it, got 'contract-\S+-m1' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({
      publish: async (inner, messages, options) => {
        const receipts = [];
        for (const message of messages) receipts.push(...(await inner.publish(message, options)));
        return receipts;
      },
    })),
  },
  {
    defect: 'confirms before it has sent, and forgets the rest on close',
    found: 'delivers all that was confirmed before its publisher closed',
    message:
      /^Within 2000 ms, expected all of 1000 messages to be delivered, got 0 \(without 'contract-\S+-m1', .*, …\); do all that makeBroker opens reach one server\?\.$/,
    make: flawed((clock) => {
      let isClosed = false;
      return {
        publish: async (inner, messages) => {
          clock.schedule(() => isClosed || void inner.publish(messages), 1);
          return messages.map(({ id }) => ({ id, isDuplicate: false }));
        },
        close: (inner) => {
          isClosed = true;
          return inner.close();
        },
      };
    }),
  },
  {
    defect: 'takes each publication for another message',
    found: 'keeps one of the messages with the same id',
    message: 'Expected isDuplicate of the second receipt to be true, got false.',
    make: flawed(() => ({ capabilities: { deduplication: true } }), { deduplicationWindowMs: 0 }),
  },
  {
    defect: 'says of duplicates that they are, and keeps them',
    found: 'keeps one of the messages with the same id',
    message: 'Expected the number of deliveries to be 2, got 3.',
    make: flawed(
      () => {
        const seen = new Set<string>();
        return {
          capabilities: { deduplication: true },
          publish: async (inner, messages) => {
            await inner.publish(messages);
            return messages.map(({ id }) => {
              const isDuplicate = seen.has(id);
              seen.add(id);
              return { id, isDuplicate };
            });
          },
        };
      },
      { deduplicationWindowMs: 0 },
    ),
  },
];
