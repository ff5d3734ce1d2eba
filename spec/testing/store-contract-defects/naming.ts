import type { EventStore, ReadAllOptions, RecordedEvent } from 'millrace';
import { reading, withFlaw } from './altered-store.ts';
import type { StoreDefect } from './defect.ts';

/** A store that looks through all events by itself. */
function looking(
  isWanted: (event: RecordedEvent, options: ReadAllOptions) => boolean,
  most = Infinity,
): () => EventStore {
  return withFlaw((sound) => ({
    readAll: (options = {}) =>
      (async function* look() {
        const { types: _, streams: __, limit = Infinity, ...rest } = options;
        let [seen, found] = [0, 0];
        for await (const event of sound.readAll(rest)) {
          if (found >= limit || seen++ >= most) return undefined;
          if (!isWanted(event, options)) continue;
          found++;
          yield event;
        }
        return undefined;
      })(),
  }));
}

/** Finds the streams of a prefix by a comparison of its own. */
function lookingForPrefixes(isBegun: (stream: string, prefix: string) => boolean): () => EventStore {
  return looking(({ stream }, { streams }) => {
    if (typeof streams === 'object' && 'prefix' in streams) return isBegun(stream, streams.prefix);
    return stream === streams;
  });
}

export const namingDefects: readonly StoreDefect[] = [
  {
    defect: 'ends the range of a prefix where its own names are not over',
    found: 'keeps streams of any name apart',
    message: /^Expected the streams that begin with ".*z" to be Set \{/,
    open: lookingForPrefixes((stream, prefix) => stream >= prefix && stream < `${prefix}\uffff`),
  },
  {
    defect: 'takes a prefix for a pattern',
    found: 'keeps streams of any name apart',
    message: /^Expected the streams that begin with ".*a_" to be Set \{/,
    open: lookingForPrefixes((stream, prefix) =>
      prefix.split('').every((letter, at) => letter === '_' || letter === stream[at]),
    ),
  },
  {
    defect: 'takes an accent that is added for one that is part of its letter',
    found: 'keeps streams of any name apart',
    message: /^Expected the version of stream ".*é" to be 13, got 14\.$/,
    open: withFlaw((sound) => ({ streamVersion: (stream) => sound.streamVersion(stream.normalize('NFD')) })),
  },
  {
    defect: 'does not tell upper from lower case in types',
    found: 'tells events apart by types and ids of any text',
    message: /^Expected the events of the type ".*A" to be \[6\], got \[6, 7\]\.$/,
    open: looking(({ type }, { types = [] }) => types.some((wanted) => wanted.toLowerCase() === type.toLowerCase())),
  },
  {
    defect: 'trims ids',
    found: 'tells events apart by types and ids of any text',
    message:
      /^Expected the event with the id ".*a " to be \['.*a ', \{ number: 8 \}\], got \['.*a', \{ number: 7 \}\]\.$/,
    open: withFlaw((sound) => ({ findEvent: (id) => sound.findEvent(id.trim()) })),
  },
  {
    defect: 'keeps documents by the first 100 characters of their keys',
    found: 'keeps documents of any kind and key apart',
    message: /^Expected the keys to be \[/,
    open: withFlaw(({ documents }) => ({
      documents: { ...documents, put: (kind, key, ...rest) => documents.put(kind, key.slice(0, 100), ...rest) },
    })),
  },
  {
    defect: 'writes kinds in lower case',
    found: 'keeps documents of any kind and key apart',
    message: /^Expected the documents of the kind ".*A" to be \[/,
    open: withFlaw(({ documents }) => ({
      documents: {
        ...documents,
        put: (kind, ...rest) => documents.put(kind.toLowerCase(), ...rest),
        get: (kind, key) => documents.get(kind.toLowerCase(), key),
        list: (kind) => documents.list(kind.toLowerCase()),
      },
    })),
  },
  {
    defect: 'keeps values without what it cannot keep',
    found: 'refuses documents that not every database would give back',
    message: /^Expected a value with NUL to be refused with code INVALID_OPTION, got true\.$/,
    open: withFlaw(({ documents }) => ({
      documents: {
        ...documents,
        put: (kind, key, value, ...rest) =>
          documents.put(kind, key, typeof value === 'string' ? value.replaceAll('\0', '') : value, ...rest),
      },
    })),
  },
  {
    defect: 'keeps times in whole milliseconds',
    found: 'keeps times as they are, before 1970 and within a millisecond, too',
    message: /^Expected the times to be \[0, -1, -62135596800000, 1\.5, .*, got \[0, -1, -62135596800000, 1, /,
    open: reading((event) => ({ ...event, time: Math.trunc(event.time) })),
  },
  {
    defect: 'gives up after a thousand events that nobody wants',
    found: 'finds a few events among thousands',
    message: /^Expected the few of a type to be \[4, 9\], got \[\]\.$/,
    open: looking(({ type }, { types }) => types?.includes(type) ?? true, 1_000),
  },
];
