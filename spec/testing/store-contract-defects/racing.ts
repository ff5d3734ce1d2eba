import { type EventStore, type RecordedEvent, StreamDeletedError, VersionConflictError } from 'millrace';
import { listOf, turn, withFlaw } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

async function* withoutTheLast(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent, undefined> {
  let held: RecordedEvent | undefined;
  for await (const event of events) {
    if (held !== undefined) yield held;
    held = event;
  }
}

async function* listed(events: readonly RecordedEvent[]): AsyncGenerator<RecordedEvent, undefined> {
  yield* events;
}

/** Each id is locked when an append comes to it, and until the append has ended. */
function lockingIds(sound: EventStore): Partial<EventStore> {
  const locked = new Map<string, Promise<unknown>>();
  return {
    append: async (stream, events, options) => {
      let unlock = (): void => undefined;
      const isOver = new Promise<void>((resolve) => (unlock = resolve));
      for (const { id } of listOf(events)) {
        while (locked.has(id!)) await locked.get(id!);
        locked.set(id!, isOver);
        await turn();
      }
      try {
        return await sound.append(stream, events, options);
      } finally {
        for (const { id } of listOf(events)) locked.delete(id!);
        unlock();
      }
    },
  };
}

/** A deleted stream goes on under another name, unless an append is told in time. */
function lookingForDeletions(sound: EventStore): Partial<EventStore> {
  const deleted = new Set<string>();
  const nameOf = (stream: string): string => (deleted.has(stream) ? `${stream} again` : stream);
  return {
    append: async (stream, ...rest) => {
      if (deleted.has(stream)) throw new StreamDeletedError(stream);
      await turn();
      return sound.append(nameOf(stream), ...rest);
    },
    deleteStream: async (stream, options) => {
      const isDeleted = await sound.deleteStream(stream, options);
      deleted.add(stream);
      return isDeleted;
    },
    streamVersion: (stream) => sound.streamVersion(nameOf(stream)),
  };
}

export const racingDefects: readonly StoreDefect[] = [
  {
    defect: 'finds every append in conflict',
    found: 'lets one of 8 writers extend a stream at a time',
    message: /^Within 500 ms, expected every writer to have appended its events, got no answer\.$/,
    open: withFlaw(() => ({
      append: async (stream, _, { expectedVersion = 'any' } = {}) => {
        throw new VersionConflictError(stream, expectedVersion, 1);
      },
    })),
  },
  {
    defect: 'goes on with a stream that it has deleted',
    found: 'appends nothing behind a deletion that comes in between',
    message: /^Within 500 ms, expected appends to a deleted stream to be refused, got no answer\.$/,
    open: withFlaw((sound) => {
      const deleted = new Set<string>();
      return {
        append: (stream, ...rest) => sound.append(deleted.has(stream) ? `${stream} again` : stream, ...rest),
        deleteStream: async (stream, options) => {
          const isDeleted = await sound.deleteStream(stream, options);
          deleted.add(stream);
          return isDeleted;
        },
      };
    }),
  },
  {
    defect: 'appends the first thousand of a call',
    found: 'appends thousands of events in one call',
    message: /^Expected the version after one append to be 2000, got 1000\.$/,
    open: withFlaw((sound) => ({
      append: (stream, events, options) => sound.append(stream, listOf(events).slice(0, 1_000), options),
    })),
  },
  {
    defect: 'shows appends among all before they are whole',
    found: 'shows whole appends only',
    message: /^Expected events of a part of an append that is seen among all to be 0, got \d\.$/,
    open: withFlaw((sound) => ({ readAll: (options) => withoutTheLast(sound.readAll(options)) })),
  },
  {
    defect: 'looks for ids some time before it appends',
    found: 'writes an append once that 8 writers send at once',
    message: /^Expected how many have written what expects any to be 1, got 8\.$/,
    open: withFlaw((sound) => ({
      append: async (stream, events, options) => {
        const known = await sound.findEvent(listOf(events)[0]!.id!);
        if (known !== undefined) return sound.append(stream, events, options);
        await turn();
        return sound.append(
          stream,
          listOf(events).map(({ type, data }) => ({ type, data })),
        );
      },
    })),
  },
  {
    defect: 'tells who repeats an append where the stream ends',
    found: 'writes an append once that 8 writers send at once',
    message: /^Expected what they were told of where it is to be Set \{ '2 \d+' \}, got Set \{ '2 \d+', '3 \d+' \}\.$/,
    open: withFlaw((sound) => ({
      append: async (...request) => {
        const result = await sound.append(...request);
        return result.isRepeated ? { ...result, version: result.version + 1 } : result;
      },
    })),
  },
  {
    defect: 'keeps ids unique within a stream',
    found: 'gives ids to one of 8 writers who use them at once',
    message: /^Expected how many have got the ids to be 1, got 8\.$/,
    open: withFlaw((sound) => ({
      append: (stream, events, options) =>
        sound.append(
          stream,
          listOf(events).map(({ type, data, id }) => ({ type, data, id: `${stream} ${id}` })),
          options,
        ),
    })),
  },
  {
    defect: 'locks each id as it comes to it',
    found: 'gives ids to one of 8 writers who use them at once',
    message: /^Within 500 ms, expected appends with the same ids to end, got no answer\.$/,
    open: withFlaw(lockingIds),
  },
  {
    defect: 'looks for a deletion some time before it appends',
    found: 'appends nothing behind a deletion that comes in between',
    message: /^Expected the version of a deleted stream to be 0, got \d+\.$/,
    open: withFlaw(lookingForDeletions),
  },
  {
    defect: 'lets two delete the same',
    found: 'appends nothing behind a deletion that comes in between',
    message: /^Expected how many of two deletions at once have found it to be 1, got 2\.$/,
    open: withFlaw((sound) => ({
      deleteStream: async (stream, options) => {
        const isThere = (await sound.streamVersion(stream)) > 0;
        await turn();
        await sound.deleteStream(stream, options);
        return isThere;
      },
    })),
  },
  {
    defect: 'finds the events of a deleted stream among all',
    found: 'appends nothing behind a deletion that comes in between',
    message: /^Expected its events among all to be \[\], got \[\{/,
    open: withFlaw((sound) => {
      const written: RecordedEvent[] = [];
      return {
        append: async (stream, ...rest) => {
          const result = await sound.append(stream, ...rest);
          const last = { direction: 'backwards', limit: 1 } as const;
          for await (const event of sound.readStream(stream, last)) written.push(event);
          return result;
        },
        readAll: () => listed(written),
      };
    }),
  },
];
