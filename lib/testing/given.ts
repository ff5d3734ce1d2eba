import type { Aggregate } from '../sourcing/aggregate.ts';
import type { NewEvent } from '../sourcing/new-event.ts';
import { preview } from './preview.ts';
import { isStrictlyEqual } from './strict-equality.ts';
import { TestFailure, textOf } from './test-failure.ts';

/** How a refusal is recognised: by its class, by an error with the same name and message, or by its message: a part of it, or a pattern. */
export type ExpectedError = Error | RegExp | string | (abstract new (...all: never[]) => Error);

/** A history. */
export interface Given<Command, Event extends NewEvent> {
  /** What is to be done after it. */
  when(command: Command): When<Event>;
}

/** A history and a command. */
export interface When<Event extends NewEvent> {
  /**
   * Decides, and compares. Of events, type and data count, and what else is named of id, time, source, subject and headers; any part may be an asymmetric matcher.
   *
   * @param outcome - the events, `[]` for none; or the error that refuses the command
   * @throws TestFailure that says what was expected, and what came
   */
  expect(outcome: Event | ExpectedError | readonly Event[]): void;
}

/**
 * Tests an aggregate without any store: given this history, when this command comes, these events are expected, or this refusal.
 *
 * @example
 * ```ts
 * import { defineAggregate } from 'millrace';
 * import { given } from 'millrace/testing';
 *
 * const Door = defineAggregate({
 *   name: 'door',
 *   initial: { isOpen: false },
 *   decide: (command: 'open', { isOpen }) => {
 *     if (isOpen) throw new Error(`cannot ${command}: it is open`);
 *     return { type: 'door.opened', data: {} };
 *   },
 *   evolve: () => ({ isOpen: true }),
 * });
 * given(Door, []).when('open').expect([{ type: 'door.opened', data: {} }]);
 * given(Door, [{ type: 'door.opened', data: {} }]).when('open').expect(/is open/);
 * ```
 */
export function given<State, Command, Event extends NewEvent>(
  aggregate: Aggregate<State, Command, Event>,
  events: readonly Event[] = [],
): Given<Command, Event> {
  return {
    when: (command) => ({
      expect: (outcome) => {
        const place = new Error('here');
        const failure = compare(outcome, () => aggregate.decide(command, aggregate.fold(events)));
        if (failure !== undefined) throw failure.at(place);
      },
    }),
  };
}

function compare<Event extends NewEvent>(
  outcome: Event | ExpectedError | readonly Event[],
  decide: () => readonly Event[],
): TestFailure | undefined {
  const wanted = isErrorExpected(outcome) ? outcome : ([outcome].flat() as readonly Event[]);
  let events: readonly Event[];
  try {
    events = decide();
  } catch (error) {
    return compareError(wanted, error);
  }
  if (!isList(wanted)) {
    return new TestFailure(`Expected the command to be refused with ${inWords(wanted)}, got ${eventsInWords(events)}.`);
  }
  const actual = events.map((event, index) => comparable(event, wanted[index]));
  const expected = wanted.map((event) => comparable(event, event));
  if (isStrictlyEqual(actual, expected)) return undefined;
  return new TestFailure(`Expected ${eventsInWords(wanted)}, got ${eventsInWords(events)}.`, { expected, actual });
}

function compareError(wanted: ExpectedError | readonly NewEvent[], error: unknown): TestFailure | undefined {
  if (isList(wanted)) {
    return new TestFailure(`Expected ${eventsInWords(wanted)}, got a refusal: ${textOf(error)}`, { cause: error });
  }
  if (isAsExpected(wanted, error)) return undefined;
  return new TestFailure(`Expected the command to be refused with ${inWords(wanted)}, got ${preview(error)}.`, {
    cause: error,
  });
}

function isAsExpected(wanted: ExpectedError, error: unknown): boolean {
  if (typeof wanted === 'string') return textOf(error).includes(wanted);
  if (wanted instanceof RegExp) return wanted.test(textOf(error));
  if (typeof wanted === 'function') return error instanceof wanted;
  return error instanceof Error && error.name === wanted.name && error.message === wanted.message;
}

const OTHERS = ['id', 'time', 'source', 'subject', 'headers'] as const;

/** What counts of an event: its type and data, and what else is named of the one that it is compared with. */
function comparable(event: NewEvent, named: NewEvent | undefined): object {
  // A message that a definition has made names everything, whether it was meant or not.
  const isMeant = named !== undefined && !('toJSON' in named);
  const others = OTHERS.filter((name) => isMeant && Object.hasOwn(named, name));
  const { type, data } = event;
  return { type, data, ...Object.fromEntries(others.map((name) => [name, event[name]])) };
}

function isErrorExpected(outcome: unknown): outcome is ExpectedError {
  return (
    typeof outcome === 'string' ||
    typeof outcome === 'function' ||
    outcome instanceof RegExp ||
    outcome instanceof Error
  );
}

function isList(wanted: ExpectedError | readonly NewEvent[]): wanted is readonly NewEvent[] {
  return Array.isArray(wanted);
}

function inWords(wanted: ExpectedError): string {
  return typeof wanted === 'function' ? wanted.name : preview(wanted);
}

function eventsInWords(events: readonly NewEvent[]): string {
  if (events.length === 0) return 'no event';
  return events.map(({ type, data }) => `${type} ${preview(data, 200)}`).join(', ');
}
