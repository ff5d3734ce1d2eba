import type { BrokerDelivery } from 'millrace';
import { altered, type Flaws } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

/** Holds every 20th delivery back until some others have passed it. */
function overtaking(passing: number): (clock: unknown) => Flaws {
  return () => ({
    capabilities: { order: 'total' },
    subscribe: (inner, options) => inner.subscribe(options),
    deliver: overtake(passing),
  });
}

function overtake(passing: number): NonNullable<Flaws['deliver']> {
  let count = 0;
  let held: { readonly delivery: BrokerDelivery; readonly until: number } | undefined;
  return (delivery) => {
    if (count++ % 20 === 0) {
      held = { delivery, until: count + passing };
      return [];
    }
    if (held === undefined || count < held.until) return [delivery];
    const late = held.delivery;
    held = undefined;
    return [delivery, late];
  };
}

/** Hands back by publishing anew, at the tail; where only delays do so, the rest is as it should be. */
function requeueing(
  when: 'always' | 'delayed',
): (clock: { schedule(work: () => void, delayMs: number): unknown }) => Flaws {
  return (clock) => {
    let publish: (delivery: BrokerDelivery) => Promise<unknown> = () => Promise.resolve();
    return {
      subscribe: (inner, options) => {
        publish = ({ message }) => inner.publish(message);
        return inner.subscribe(options);
      },
      deliver: (delivery) => [
        altered(delivery, {
          nack: async ({ delayMs = 0 } = {}) => {
            if (delayMs === 0 && when === 'delayed') return delivery.nack();
            clock.schedule(() => void publish(delivery), delayMs);
            return delivery.ack();
          },
        }),
      ],
    };
  };
}

export const orderDefects: readonly Defect[] = [
  {
    defect: 'lets some overtake others',
    found: 'delivers a topic in the order of publishing',
    message: 'Expected the messages of a topic in the order of publishing, got number 1 after number 2.',
    make: flawed(overtaking(1), { order: 'none' }),
  },
  {
    defect: 'lets some of a key overtake others',
    found: 'delivers the messages of each key in order',
    message: /^Expected the messages of key 'key-0' in the order of publishing, got number 1 after number 11\.$/,
    make: flawed(overtaking(11), { order: 'none' }),
  },
  {
    defect: 'keeps order within each consumer alone',
    found: 'delivers the messages of each key in order to the consumers of a group',
    message: /^Expected the messages of key 'key-\d' in the order of publishing, got number \d+ after number \d+\.$/,
    make: flawed(overtaking(11), { order: 'none' }),
  },
  {
    defect: 'gives the next of a key at once',
    found: 'gives no second message of a key while the first is unsettled',
    message: "Expected one unsettled message of key 'key-0' at a time, got 2.",
    make: flawed(() => ({ capabilities: { order: 'key', orderAcrossRedelivery: true } }), { order: 'none' }),
  },
  {
    defect: 'puts what is handed back at the end',
    found: 'keeps the order of each key when messages are handed back',
    message: /^Expected the messages of key 'key-\d' in the order of publishing, got number \d+ after number \d+\.$/,
    make: flawed(requeueing('always'), { deduplicationWindowMs: 0 }),
  },
  {
    defect: 'frees a key while its first message waits',
    found: 'keeps the order of each key while a message waits its delay',
    message: /^Expected the messages of key 'key-\d' in the order of publishing, got number \d+ after number \d+\.$/,
    make: flawed(requeueing('delayed'), { deduplicationWindowMs: 0 }),
  },
];
