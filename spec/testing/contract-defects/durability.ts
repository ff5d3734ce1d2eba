import { alteredSubscription, without } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

export const durabilityDefects: readonly Defect[] = [
  {
    defect: 'is ready before its group is there',
    found: 'begins a group with what is published once it is ready',
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got 0 \(/,
    make: flawed((clock) => ({
      subscribe: (inner, options) => {
        let begin: (subscription: ReturnType<typeof inner.subscribe>) => void = () => undefined;
        const begun = new Promise<ReturnType<typeof inner.subscribe>>((resolve) => (begin = resolve));
        clock.schedule(() => begin(inner.subscribe(options)), 10);
        return {
          ready: Promise.resolve(),
          close: async () => (await begun).close(),
          [Symbol.asyncDispose]: async () => (await begun).close(),
          async *[Symbol.asyncIterator]() {
            yield* await begun;
            return undefined;
          },
        };
      },
    })),
  },
  {
    defect: 'begins every group with all that it has',
    found: 'begins a group with what is published once it is ready',
    message:
      /^Expected only the 10 messages that were meant for it, got 'contract-\S+-before1' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({ options: (options) => ({ ...options, from: 'earliest' }) })),
  },
  {
    defect: 'forgets a group that nobody is in',
    found: 'keeps what is published while nobody of a group is there',
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got 0 \(/,
    make: flawed(newGroups),
  },
  {
    defect: 'loses what is unsettled on close',
    found: 'gives the rest to a subscription that comes back',
    message: /^Within 2000 ms, expected all of 5 messages to be delivered, got 4 \(without 'contract-\S+-m6'\)\.$/,
    make: flawed(() => {
      const acks = new Set<() => Promise<void>>();
      return {
        deliver: (delivery) => {
          acks.add(() => delivery.ack());
          return [delivery];
        },
        closeSubscription: async (inner) => {
          await Promise.all([...acks].map((ack) => ack()));
          await inner.close();
        },
      };
    }),
  },
  {
    defect: 'reads ahead, acknowledges, and forgets on close',
    found: 'loses nothing when clients close and open again, time after time',
    message: /^Within 2000 ms, expected all of 500 messages to be acknowledged, got \d+ \(/,
    make: flawed(() => ({
      subscribe: (inner, options) => {
        let held: Parameters<NonNullable<Parameters<typeof alteredSubscription>[1]['deliver']>>[0] | undefined;
        return alteredSubscription(inner.subscribe(options), {
          deliver: (delivery) => {
            const previous = held;
            held = delivery;
            void delivery.ack().catch(() => undefined);
            return previous === undefined ? [] : [previous];
          },
        });
      },
    })),
  },
  {
    defect: 'keeps no history',
    found: 'gives a new group all that was published before, from the earliest',
    message: /^Within 2000 ms, expected all of 100 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({ options: (options) => without(options, 'from') })),
  },
  {
    defect: 'keeps no history of what a group has settled',
    found: 'gives a new group all that was published before, from the earliest',
    message: /^Within 2000 ms, expected all of 100 messages to be delivered, got 0 \(/,
    make: flawed(() => {
      let count = 0;
      return {
        options: ({ from, ...options }) => (++count > 1 || from === undefined ? options : { ...options, from }),
      };
    }),
  },
  {
    defect: 'begins a group that it knows from the earliest again',
    found: 'goes on where a group is, wherever a later subscription wants to begin',
    message:
      /^Expected only the 10 messages that were meant for it, got 'contract-\S+-before1' of topic 'contract-\S+', too\.$/,
    make: flawed(newGroups),
  },
  {
    defect: 'takes any time for the earliest',
    found: 'begins a group at a time',
    message:
      /^Expected only the 10 messages that were meant for it, got 'contract-\S+-before1' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({ options: (options) => ({ ...options, from: 'earliest' }) })),
  },
  {
    defect: 'begins behind the sequence that it is given',
    found: 'begins a group at a sequence',
    message: /^Within 2000 ms, expected all of 6 messages to be delivered, got 5 \(without 'contract-\S+-m5'\)\.$/,
    make: flawed(() => ({
      options: ({ from, ...options }) =>
        typeof from === 'object' && 'sequence' in from
          ? { ...options, from: { sequence: from.sequence + 1 } }
          : options,
    })),
  },
  {
    defect: 'says nothing of sequences',
    found: 'begins a group at a sequence',
    message: "Expected the type of the sequence in a receipt to be 'number', got 'undefined'.",
    make: flawed(() => ({
      publish: async (inner, messages) =>
        (await inner.publish(messages)).map(({ id, isDuplicate }) => ({ id, isDuplicate })),
    })),
  },
];

/** Each subscription begins a group of its own. */
function newGroups(): ReturnType<Parameters<typeof flawed>[0]> {
  let count = 0;
  return { options: (options) => ({ ...options, group: `${options.group}-${++count}` }) };
}
