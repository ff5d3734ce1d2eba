import type { BrokerSubscription } from 'millrace';
import { without } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

const AFRESH = 'gives an ephemeral group what comes while it is open, and begins it afresh the next time';

export const ephemeralGroupDefects: readonly Defect[] = [
  {
    defect: 'keeps ephemeral groups for ever',
    found: AFRESH,
    message:
      /^Expected only the 10 messages that were meant for it, got 'contract-\S+-during10' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({ options: (options) => without(options, 'isEphemeral') })),
  },
  {
    defect: 'gives ephemeral groups all that it has',
    found: AFRESH,
    message:
      /^Expected only the 10 messages that were meant for it, got 'contract-\S+-before1' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({
      options: (options) => (options.isEphemeral === true ? { ...options, from: 'earliest' } : options),
    })),
  },
  {
    defect: 'takes all ephemeral groups for one',
    found: 'gives each of two ephemeral groups all messages',
    message: /^Within 2000 ms, expected all of 10 messages to be acknowledged, got 5 \(/,
    make: flawed(() => ({
      options: (options) => (options.isEphemeral === true ? { ...options, group: 'ephemeral' } : options),
    })),
  },
  {
    defect: 'ends an ephemeral group with the first of its subscriptions that closes',
    found: 'keeps an ephemeral group until its last subscription closes',
    message: /^Within 2000 ms, expected all of 10 messages to be acknowledged, got 0 \(/,
    make: flawed(() => {
      const members = new Set<BrokerSubscription>();
      return {
        subscribe: (inner, options) => {
          const subscription = inner.subscribe(options);
          members.add(subscription);
          return subscription;
        },
        deliver: (delivery) => [delivery],
        closeSubscription: async () => {
          await Promise.all([...members].map((member) => member.close()));
        },
      };
    }),
  },
];
