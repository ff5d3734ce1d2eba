import { type EventStore, StreamDeletedError } from 'millrace';
import { withFlaw } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

/** A store whose documents are kept otherwise. */
function documenting(flaw: (sound: EventStore['documents']) => Partial<EventStore['documents']>): () => EventStore {
  return withFlaw(({ documents }) => ({ documents: { ...documents, ...flaw(documents) } }));
}

export const keepingDefects: readonly StoreDefect[] = [
  {
    defect: 'leaves the snapshot of a deleted stream',
    found: 'deletes a stream with its snapshot, and nothing else',
    message: /^Expected its snapshot to be undefined, got \{/,
    open: withFlaw((sound) => ({
      deleteStream: async (stream, options) => {
        const snapshot = await sound.documents.get('snapshot', stream);
        const isDeleted = await sound.deleteStream(stream, options);
        if (snapshot !== undefined) await sound.documents.put('snapshot', stream, snapshot.value);
        return isDeleted;
      },
    })),
  },
  {
    defect: 'says of any stream that it was deleted',
    found: 'deletes a stream with its snapshot, and nothing else',
    message: /^Expected whether it can be deleted again to be false, got true\.$/,
    open: withFlaw((sound) => ({
      deleteStream: async (...request) => {
        await sound.deleteStream(...request);
        return true;
      },
    })),
  },
  {
    defect: 'is silent about a deleted stream',
    found: 'appends nothing to a deleted stream',
    message: /^Expected an append to a deleted stream that expects any to be refused with code STREAM_DELETED, got \{/,
    open: withFlaw((sound) => ({
      append: (...request) =>
        sound.append(...request).catch((error: unknown) => {
          if (!(error instanceof StreamDeletedError)) throw error;
          return { version: 1, checkpoint: '1', ids: [], isRepeated: false };
        }),
    })),
  },
  {
    defect: 'deletes without looking',
    found: 'deletes a stream only where it is expected',
    message: /^Expected a deletion that expects 2 at version 3 to be refused with code VERSION_CONFLICT, got true\.$/,
    open: withFlaw((sound) => ({ deleteStream: (stream) => sound.deleteStream(stream) })),
  },
  {
    defect: 'uses the positions of deleted events again',
    found: 'gives what comes after a deletion to whoever had read all before',
    message: /^Expected what is behind an event that was deleted to be \[6, 7, 8\], got \[\]\.$/,
    open: withFlaw((sound) => ({
      readAll: ({ from = 'start', ...options } = {}) =>
        sound.readAll({ ...options, from: /^\d+$/.test(from) ? String(Number(from) + 3) : from }),
    })),
  },
  {
    defect: 'does not count revisions',
    found: 'keeps documents by kind and key, each with its revision',
    message: /^Expected its revision after 3 puts to be 3, got 1\.$/,
    open: documenting((sound) => ({
      get: async (kind, key) => {
        const document = await sound.get(kind, key);
        return document && { ...document, revision: 1 };
      },
      put: async (kind, key, value, ifRevision) => {
        const { revision } = (await sound.get(kind, key)) ?? { revision: 0 };
        if (ifRevision !== undefined && ifRevision !== revision) return false;
        return sound.put(kind, key, value);
      },
    })),
  },
  {
    defect: 'puts over any revision',
    found: 'keeps documents by kind and key, each with its revision',
    message: /^Expected whether a first put over revision 1 is done to be false, got true\.$/,
    open: documenting((sound) => ({ put: (kind, key, value) => sound.put(kind, key, value) })),
  },
  {
    defect: 'looks at the revision some time before it puts',
    found: 'lets one of 8 writers put over a revision',
    message: /^Expected what 8 writers have counted to be /,
    open: documenting((sound) => ({
      put: async (kind, key, value, ifRevision) => {
        const { revision } = (await sound.get(kind, key)) ?? { revision: 0 };
        if (ifRevision !== undefined && ifRevision !== revision) return false;
        await new Promise((resolve) => setTimeout(resolve));
        return sound.put(kind, key, value);
      },
    })),
  },
  {
    defect: 'never puts over a revision',
    found: 'lets one of 8 writers put over a revision',
    message: /^Within 500 ms, expected every writer to have put its documents, got no answer\.$/,
    open: documenting((sound) => ({
      put: async (kind, key, value, ifRevision) => ifRevision === undefined && sound.put(kind, key, value),
    })),
  },
  {
    defect: 'lists by key',
    found: 'lists documents in the order in which they were put first',
    message: /^Expected the keys to be \['c', 'a', 'b', 'd'\], got \['a', 'b', 'c', 'd'\]\.$/,
    open: documenting((sound) => ({
      list: async (kind) => (await sound.list(kind)).toSorted((one, other) => one.key.localeCompare(other.key)),
    })),
  },
  {
    defect: 'lists the newest letter first',
    found: 'keeps dead letters, the oldest first, with whatever was in flight',
    message: /^Expected the letters to be \[\['b', 0\], \['a', 2\]\], got \[\['a', 2\], \['b', 0\]\]\.$/,
    open: withFlaw((sound) => ({
      deadLetters: (queue) => {
        const letters = sound.deadLetters<never>(queue);
        return { ...letters, list: async () => (await letters.list()).toReversed() };
      },
    })),
  },
  {
    defect: 'keeps letters as mere JSON',
    found: 'keeps dead letters, the oldest first, with whatever was in flight',
    message: /^Expected the event to be /,
    open: withFlaw((sound) => ({
      deadLetters: (queue) => {
        const letters = sound.deadLetters<never>(queue);
        const add: typeof letters.add = (letter) =>
          letters.add(
            JSON.parse(
              JSON.stringify(letter, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
            ) as typeof letter,
          );
        return { ...letters, add };
      },
    })),
  },
  {
    defect: 'answers when it is closed',
    found: 'refuses everything when it is closed',
    message: /^Expected head of a closed store to be refused with code CLOSED, got \{/,
    open: withFlaw(() => ({ head: async () => ({ position: 0, checkpoint: '0' }) })),
  },
  {
    defect: 'ends a read in silence when it closes',
    found: 'ends reads with an error and subscriptions in order when it closes',
    message: /^Expected the rest of a read to be refused with code CLOSED, got \[/,
    open: withFlaw((sound) => ({
      readStream: (...request) =>
        (async function* read() {
          try {
            yield* sound.readStream(...request);
          } catch {
            // Whoever reads takes this for the end of the stream.
          }
          return undefined;
        })(),
    })),
  },
  {
    defect: 'leaves a waiting subscription waiting when it closes',
    found: 'ends reads with an error and subscriptions in order when it closes',
    message: /^Within 500 ms, expected it to end, got no answer\.$/,
    open: withFlaw((sound) => ({
      subscribe: (options) =>
        (async function* read() {
          yield* sound.subscribe(options);
          await new Promise(() => undefined);
          return undefined;
        })(),
    })),
  },
  {
    defect: 'fails when it is closed again',
    found: 'closes once, however often it is asked',
    message: /closed already/,
    open: withFlaw((sound) => {
      let isClosed = false;
      return {
        close: async () => {
          if (isClosed) throw new Error('closed already');
          isClosed = true;
          await sound.close();
        },
      };
    }),
  },
];
