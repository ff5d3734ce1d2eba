import { type EventStore, memoryEventStore, type RecordedEvent } from 'millrace';
import { without } from '../contract-defects/broken-broker.ts';
import { mapped, sharedMemory, withFlaw } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

async function* sorted(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent, undefined> {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  yield* all.toSorted((one, other) => one.stream.localeCompare(other.stream));
}

async function* withRepeats(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent, undefined> {
  let count = 0;
  for await (const event of events) {
    yield event;
    if (++count === 3) yield event;
  }
}

async function* swapped(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent, undefined> {
  let held: RecordedEvent | undefined;
  for await (const event of events) {
    if (held !== undefined) {
      yield event;
      yield held;
      held = undefined;
    } else if (event.version > 20) {
      yield event;
    } else {
      held = event;
    }
  }
}

/** Reads what is there, then goes on from what is the end by now. */
async function* withGap(
  store: EventStore,
  options: Parameters<EventStore['subscribe']>[0] = {},
): AsyncGenerator<RecordedEvent, undefined> {
  yield* store.readAll(without(options, 'onCaughtUp'));
  await new Promise((resolve) => setTimeout(resolve));
  yield* store.subscribe({ ...options, from: 'end' });
}

export const readingDefects: readonly StoreDefect[] = [
  {
    defect: 'corrects a version to read from',
    found: 'refuses at once to read what cannot be',
    message: /^Expected a read from version 0 to be refused with code INVALID_OPTION, got /,
    open: withFlaw((sound) => ({
      readStream: (stream, { from, ...options } = {}) =>
        sound.readStream(stream, { ...options, ...(from !== undefined && { from: Math.max(1, Math.ceil(from)) }) }),
    })),
  },
  {
    defect: 'leaves out an event of a long stream',
    found: 'reads a stream in its order, forwards and backwards',
    message: /^Expected event forwards number 501 of 1000 to be 500, got 501\.$/,
    open: withFlaw((sound) => ({
      readStream: (...request) => mapped(sound.readStream(...request), (event, at) => (at === 500 ? undefined : event)),
    })),
  },
  {
    defect: 'gives one event too many',
    found: 'reads from a version on, and at most so many',
    message: /^Expected two versions from 8 to be \[8, 9\], got \[8, 9, 10\]\.$/,
    open: withFlaw((sound) => ({
      readStream: (stream, { limit = Infinity, ...options } = {}) =>
        sound.readStream(stream, { ...options, limit: limit + 1 }),
    })),
  },
  {
    defect: 'reads one stream after the other',
    found: 'reads all streams in one order, which keeps the order of each stream',
    message: /^Expected event in the order of appends, number \d+ of 60 to be /,
    open: withFlaw((sound) => ({ readAll: (...request) => sorted(sound.readAll(...request)) })),
  },
  {
    defect: 'repeats the event at the checkpoint',
    found: 'goes on from any checkpoint with exactly the rest',
    message: /^Expected the rest behind event 1 to be /,
    open: withFlaw((sound) => ({
      readAll: ({ from = 'start', ...options } = {}) =>
        sound.readAll({ ...options, from: /^\d+$/.test(from) ? String(Number(from) - 1) : from }),
    })),
  },
  {
    defect: 'does not heed types',
    found: 'reads the types and streams that are asked for',
    message: /^Expected events of one type to be /,
    open: withFlaw((sound) => ({
      readAll: (options = {}) => sound.readAll(without(options, 'types')),
    })),
  },
  {
    defect: 'takes a prefix for a name',
    found: 'reads the types and streams that are asked for',
    message: /^Expected events of a stream and a prefix to be /,
    open: withFlaw((sound) => ({
      readAll: (options = {}) => {
        const wanted = [options.streams ?? []].flat() as readonly (string | { readonly prefix: string })[];
        const streams = wanted.map((each) => (typeof each === 'string' || wanted.length === 1 ? each : each.prefix));
        return sound.readAll({ ...options, ...(wanted.length > 0 && { streams }) });
      },
    })),
  },
  {
    defect: 'does not heed a signal',
    found: 'ends a read whose signal is aborted with its reason',
    message: /^Expected what an aborted read ends with to be \[Error: enough\], got undefined\.$/,
    open: withFlaw((sound) => ({
      readStream: (stream, options = {}) => sound.readStream(stream, without(options, 'signal')),
    })),
  },
  {
    defect: 'does not know where it stands',
    found: 'says where it stands',
    message: /^Expected whether the head has gone on to be true, got false\.$/,
    open: withFlaw(() => ({ head: async () => ({ position: 0, checkpoint: '0' }) })),
  },
  {
    defect: 'has a gap between catching up and living on',
    found: 'hands catch-up over to live under load, without a gap and without a repeat',
    message:
      /^Within 500 ms, expected 270 events of a subscription, got \d+\.$|^Expected a subscription to have version/,
    open: withFlaw((sound) => ({ subscribe: (options) => withGap(sound, options) })),
  },
  {
    defect: 'repeats an event',
    found: 'hands catch-up over to live under load, without a gap and without a repeat',
    message: /^Expected a subscription to have version 4 of stream '.*' next, got version 3\.$/,
    open: withFlaw((sound) => ({ subscribe: (options) => withRepeats(sound.subscribe(options)) })),
  },
  {
    defect: 'gives each second subscriber another order',
    found: 'gives 16 subscribers the same events in the same order',
    message: /^Expected what another subscriber was given to be |^Expected event number/,
    open: withFlaw((sound) => {
      let count = 0;
      return {
        subscribe: (options) => (count++ % 2 === 0 ? sound.subscribe(options) : swapped(sound.subscribe(options))),
      };
    }),
  },
  {
    defect: 'begins at the start',
    found: 'gives from the end on only what comes',
    message: /^Within 500 ms, expected a subscription from the end to catch up, got no answer\.$/,
    open: withFlaw((sound) => ({ subscribe: (options) => sound.subscribe({ ...options, from: 'start' }) })),
  },
  {
    defect: 'begins anew',
    found: 'resumes a subscription behind any checkpoint',
    message: /^Expected what came behind event 1 to be /,
    open: withFlaw((sound) => ({ subscribe: (options) => sound.subscribe({ ...options, from: 'start' }) })),
  },
  {
    defect: 'gives a subscriber all types',
    found: 'subscribes to the types and streams that are asked for',
    message: /^Expected event of its type and stream number 2 of 4 to be 1, got 90\.$/,
    open: withFlaw((sound) => ({ subscribe: (options = {}) => sound.subscribe(without(options, 'types')) })),
  },
  {
    defect: 'says at once that it has caught up',
    found: 'says when a subscription has caught up',
    message: /^Expected the events until it had caught up to be \[0, 1, 2, 3, 4\], got \[\]\.$/,
    open: withFlaw((sound) => ({
      subscribe: (options = {}) => {
        options.onCaughtUp?.(undefined);
        return sound.subscribe(options);
      },
    })),
  },
  {
    defect: 'drops what a slow subscriber has not taken',
    found: 'gives a slow subscriber every event',
    message: /^Expected event of a slow subscriber number \d+ of \d+ to be /,
    open: withFlaw((sound) => ({
      subscribe: (options) => {
        let previous = 0;
        return mapped(sound.subscribe(options), (event, index) => {
          previous = event.version;
          return index === 50 && previous > 0 ? undefined : event;
        });
      },
    })),
  },
  {
    defect: 'goes on after its signal',
    found: 'ends a subscription whose signal is aborted, and lets it be left',
    message: /^Within 500 ms, expected an aborted subscription to end, got no answer\.$/,
    open: withFlaw((sound) => ({ subscribe: (options = {}) => sound.subscribe(without(options, 'signal')) })),
  },
  {
    defect: 'does not see what another client appends',
    found: 'wakes the subscribers of other clients',
    message: /^Within 500 ms, expected 50 events of a subscription, got 0\.$/,
    open: () => memoryEventStore(),
    isShared: true,
  },
  {
    defect: 'keeps what it has written to itself',
    found: 'keeps what was written for the next client',
    message: /^Expected event number 1 of 20 to be 0, got undefined\.$/,
    open: () => memoryEventStore(),
    isShared: true,
  },
  {
    defect: 'acknowledges before it has written',
    found: 'has finished or refused every append when it has closed',
    message: /^Expected the version after an append that was fulfilled to be 2, got 0\.$/,
    open: sharedMemory((sound) => ({
      append: async (stream, events) => {
        setTimeout(() => void sound.append(stream, events).catch(() => undefined), 20);
        return { version: 2, checkpoint: '2', ids: [], isRepeated: false };
      },
    })),
    isShared: true,
  },
];
