import { InvalidOptionError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import { jsonForm, jsonText } from '../core/json.ts';
import { show } from '../core/options.ts';
import { checkDataNow, isUnchecked } from '../core/schema.ts';
import type { NewEvent } from './new-event.ts';

/** The definitions of events, by type. */
export type Definitions = ReadonlyMap<string, EventDefinition>;

/**
 * Finds definitions by type.
 *
 * @throws InvalidOptionError for what is no list of definitions
 */
export function definitionsOf(events: readonly EventDefinition[]): Definitions {
  const list: readonly Partial<EventDefinition>[] = Array.isArray(events) ? events : [{}];
  const isFine = list.every((one) => typeof one?.type === 'string' && one.schema !== undefined);
  if (isFine) return new Map(events.map((definition) => [definition.type, definition]));
  throw new InvalidOptionError(
    `Expected events to be a list of event definitions, as defineEvent makes them, got ${show(events)}.`,
  );
}

/** The event as a store will keep it: what has a schema, in the form that JSON gives it. */
export function storedForm(definition: EventDefinition | undefined, event: NewEvent): NewEvent {
  const { type, data } = event;
  if (data === undefined) return event;
  const what = `data of '${type}'`;
  const isPlain = definition === undefined || isUnchecked(definition.schema);
  // As it will be read: a property that is undefined is not there.
  return { ...event, data: isPlain ? JSON.parse(jsonText(data, what)) : jsonForm(data, what) };
}

/**
 * The event as its definition types it: what a store has kept, brought back by the schema.
 *
 * @throws SchemaError; MillraceError `ASYNC_SCHEMA`
 */
export function typedForm(definition: EventDefinition | undefined, event: NewEvent): NewEvent {
  if (definition === undefined || isUnchecked(definition.schema)) return event;
  const data = checkDataNow(definition, event.data, 'Events of an aggregate need a schema that is not async.');
  return data === event.data ? event : { ...event, data };
}
