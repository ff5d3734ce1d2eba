import type { SubscribeOptions } from 'millrace';
import { alteredSubscription } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

function topicsOf({ topics }: SubscribeOptions): readonly string[] {
  return typeof topics === 'string' ? [topics] : topics;
}

export const groupDefects: readonly Defect[] = [
  {
    defect: 'matches topics by how they begin',
    found: 'keeps topics apart, also those that begin alike',
    message:
      /^Expected only the 5 messages that were meant for it, got 'contract-\S+-orders\.eu-1' of topic 'contract-\S+\.orders\.eu', too\.$/,
    make: flawed(() => ({
      options: (options) => ({ ...options, topics: topicsOf(options).flatMap((topic) => [topic, `${topic}.>`]) }),
    })),
  },
  {
    defect: 'subscribes to the first of several topics',
    found: 'gives one subscription several topics',
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got 5 \(/,
    make: flawed(() => ({ options: (options) => ({ ...options, topics: topicsOf(options).slice(0, 1) }) })),
  },
  {
    defect: 'has room for eight topics',
    found: 'carries many topics at once',
    message: /^Within 2000 ms, expected all of 10 messages to be delivered, got 0 \(without 'contract-\S+-topic8-1'/,
    make: flawed(() => {
      const topics = new Set<string>();
      return {
        publish: async (inner, messages, options) => {
          const { id, topic } = messages[0]!;
          if (topics.size < 8) topics.add(topic);
          return topics.has(topic) ? inner.publish(messages, options) : [{ id, isDuplicate: false }];
        },
      };
    }),
  },
  {
    defect: 'takes * for >',
    found: 'matches one token with *, and one or more with >',
    message: `Expected the topics that 'users.*' has matched to be 'users.eu,users.us', got 'users.eu,users.eu.north,users.us'.`,
    make: flawed(() => ({
      options: (options) => ({ ...options, topics: topicsOf(options).map((topic) => topic.replace(/\*$/u, '>')) }),
    })),
  },
  {
    defect: 'takes all groups for one',
    found: 'gives each of two groups all messages',
    message: /^Within 2000 ms, expected all of 100 messages to be delivered, got 50 \(/,
    make: flawed(() => ({ options: (options) => ({ ...options, group: 'all' }) })),
  },
  {
    defect: 'gives each consumer all',
    found: 'shares the messages of a group among its consumers',
    message: /^Expected no message to be repeated with delivery: 'exactly-once', got 4500 of 5000 deliveries, /,
    make: flawed(() => {
      let count = 0;
      return { options: (options) => ({ ...options, group: `${options.group}-${++count}` }) };
    }),
  },
  {
    defect: 'gives all to the first consumer of a group',
    found: 'shares the messages of a group among its consumers',
    message: 'Expected several of 10 consumers to share the work, got 1.',
    make: flawed(() => {
      const groups = new Set<string>();
      return {
        options: (options) => {
          const isFirst = !groups.has(options.group);
          groups.add(options.group);
          return isFirst ? options : { ...options, group: `${options.group}-idle`, topics: 'nothing' };
        },
      };
    }),
  },
  {
    defect: 'holds all groups up for the slowest',
    found: 'goes on with other groups when one stalls',
    message: /^Within 2000 ms, expected all of 100 messages to be acknowledged, got 0 \(/,
    make: flawed(() => ({
      subscribe: (inner, options) => {
        const subscription = inner.subscribe(options);
        if (options.group.endsWith('stalled')) return subscription;
        // Until the other group settles something, which it never does.
        return alteredSubscription(subscription, { deliver: () => [] });
      },
    })),
  },
  {
    defect: 'acknowledges what is unsettled on close',
    found: 'gives what a consumer leaves unsettled to the others of its group',
    message: /^Within 2000 ms, expected all of 10 messages to be acknowledged, got 5 \(/,
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
    defect: 'leaves closed subscriptions in their groups',
    found: 'gives subscriptions that have closed nothing more',
    message: /^Within 2000 ms, expected all of 100 messages to be delivered, got 90 \(/,
    make: flawed(() => ({
      subscribe: (inner, options) => {
        const leaked = inner.subscribe(options);
        const loop = leaked[Symbol.asyncIterator]();
        let end: () => void = () => undefined;
        const closed = new Promise<void>((resolve) => (end = resolve));
        const iterator: ReturnType<(typeof leaked)[typeof Symbol.asyncIterator]> = {
          // What it has asked for comes, whether anybody is there or not.
          next: async () => Promise.race([loop.next(), closed.then(() => ({ value: undefined, done: true as const }))]),
          return: async () => ({ value: undefined, done: true }),
          [Symbol.asyncIterator]: () => iterator,
        };
        return {
          ready: leaked.ready,
          close: async () => end(),
          [Symbol.asyncDispose]: async () => end(),
          [Symbol.asyncIterator]: () => iterator,
        };
      },
    })),
  },
];
