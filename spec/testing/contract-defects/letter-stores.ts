import type { BrokerLetterStore, BrokerMessage } from 'millrace';
import { type Flaws, never, without } from './broken-broker.ts';
import { type Defect, flawed } from './defect.ts';

/** Letter stores that are different from what they should be. */
function storing(change: (inner: BrokerLetterStore) => Partial<BrokerLetterStore>): Flaws {
  return {
    letterStore: (broker, name) => {
      const inner = broker.letterStore(name);
      return {
        add: (letter) => inner.add(letter),
        remove: (id) => inner.remove(id),
        list: () => inner.list(),
        ...change(inner),
      };
    },
  };
}

/** Letters that come back changed. */
function listing(change: (letters: readonly BrokerMessage[]) => readonly BrokerMessage[]): Flaws {
  return storing((inner) => ({ list: async () => change(await inner.list()) }));
}

const EVERY_FIELD = 'keeps letters with all that is in them, the oldest first';

export const letterStoreDefects: readonly Defect[] = [
  {
    defect: 'keeps letters without their keys',
    found: EVERY_FIELD,
    message: /^Expected the key of message 'contract-\S+-m1' to be 'key-0', got undefined\.$/,
    make: flawed(() => listing((letters) => letters.map((letter) => without(letter, 'key')))),
  },
  {
    defect: 'stamps letters when it keeps them',
    found: EVERY_FIELD,
    message: /^Expected the time of letter 'contract-\S+-m1' to be 1700000000123, got 5\.$/,
    make: flawed(() => listing((letters) => letters.map((letter) => ({ ...letter, time: 5 })))),
  },
  {
    defect: 'lists the newest letter first',
    found: EVERY_FIELD,
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,\S+', got 'contract-\S+-m10,\S+'\.$/,
    make: flawed(() => listing((letters) => letters.toReversed())),
  },
  {
    defect: 'cuts letters off at 64 kB',
    found: 'keeps a letter of a megabyte',
    message: /^Expected the size of the body of message 'contract-\S+-m1' to be 1000000, got 65536\.$/,
    make: flawed(() =>
      listing((letters) => letters.map((letter) => ({ ...letter, body: letter.body.slice(0, 65_536) }))),
    ),
  },
  {
    defect: 'keeps the letters of each client apart',
    found: 'has the letters of a name for all its clients, and none of another name',
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,contract-\S+-m2', got 'contract-\S+-m1'\.$/,
    make: flawed(() => {
      let count = 0;
      return { letterStore: (inner, name) => inner.letterStore(`${name}-${++count}`) };
    }),
  },
  {
    defect: 'keeps all letters in one place',
    found: 'has the letters of a name for all its clients, and none of another name',
    message: /^Expected the ids of the letters to be '', got 'contract-\S+-m1,contract-\S+-m2'\.$/,
    make: flawed(() => ({ letterStore: (inner) => inner.letterStore('all') })),
  },
  {
    defect: 'lists what it has listed before',
    found: 'lists no letter that was removed, and takes the id of none',
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,\S+-m3', got 'contract-\S+-m1,\S+-m2,\S+-m3'\.$/,
    make: flawed(() =>
      storing((inner) => {
        let listed: readonly BrokerMessage[] | undefined;
        return { list: async () => (listed ??= await inner.list()) };
      }),
    ),
  },
  {
    defect: 'waits for a letter that is to be removed',
    found: 'lists no letter that was removed, and takes the id of none',
    message: 'Within 2000 ms, expected remove() of what is not there to resolve, got no answer.',
    make: flawed(() =>
      storing((inner) => ({
        remove: async (id) => {
          if ((await inner.list()).every((letter) => letter.id !== id)) await never();
          await inner.remove(id);
        },
      })),
    ),
  },
  {
    defect: 'takes the id of a removed letter for a duplicate',
    found: 'lists no letter that was removed, and takes the id of none',
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,\S+-m3,\S+-m2', got 'contract-\S+-m1,\S+-m3'\.$/,
    make: flawed(() => {
      const known = new Set<string>();
      return storing((inner) => ({
        add: async (letter) => {
          if (!known.has(letter.id)) await inner.add(letter);
          known.add(letter.id);
        },
      }));
    }),
  },
  {
    defect: 'keeps the first of the letters with one id',
    found: 'replaces a letter by one with the same id',
    message: /^Expected the headers of message 'contract-\S+-m1' to be '\{"redriven":"1"\}', got /,
    make: flawed(() =>
      storing((inner) => ({
        add: async (letter) => {
          const letters = await inner.list();
          if (letters.every(({ id }) => id !== letter.id)) await inner.add(letter);
        },
      })),
    ),
  },
  {
    defect: 'lists every letter that it was ever given under an id',
    found: 'replaces a letter by one with the same id',
    message: /^Expected the ids of the letters to be '(\S+-m1)', got '\1,\1'\.$/,
    make: flawed(() => {
      const letters: BrokerMessage[] = [];
      return storing(() => ({ add: async (letter) => void letters.push(letter), list: async () => [...letters] }));
    }),
  },
  {
    defect: 'keeps letters for as long as their client is there',
    found: 'has its letters still when their client has closed',
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,\S+', got ''\.$/,
    make: flawed(() => {
      const forget = new Set<() => Promise<void>>();
      return {
        letterStore: (inner, name) => {
          const store = inner.letterStore(name);
          forget.add(async () => {
            for (const { id } of await store.list()) await store.remove(id);
          });
          return store;
        },
        close: async (inner) => {
          await Promise.allSettled([...forget].map((each) => each()));
          await inner.close();
        },
      };
    }),
  },
  {
    defect: 'publishes the letters that it keeps',
    found: 'delivers a letter that it keeps to nobody',
    message:
      /^Expected only the 1 messages that were meant for it, got 'contract-\S+-m1' of topic 'contract-\S+', too\.$/,
    make: flawed(() => ({
      letterStore: (inner, name) => {
        const store = inner.letterStore(name);
        return {
          add: async (letter) => {
            await inner.publish(letter);
            await store.add(letter);
          },
          remove: (id) => store.remove(id),
          list: () => store.list(),
        };
      },
    })),
  },
  {
    defect: 'takes any name for a letter store',
    found: 'refuses letters that cannot be sent, and names that cannot be',
    message: "Expected letterStore('') to be refused with InvalidOptionError, got no error.",
    make: flawed(() => ({ letterStore: (inner) => inner.letterStore('any') })),
  },
  {
    defect: 'keeps letters that it could not send',
    found: 'refuses letters that cannot be sent, and names that cannot be',
    message: 'Expected add() with {"topic":"two words"} to be refused with InvalidOptionError, got no error.',
    make: flawed(() =>
      storing((inner) => ({ add: (letter) => inner.add({ ...letter, topic: letter.topic.replace(' ', '-') }) })),
    ),
  },
  {
    defect: 'lists letters after its end',
    found: 'refuses letters once it is closed',
    message: 'Expected list() after close() to be refused with ClosedError, got no error.',
    make: flawed(() => storing((inner) => ({ list: () => inner.list().catch(() => []) }))),
  },
  {
    defect: 'drops the letters that it is given after its end',
    found: 'refuses letters once it is closed',
    message: 'Expected add() after close() to be refused with ClosedError, got no error.',
    make: flawed(() => storing((inner) => ({ add: (letter) => inner.add(letter).catch(() => undefined) }))),
  },
];
