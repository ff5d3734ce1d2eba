import { type NewEvent, VersionConflictError } from 'millrace';
import { without } from '../contract-defects/broken-broker.ts';
import { listOf, reading, turn, withFlaw } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

export const writingDefects: readonly StoreDefect[] = [
  {
    defect: 'counts versions from 0',
    found: 'appends events to a stream, the first as version 1',
    message: /^Expected the version after 3 events to be 3, got 2\.$/,
    open: withFlaw((sound) => ({
      append: async (...request) => {
        const result = await sound.append(...request);
        return { ...result, version: result.version - 1 };
      },
    })),
  },
  {
    defect: `takes 'stream-exists' for 'no-stream'`,
    found: 'appends where the stream is expected: at a version, absent, present, or anywhere',
    message: /to be at version no-stream, got version 2/,
    open: withFlaw((sound) => ({
      append: (stream, events, options = {}) =>
        sound.append(
          stream,
          events,
          options.expectedVersion === 'stream-exists' ? { expectedVersion: 'no-stream' } : options,
        ),
    })),
  },
  {
    defect: 'does not look at the version',
    found: 'refuses to append where the stream stands elsewhere, and says where it stands',
    message: /^Expected an append that expects 1 at version 2 to be refused with code VERSION_CONFLICT, got \{/,
    open: withFlaw((sound) => ({ append: (stream, events) => sound.append(stream, events) })),
  },
  {
    defect: 'says a wrong version with a conflict',
    found: 'refuses to append where the stream stands elsewhere, and says where it stands',
    message: /^Expected what the error says to be /,
    open: withFlaw((sound) => ({
      append: (stream, events, options) =>
        sound.append(stream, events, options).catch((error: unknown) => {
          throw error instanceof VersionConflictError ? new VersionConflictError(stream, error.expected, -1) : error;
        }),
    })),
  },
  {
    defect: 'appends one event after the other',
    found: 'appends all events of a call or none',
    message: /^Expected the version after an append that was refused to be 0, got 40\.$/,
    open: withFlaw((sound) => ({
      append: async (stream, events, options) => {
        const [first, ...others] = listOf(events);
        let result = await sound.append(stream, first!, options);
        for (const event of others) result = await sound.append(stream, event);
        return result;
      },
    })),
  },
  {
    defect: 'looks at the version some time before it appends',
    found: 'lets one of 8 writers extend a stream at a time',
    message: /^Expected event of writer \d,|^Expected the conflicts/,
    open: withFlaw((sound) => ({
      append: async (stream, events, { expectedVersion = 'any' } = {}) => {
        const actual = await sound.streamVersion(stream);
        if (typeof expectedVersion === 'number' && actual !== expectedVersion) {
          throw new VersionConflictError(stream, expectedVersion, actual);
        }
        await turn();
        return sound.append(stream, events);
      },
    })),
  },
  {
    defect: 'loses an append now and then',
    found: 'appends what 8 writers append, each event once and without gaps',
    message: /^Expected version number \d+ of \d+ to be \d+, got undefined\.$/,
    open: withFlaw((sound) => {
      let count = 0;
      return {
        append: async (stream, events, options) => {
          if (++count % 20 > 0) return sound.append(stream, events, options);
          return { version: 1, checkpoint: '1', ids: [], isRepeated: false };
        },
      };
    }),
  },
  {
    defect: 'appends in two steps',
    found: 'shows whole appends only',
    message: /^Expected (?:events|versions) of a part of an append that (?:is|are) seen to be 0, got \d\.$/,
    open: withFlaw((sound) => ({
      append: async (stream, events, options) => {
        const list = listOf(events);
        if (list.length === 1) return sound.append(stream, events, options);
        await sound.append(stream, list.slice(0, 3), options);
        await turn();
        await turn();
        return sound.append(stream, list.slice(3));
      },
    })),
  },
  {
    defect: 'makes ids of its own',
    found: 'keeps the ids that it is given, and makes those that it is not',
    message: /^Expected the id that was given to be /,
    open: withFlaw((sound) => ({
      append: (stream, events, options) =>
        sound.append(
          stream,
          listOf(events).map(({ type, data }) => ({ type, data })),
          options,
        ),
    })),
  },
  {
    defect: 'gives one id to all',
    found: 'keeps the ids that it is given, and makes those that it is not',
    message: /^Expected the ids that are read to be /,
    open: reading((event) => ({ ...event, id: 'same' })),
  },
  {
    defect: 'does not say that an append was repeated',
    found: 'recognises an append that is repeated, whatever it expects',
    message: /^Expected a repeated append that expects 1 to be .*isRepeated: true.*got .*isRepeated: false/,
    open: withFlaw((sound) => ({
      append: async (...request) => ({ ...(await sound.append(...request)), isRepeated: false }),
    })),
  },
  {
    defect: 'takes the first id for the whole append',
    found: 'refuses an id that another event has',
    message: /^Expected an append with .* to be refused with code DUPLICATE_EVENT, got \{/,
    open: withFlaw((sound) => ({
      append: async (stream, events, options) => {
        const [{ id = 'none' }] = listOf(events) as [NewEvent];
        const known = await sound.findEvent(id);
        if (known === undefined) return sound.append(stream, events, options);
        return { version: known.version, checkpoint: known.checkpoint, ids: [id], isRepeated: true };
      },
    })),
  },
  {
    defect: 'finds nothing by an id',
    found: 'finds an event by its id',
    message: /^Expected the event with the third id to be /,
    open: withFlaw(() => ({ findEvent: async () => undefined })),
  },
  {
    defect: 'forgets what an event is about',
    found: 'gives events back as they were appended',
    message: /^Expected the event to be .*subject/,
    open: reading((event) => without(event, 'subject')),
  },
  {
    defect: 'cannot keep a NUL',
    found: 'keeps any text, and all that JSON can say',
    message: /^Expected data number \d+ to be /,
    open: reading((event) => ({
      ...event,
      data: JSON.parse(JSON.stringify(event.data ?? null).replaceAll(String.raw`\u0000`, '')) as unknown,
    })),
  },
  {
    defect: 'cuts what is large',
    found: 'keeps an event of 1 MB',
    message: /^Expected whether the text is whole to be true, got false\.$/,
    open: reading((event) => ({ ...event, data: { text: (event.data as { text: string }).text.slice(0, 900_000) } })),
  },
  {
    defect: 'gives all readers the same object',
    found: 'gives each reader data of its own',
    message: /^Expected data that its writer and another reader have changed to be \{ inner: \{ count: 1 \} \}, got/,
    open: () => {
      const kept = new Map<string, unknown>();
      return reading((event) => {
        const data = kept.get(event.id) ?? event.data;
        kept.set(event.id, data);
        return { ...event, data };
      })();
    },
  },
  {
    defect: 'does not tell upper from lower case in streams',
    found: 'keeps streams of any name apart',
    message: /^Expected the streams of its events to be Set \{/,
    open: withFlaw((sound) => ({
      append: (stream, ...rest) => sound.append(stream.toLowerCase(), ...rest),
      streamVersion: (stream) => sound.streamVersion(stream.toLowerCase()),
    })),
  },
  {
    defect: 'stores what JSON makes of anything',
    found: 'refuses what JSON cannot keep, and says where it is',
    message: /^Expected data with NaN to be refused with code NOT_JSON, got \{/,
    open: withFlaw((sound) => ({
      append: (stream, events, options) =>
        sound.append(stream, JSON.parse(JSON.stringify(listOf(events))) as NewEvent[], options),
    })),
  },
  {
    defect: 'takes a negative version for any',
    found: 'refuses what is no stream, no event and no version',
    message: /^Expected expectedVersion -1 to be refused with code INVALID_OPTION, got \{/,
    open: withFlaw((sound) => ({
      append: (stream, events, options = {}) =>
        sound.append(stream, events, Number(options.expectedVersion) < 0 ? {} : options),
    })),
  },
];
