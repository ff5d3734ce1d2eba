import type { BrokerSubscription } from 'millrace';
import { alteredSubscription, never } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

/** A subscription to which nothing comes. */
const NOTHING: BrokerSubscription = {
  ready: Promise.resolve(),
  close: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
  [Symbol.asyncIterator]: () => {
    throw new Error('Nobody reads it.');
  },
};

export const lifeDefects: readonly Defect[] = [
  {
    defect: 'closes by itself when a loop is left',
    found: 'goes on with another loop when one is left',
    message: /^Expected the message that a loop of its own was given to be 'contract-\S+-m2', got 'none'\.$/,
    make: flawed(() => ({
      subscribe: (inner, options) => {
        const subscription = inner.subscribe(options);
        return {
          ready: subscription.ready,
          close: () => subscription.close(),
          [Symbol.asyncDispose]: () => subscription.close(),
          [Symbol.asyncIterator]: () => {
            const loop = subscription[Symbol.asyncIterator]();
            const end = loop.return?.bind(loop);
            return Object.assign(loop, {
              return: async () => {
                await subscription.close();
                return (await end?.()) ?? { value: undefined, done: true as const };
              },
            });
          },
        };
      },
    })),
  },
  {
    defect: 'leaves loops waiting for ever',
    found: 'ends the loops of a subscription that closes',
    message: 'Within 2000 ms, expected the loop over a closed subscription to end, got no answer.',
    make: flawed(() => ({ closeSubscription: () => Promise.resolve() })),
  },
  {
    defect: 'never ends its second close',
    found: 'closes once, however often it is asked',
    message: 'Within 2000 ms, expected two calls of close() to resolve, got no answer.',
    make: flawed(() => {
      const closed = new Set<unknown>();
      return {
        close: (inner) => {
          if (closed.has(inner)) return never();
          closed.add(inner);
          return inner.close();
        },
      };
    }),
  },
  {
    defect: 'waits for itself when all is closed at once',
    found: 'closes under load, with all its subscriptions at once',
    message: 'Within 2000 ms, expected a broker and its subscriptions to close at once, got no answer.',
    make: flawed(() => {
      let isClosing = false;
      return {
        close: (inner) => {
          isClosing = true;
          return inner.close();
        },
        closeSubscription: (inner) => (isClosing ? never() : inner.close()),
      };
    }),
  },
  {
    defect: 'confirms what comes after its end',
    found: 'refuses to publish once it is closed',
    message: 'Expected publish() after close() to be refused with ClosedError, got no error.',
    make: flawed(() => ({ publish: (inner, messages) => inner.publish(messages).catch(() => []) })),
  },
  {
    defect: 'refuses what comes after its end with any error',
    found: 'refuses to publish once it is closed',
    message: 'Expected publish() after close() to be refused with ClosedError, got Error: no socket.',
    make: flawed(() => ({
      publish: (inner, messages) =>
        inner.publish(messages).catch(() => {
          throw new Error('no socket');
        }),
    })),
  },
  {
    defect: 'subscribes after its end, to nothing',
    found: 'refuses to subscribe once it is closed',
    message: 'Expected subscribe() after close() to be refused with ClosedError, got no error.',
    make: flawed(() => ({
      subscribe: (inner, options) => {
        try {
          return inner.subscribe(options);
        } catch {
          return NOTHING;
        }
      },
    })),
  },
  {
    defect: 'does nothing when a subscription is disposed of',
    found: 'closes when it is disposed of',
    message: 'Within 2000 ms, expected the loop over a disposed subscription to end, got no answer.',
    make: flawed(() => ({
      subscribe: (inner, options) =>
        alteredSubscription(inner.subscribe(options), { dispose: () => Promise.resolve() }),
    })),
  },
  {
    defect: 'does nothing when it is disposed of',
    found: 'closes when it is disposed of',
    message: 'Expected publish() after disposal to be refused with ClosedError, got no error.',
    make: flawed(() => ({ dispose: () => Promise.resolve() })),
  },
];
