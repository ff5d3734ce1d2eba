/// <reference lib="esnext.disposable" preserve="true" />
import { InvalidOptionError } from '../core/errors.ts';
import { expectFunction, show } from '../core/options.ts';
import { isPromiseLike } from '../core/schema.ts';
import { expectStore } from './check-arguments.ts';
import { StoreFormatError } from './errors.ts';
import type { EventStore } from './event-store.ts';
import type { NewEvent } from './new-event.ts';
import type { RecordedEvent } from './recorded-event.ts';

/** The header with the version of an event's data; without it, it is the first. */
const SCHEMA_VERSION = 'schemaVersion';

/** Makes data of one version out of data of the version before. Pure; `event` is as it is stored. */
export type Upcaster = (data: never, event: RecordedEvent) => unknown;

/** By event type: from version 1 to 2, from 2 to 3, and so on. */
export type Upcasters = Readonly<Record<string, readonly Upcaster[]>>;

/**
 * Gives a store's events in their newest version, whoever reads them; what is stored stays as it was. Events that are appended through it are marked as
 * being of the newest version by the header `schemaVersion`.
 *
 * @throws InvalidOptionError for upcasters that are none; from reads, StoreFormatError for an event of a newer version than is known, or whose upcaster throws
 *
 * @example
 * ```ts
 * import { memoryEventStore, withUpcasters } from 'millrace';
 *
 * const store = withUpcasters(memoryEventStore(), {
 *   'user.signed_up': [
 *     ({ name }: { name: string }) => ({ firstName: name.split(' ')[0], lastName: name.split(' ')[1] }), // 1 → 2
 *   ],
 * });
 * await store.append('user-1', { type: 'user.signed_up', data: { firstName: 'Ada', lastName: 'Lovelace' } });
 * ```
 */
export function withUpcasters(store: EventStore, upcasters: Upcasters): EventStore {
  expectStore(store);
  const known = new Map(Object.entries(expectUpcasters(upcasters)));

  function mark(event: NewEvent): NewEvent {
    const steps = known.get(event?.type);
    if (steps === undefined || !('data' in event) || event.headers?.[SCHEMA_VERSION] !== undefined) return event;
    // Not spread: of a message, that would lose the id.
    const { id, type, time, data, source, subject, headers } = event;
    const marked = { ...headers, [SCHEMA_VERSION]: String(steps.length + 1) };
    return {
      type,
      data,
      source,
      subject,
      headers: marked,
      ...(id !== undefined && { id }),
      ...(time !== undefined && { time }),
    };
  }

  function upcast(event: RecordedEvent): RecordedEvent {
    const steps = known.get(event.type);
    if (steps === undefined) return event;
    const newest = steps.length + 1;
    const version = Number(event.headers[SCHEMA_VERSION] ?? 1);
    if (!Number.isInteger(version) || version < 1 || version > newest) throw unknownVersion(event, newest);
    if (version === newest) return event;
    const data = steps.slice(version - 1).reduce((older: unknown, step) => climb(step, older, event), event.data);
    return { ...event, data, headers: { ...event.headers, [SCHEMA_VERSION]: String(newest) } };
  }

  /** No generator: that would have to wait for its next event before it could be left. */
  function upcastAll(events: AsyncIterableIterator<RecordedEvent, undefined>): typeof events {
    const iterator: typeof events = {
      next: async () => {
        const result = await events.next();
        if (result.done === true) return result;
        try {
          return { done: false, value: upcast(result.value) };
        } catch (error) {
          await iterator.return?.();
          throw error;
        }
      },
      return: async () => (await events.return?.()) ?? { done: true, value: undefined },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  return {
    name: store.name,
    documents: store.documents,
    append: async (stream, events, options) => {
      const list = [events].flat() as readonly NewEvent[];
      return store.append(stream, list.map(mark), options);
    },
    readStream: (...request) => upcastAll(store.readStream(...request)),
    readAll: (...request) => upcastAll(store.readAll(...request)),
    subscribe: (...request) => upcastAll(store.subscribe(...request)),
    findEvent: async (id) => {
      const event = await store.findEvent(id);
      return event && upcast(event);
    },
    streamVersion: (stream) => store.streamVersion(stream),
    deleteStream: (...request) => store.deleteStream(...request),
    head: () => store.head(),
    deadLetters: (queue) => store.deadLetters(queue),
    ...(store.lock !== undefined && { lock: store.lock.bind(store) }),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
  };
}

function expectUpcasters(upcasters: Upcasters): Upcasters {
  if (typeof upcasters !== 'object' || upcasters === null) {
    throw new InvalidOptionError(
      `Expected upcasters to be lists of functions by event type, such as { 'user.signed_up': [v1ToV2] }, got ${show(upcasters)}.`,
    );
  }
  for (const [type, steps] of Object.entries(upcasters)) expectSteps(type, steps);
  return upcasters;
}

function expectSteps(type: string, steps: readonly Upcaster[]): void {
  if (!Array.isArray(steps) || steps.length === 0) {
    throw new InvalidOptionError(
      `Expected upcasters of '${type}' to be a list of functions, the first from version 1 to 2, got ${show(steps)}.`,
    );
  }
  steps.forEach((step: Upcaster, index) => {
    expectFunction(`upcasters['${type}'][${index}]`, step, true);
  });
}

function climb(step: Upcaster, data: unknown, event: RecordedEvent): unknown {
  let next: unknown;
  try {
    next = step(data as never, event);
  } catch (error) {
    throw notTaken(event, `an error: ${String(error)}. Upcasters must take all data that was ever stored.`, error);
  }
  if (isPromiseLike(next)) {
    next.then(undefined, () => undefined);
    throw notTaken(event, 'a promise. Upcasters answer at once.');
  }
  if (next === undefined) throw notTaken(event, 'undefined. Upcasters return the data of the next version.');
  return next;
}

function notTaken({ type, id, version, stream }: RecordedEvent, got: string, cause?: unknown): StoreFormatError {
  return new StoreFormatError(
    `Expected an upcaster of '${type}' to take event ${id}, version ${version} of stream '${stream}', got ${got}`,
    { cause },
  );
}

function unknownVersion({ id, type, headers }: RecordedEvent, newest: number): StoreFormatError {
  return new StoreFormatError(
    `Expected '${type}' of schema version 1 to ${newest}, got ${show(headers[SCHEMA_VERSION])} in event ${id}. Run the version of your program that has written it.`,
  );
}
