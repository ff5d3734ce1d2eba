import { InvalidOptionError, MillraceError } from '../core/errors.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import { show } from '../core/options.ts';

/** Returns `definition` if it is one. */
export function expectDefinition(definition: EventDefinition): EventDefinition {
  if (typeof definition?.type === 'string' && definition.schema?.['~standard'] !== undefined) return definition;
  throw new InvalidOptionError(`Expected an event definition, as defineEvent makes it, got ${show(definition)}.`);
}

export function duplicateDefinition(type: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected one definition of '${type}' in a bus, got a second one. Define it once and import it from there.`,
    'DUPLICATE_DEFINITION',
  );
}

export function unknownEvent(type: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected an event that the bus knows, got '${type}'. Add it to createEventBus({ events: […] }).`,
    'UNKNOWN_EVENT',
  );
}

export function duplicateHandler(name: string): InvalidOptionError {
  return new InvalidOptionError(
    `Expected the name of each handler of a bus to be unique, got a second '${name}'. Letters are redriven by name: choose another.`,
    'DUPLICATE_HANDLER',
  );
}

export function selfDeadlock(name: string): MillraceError {
  return new MillraceError(
    'SELF_DEADLOCK',
    `Expected a publish that can end, got one that handler '${name}' awaits while it holds the slot or lane that the event needs. Use context.emit, or a higher concurrency.`,
  );
}
