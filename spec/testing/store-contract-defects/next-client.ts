import { createEventStore, type EventStore } from 'millrace';
import { LockingBackend } from '../../support/locking-backend.ts';
import { altered, listOf, mapped, sharedMemory } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

/** Opens stores that share one database with locks. */
function sharedLocks(flaw: (sound: EventStore) => Partial<EventStore> = () => ({})): () => EventStore {
  const backend = new LockingBackend();
  return () => {
    const sound = createEventStore(backend, { pollMs: 5 });
    return altered(sound, flaw(sound));
  };
}

export const nextClientDefects: readonly StoreDefect[] = [
  {
    defect: 'knows only the checkpoints that it has given itself',
    found: 'lets the next client go on from a checkpoint',
    message: /^Expected what is behind event 1 for the next client to be \[/,
    open: sharedMemory((sound) => {
      const given = new Set<string>();
      return {
        readAll: ({ from = 'start', ...options } = {}) => {
          const known = given.has(from) ? from : 'start';
          return mapped(sound.readAll({ ...options, from: known }), (event) => {
            // The next client has read all events once before.
            if (options.limit !== undefined) given.add(event.checkpoint);
            return event;
          });
        },
      };
    }),
    isShared: true,
  },
  {
    defect: 'recognises what it has written itself',
    found: 'recognises an append that another client has written',
    message: /^Expected a repeated append by another client to be .*isRepeated: true.*, got .*isRepeated: false/,
    open: sharedMemory((sound) => {
      const written = new Set<string>();
      return {
        append: async (stream, events, options) => {
          const isOwn = listOf(events).every(({ id }) => written.has(id!));
          const result = await sound.append(stream, events, options);
          for (const id of result.ids) written.add(id);
          return { ...result, isRepeated: result.isRepeated && isOwn };
        },
      };
    }),
    isShared: true,
  },
  {
    defect: 'gives a lock to whoever asks',
    found: 'gives a lock to one holder at a time, if it has locks',
    message: /^Expected who was given a lock that is held to be \[\], got \['second'\]\.$/,
    open: sharedLocks(() => ({ lock: async () => () => undefined })),
    isShared: true,
  },
  {
    defect: 'has one lock for all names',
    found: 'gives a lock to one holder at a time, if it has locks',
    message: /^Within 500 ms, expected a lock of another name to be given, got no answer\.$/,
    open: sharedLocks((sound) => ({ lock: (_, signal) => sound.lock!('the lock', signal) })),
    isShared: true,
  },
  {
    defect: 'lets nobody stop waiting for a lock',
    found: 'gives a lock to one holder at a time, if it has locks',
    message: /^Within 500 ms, expected a wait for a lock to end with its signal, got no answer\.$/,
    open: sharedLocks((sound) => ({ lock: (name) => sound.lock!(name) })),
    isShared: true,
  },
  {
    defect: 'keeps a lock that was given up',
    found: 'gives a lock to one holder at a time, if it has locks',
    message: /^Within 500 ms, expected a lock that was given up to be given to the next, got no answer\.$/,
    open: sharedLocks((sound) => ({
      lock: async (...request) => {
        await sound.lock!(...request);
        return () => undefined;
      },
    })),
    isShared: true,
  },
  {
    defect: 'holds the locks of a store that was closed',
    found: 'gives up the locks of a store that closes, if it has locks',
    message: /^Within 500 ms, expected the lock of a closed store to be given to the next, got no answer\.$/,
    open: (() => {
      const backend = new LockingBackend();
      const forever = new AbortController();
      return () => {
        const sound = createEventStore(backend, { pollMs: 5 });
        return altered(sound, {
          // Past the front, which gives up what is held when it closes; those who wait are refused by it.
          lock: async (name, signal) =>
            backend.held.has(name) ? sound.lock!(name, signal) : backend.lock(name, forever.signal),
        });
      };
    })(),
    isShared: true,
  },
  {
    defect: 'leaves whoever waits for a lock waiting when it closes',
    found: 'gives up the locks of a store that closes, if it has locks',
    message: /^Within 500 ms, expected the wait of a closed store for a lock to end, got no answer\.$/,
    open: sharedLocks((sound) => ({
      lock: (...request) => sound.lock!(...request).catch(() => new Promise<never>(() => undefined)),
    })),
    isShared: true,
  },
];
