import { InvalidOptionError } from '../core/errors.ts';
import { expectCount, expectName, show } from '../core/options.ts';
import type { EventStore, ExpectedVersion, StreamSelection } from './event-store.ts';
import type { NewEvent } from './new-event.ts';

/** The longest stream name and event id: what every database can index. */
const LONGEST_NAME = 512;

/** Returns `store` if it is one. */
export function expectStore(store: EventStore): EventStore {
  if (typeof (store as Partial<EventStore> | undefined)?.subscribe === 'function') return store;
  throw new InvalidOptionError(`Expected an event store, such as memoryEventStore() makes, got ${show(store)}.`);
}

/** Returns `stream` if every store can keep a stream of this name. */
export function expectStream(stream: string): string {
  return expectKey('stream', stream);
}

/** Returns `value` if it is a text that every database can keep in an index. */
export function expectKey(name: string, value: string): string {
  expectName(name, value);
  if (value.length <= LONGEST_NAME && isStorable(value)) return value;
  throw new InvalidOptionError(
    `Expected ${name} to be at most ${LONGEST_NAME} characters of well-formed Unicode without NUL, got ${show(value)} of ${value.length}.`,
  );
}

/** Returns `version` if it can be expected. */
export function expectExpectedVersion(version: ExpectedVersion): ExpectedVersion {
  if (version === 'any' || version === 'no-stream' || version === 'stream-exists') return version;
  if (Number.isSafeInteger(version) && version >= 0) return version;
  throw new InvalidOptionError(
    `Expected expectedVersion to be a whole number ≥ 0, 'no-stream', 'stream-exists' or 'any', got ${show(version)}.`,
  );
}

/** Returns the events as a list if they can be appended. */
export function expectEvents(events: NewEvent | readonly NewEvent[]): readonly NewEvent[] {
  const list = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
  if (list.length === 0) {
    throw new InvalidOptionError('Expected at least one event to append, got none. Leave out the append.');
  }
  list.forEach(expectEvent);
  return list;
}

/** Returns `value` if it is a text that every database keeps as it is; JSON always is. */
export function expectText(name: string, value: string): string {
  if (isStorable(value)) return value;
  throw new InvalidOptionError(
    `Expected ${name} to be a text of well-formed Unicode without NUL, such as JSON.stringify makes, got ${typeof value === 'string' ? `a text of ${value.length} characters that is not` : show(value)}.`,
  );
}

/** Returns the types if each could be an event's. */
export function expectTypes(types: readonly string[] | undefined): readonly string[] | undefined {
  if (types === undefined || (Array.isArray(types) && types.every(isStorable))) return types;
  throw new InvalidOptionError(`Expected types to be a list of event types, got ${show(types)}.`);
}

/** Returns the selection as a list. */
export function expectStreams(
  streams: StreamSelection | readonly StreamSelection[] | undefined,
): readonly StreamSelection[] | undefined {
  if (streams === undefined) return undefined;
  const list = [streams].flat() as readonly StreamSelection[];
  for (const selection of list) {
    const { prefix } = (typeof selection === 'string' ? { prefix: selection } : (selection ?? {})) as {
      readonly prefix?: unknown;
    };
    // Half of a character would be a text of its own for one database, and a sign for what is unreadable for another.
    if (isStorable(prefix)) continue;
    throw new InvalidOptionError(
      `Expected streams to be names or prefixes, such as 'account-1' or { prefix: 'account-' }, got ${show(selection)}.`,
    );
  }
  return list;
}

/** Returns the limit if it is one. */
export function expectLimit(limit: number): number {
  return expectCount('limit', limit, 0, true);
}

function expectEvent(event: NewEvent, index: number): void {
  const { type, id, time, source, subject, headers } = (event ?? {}) as Partial<NewEvent>;
  const name = `events[${index}]`;
  if (typeof event !== 'object' || event === null || typeof type !== 'string' || !('data' in event)) {
    throw new InvalidOptionError(
      `Expected ${name} to be an event, such as { type: 'account.deposited', data: { amount: 40 } }, got ${show(event)}.`,
    );
  }
  expectKey(`${name}.type`, type);
  if (id !== undefined) expectKey(`${name}.id`, id);
  if (time !== undefined && !Number.isFinite(time)) {
    throw new InvalidOptionError(`Expected ${name}.time to be epoch milliseconds, got ${show(time)}.`);
  }
  expectTextOrNone(`${name}.source`, source);
  expectTextOrNone(`${name}.subject`, subject);
  if (headers !== undefined) expectHeaders(`${name}.headers`, headers);
}

function expectHeaders(name: string, headers: unknown): void {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw new InvalidOptionError(`Expected ${name} to be an object of texts, got ${show(headers)}.`);
  }
  for (const [header, value] of Object.entries(headers)) expectTextOrNone(`${name}['${header}']`, value);
}

function expectTextOrNone(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'string') return;
  throw new InvalidOptionError(`Expected ${name} to be a text, got ${show(value)}.`);
}

function isStorable(value: unknown): boolean {
  return typeof value === 'string' && !/\p{Surrogate}|\0/u.test(value);
}
