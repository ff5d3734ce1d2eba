import type { EventBus } from '../bus/event-bus.ts';
import type { EventSource, MessageFrom, Reachable } from '../bus/event-source.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import {
  type DeadLetterDetails,
  expectDeadLetterDetails,
  expectSettledDetails,
  type SettledDetails,
} from './matching/details.ts';
import { judge } from './matching/judge.ts';
import type { MatcherContext, MatcherResult } from './matching/matcher-context.ts';
import type { Partly } from './matching/partly.ts';
import { recordedTarget } from './matching/recorded-target.ts';
import type { BusRecording } from './recording/bus-recording.ts';
import { eventsOf } from './recording/events-of.ts';
import type { RecordedEnd, Recording } from './recording/recording.ts';

export type { DeadLetterDetails, MatcherContext, MatcherResult, Partly, SettledDetails };
export type { AsymmetricMatch } from './matching/partly.ts';

/** The events of what an `expect(…)` was given: a bus, or its recording. */
export type EventsOfTarget<Target> = Target extends EventBus<infer Known> | Recording<infer Known> ? Known : never;

/** What can be expected of a bus that is recorded, or of its recording; typed by event. */
export interface BusMatchers<Target = unknown, Result = void> {
  /**
   * An event was emitted, by whatever way.
   *
   * @param source - an event, a list of events, or a pattern
   * @param data - a part of its data, perhaps with asymmetric matchers; if it is left out, any
   */
  toHaveEmitted<const Source extends EventSource<EventsOfTarget<Target>>>(
    source: Reachable<Source, EventsOfTarget<Target>> & Source,
    data?: Partly<MessageFrom<Source, EventsOfTarget<Target>>['data']>,
  ): Result;
  /**
   * An event has become a dead letter.
   *
   * @param source - an event, a list of events, or a pattern
   * @param details - what must hold of the letter; if it is left out, nothing more
   */
  toHaveDeadLettered<const Source extends EventSource<EventsOfTarget<Target>>>(
    source: Reachable<Source, EventsOfTarget<Target>> & Source,
    details?: DeadLetterDetails<MessageFrom<Source, EventsOfTarget<Target>>['data']>,
  ): Result;
  /**
   * A handler's copy of an event has ended.
   *
   * @param source - an event, a list of events, or a pattern
   * @param details - what must hold of its end; if it is left out, nothing more
   */
  toHaveSettled<const Source extends EventSource<EventsOfTarget<Target>>>(
    source: Reachable<Source, EventsOfTarget<Target>> & Source,
    details?: SettledDetails<MessageFrom<Source, EventsOfTarget<Target>>['data']>,
  ): Result;
}

/** A matcher as `expect.extend` takes it. */
export type MatcherFunction<Details extends readonly unknown[]> = (
  this: MatcherContext,
  target: unknown,
  source: EventSource,
  ...details: Details
) => MatcherResult;

/** The matchers, for `expect.extend` of vitest, of jest, and of whatever is made like them. */
export interface Matchers {
  /** Any data will do, if it is left out; `undefined` is data like any other. */
  readonly toHaveEmitted: MatcherFunction<readonly unknown[]>;
  /** Any letter will do, if there are no details. */
  readonly toHaveDeadLettered: MatcherFunction<[details?: DeadLetterDetails]>;
  /** Any end will do, if there are no details. */
  readonly toHaveSettled: MatcherFunction<[details?: SettledDetails]>;
}

/**
 * The matchers of this kit. The doors `millrace/testing/vitest` and `millrace/testing/jest` register them and know their types; with any other
 * `expect` that can be extended, do so yourself.
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { record } from 'millrace/testing';
 * import { type BusMatchers, matchers } from 'millrace/testing/matchers';
 * import { expect } from 'expect';
 *
 * expect.extend({ ...matchers });
 * const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());
 * const bus = createEventBus();
 * record(bus);
 * bus.emit(UserSignedUp, { userId: 'u1' });
 * const matching = expect(bus) as unknown as BusMatchers<typeof bus>;
 * matching.toHaveEmitted(UserSignedUp, { userId: 'u1' });
 * ```
 */
export const matchers: Matchers = {
  toHaveEmitted(target, source, ...data) {
    const recording = recordedTarget(target);
    return judge(this, {
      matcher: 'toHaveEmitted',
      what: `an event ${eventsOf(source).label}`,
      wanted: data.length === 0 ? undefined : { expected: data[0], label: 'data' },
      candidates: recording.published(source).map((message) => message.data),
      otherwise: () => tally(recording),
    });
  },
  toHaveDeadLettered(target, source, details) {
    const recording = recordedTarget(target);
    return judge(this, {
      matcher: 'toHaveDeadLettered',
      what: `a dead letter of ${eventsOf(source).label}`,
      wanted: details === undefined ? undefined : { expected: expectDeadLetterDetails(details), label: 'details' },
      candidates: recording.deadLettered(source).map(letterDetails),
      otherwise: () => whatBecame(recording, source),
    });
  },
  toHaveSettled(target, source, details) {
    const recording = recordedTarget(target);
    return judge(this, {
      matcher: 'toHaveSettled',
      what: `the end of an event ${eventsOf(source).label}`,
      wanted: details === undefined ? undefined : { expected: expectSettledDetails(details), label: 'details' },
      candidates: recording.settled(source).map(settledDetails),
      otherwise: () => whatBecame(recording, source),
    });
  },
};

function letterDetails({ handler, reason, event }: DeadLetter): object {
  return { handler, reason, data: event.data };
}

function settledDetails({ handler, outcome, attempts, reason, event }: RecordedEnd): object {
  return { handler, outcome, attempts, reason, data: event.data };
}

/** How far those events came that have not come where they were expected. */
function whatBecame(recording: BusRecording, source: EventSource): string {
  const ends = recording.settled(source);
  const became = ends.map(({ handler, outcome }) => `${outcome} by '${handler}'`);
  if (became.length > 0) return `What became of it: ${count(became)}.`;
  const published = recording.published(source).length;
  if (published === 0) return tally(recording);
  return `It was emitted ${published} ×, but no handler has brought it to its end. Is there one, and was it awaited?`;
}

function tally(recording: BusRecording): string {
  const types = recording.published().map(({ type }) => `'${type}'`);
  return types.length === 0
    ? 'Nothing at all was emitted since the bus is recorded.'
    : `What was emitted: ${count(types)}.`;
}

/** `2 × a, 1 × b`. */
function count(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, times]) => `${times} × ${word}`).join(', ');
}
