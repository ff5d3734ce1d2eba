import { expectDefinition } from '../../bus/bus-errors.ts';
import type { EventSource } from '../../bus/event-source.ts';
import { compilePattern } from '../../bus/pattern.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';

/** Some of the events of a bus, named as `bus.on` has them named. */
export interface EventsOf {
  /** In words: `'user.signed_up'`, or `'a' or 'b'`. */
  readonly label: string;
  readonly matches: (type: string) => boolean;
}

/**
 * Reads an event, a list of events or a pattern.
 *
 * @throws InvalidOptionError for what is none of them
 */
export function eventsOf(source: EventSource): EventsOf {
  if (typeof source === 'string') return { label: `'${source}'`, matches: compilePattern(source) };
  const definitions = Array.isArray(source) ? (source as readonly EventDefinition[]) : [source as EventDefinition];
  if (definitions.length === 0) {
    throw new InvalidOptionError('Expected an event, a list of events or a pattern, got an empty list.');
  }
  const types = new Set(definitions.map((definition) => expectDefinition(definition).type));
  return { label: [...types].map((type) => `'${type}'`).join(' or '), matches: (type) => types.has(type) };
}
