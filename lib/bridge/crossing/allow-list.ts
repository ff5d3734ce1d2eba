import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { show } from '../../core/options.ts';
import type { AnyBus } from './bridged-bus.ts';

/** The events that may cross in one direction, by their types. */
export type AllowList = ReadonlyMap<string, EventDefinition>;

/**
 * Checks a list of definitions.
 *
 * @throws InvalidOptionError for what is no list of definitions, a type that is there twice, or an event that the bus does not know
 */
export function expectAllowList(
  name: string,
  definitions: readonly EventDefinition[] | undefined,
  bus: AnyBus,
): AllowList {
  if (definitions === undefined) return new Map();
  if (!Array.isArray(definitions)) {
    throw new InvalidOptionError(`Expected ${name} to be a list of event definitions, got ${show(definitions)}.`);
  }
  const list = new Map<string, EventDefinition>();
  for (const definition of definitions as readonly EventDefinition[]) {
    if (typeof definition?.type !== 'string' || definition.schema === undefined) {
      throw new InvalidOptionError(
        `Expected ${name} to hold event definitions, as defineEvent() makes them, got ${show(definition)}.`,
      );
    }
    if (list.has(definition.type)) {
      throw new InvalidOptionError(`Expected ${name} to name each event once, got '${definition.type}' twice.`);
    }
    list.set(definition.type, definition);
  }
  // A bus that knows its events refuses others here, where they are named.
  if (list.size > 0) bus.events([...list.values()]);
  return list;
}

/** Refuses a bridge over which nothing could ever cross. */
export function expectTraffic(send: AllowList, receive: AllowList): void {
  if (send.size + receive.size > 0) return;
  throw new InvalidOptionError(
    'Expected send or receive to name events, got neither. Nothing crosses a bridge by default: send: [OrderPlaced].',
  );
}
