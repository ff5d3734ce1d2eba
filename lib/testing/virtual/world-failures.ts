import { preview } from '../preview.ts';
import { TestFailure } from '../test-failure.ts';
import type { PendingTimer } from './virtual-clock.ts';

/** What every failure of a world says besides. */
interface World {
  /** Virtual milliseconds. */
  readonly now: number;
  /** A line for each handler that has not come to rest. */
  readonly busyHandlers: string;
}

/** Promises follow one another without end. */
export function neverAtRest({ now, busyHandlers }: World, limit: number, site: string): TestFailure {
  return new TestFailure(
    `Expected promises to come to rest at ${shown(now)} ms, but ${shown(limit)} callbacks followed one another ` +
      `without a timer, in ${site}.\n${busyHandlers}A retry without a delay or a count never ends: give it one.`,
  );
}

/** Timers follow one another without end. */
export function endless({ now, busyHandlers }: World, maxTimers: number, last: readonly PendingTimer[]): TestFailure {
  const counts = new Map<string, number>();
  for (const timer of last) counts.set(describeTimer(timer), (counts.get(describeTimer(timer)) ?? 0) + 1);
  const makers = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, 3);
  return new TestFailure(
    `Expected the test to end, but ${shown(maxTimers)} timers have fired until ${shown(now)} ms, and there are more. ` +
      `The last ones:\n${makers.map(([maker, count]) => `  ${count} x ${maker}`).join('\n')}\n${busyHandlers}` +
      'A retry, an interval or a poll that never ends must be stopped or bounded, or maxTimers raised.',
  );
}

/** The test advances time without end. */
export function endlessAdvance({ now, busyHandlers }: World, count: number): TestFailure {
  return new TestFailure(
    `Expected the test to end, but it has waited for time ${shown(count)} times until ${shown(now)} ms, and goes on.\n${busyHandlers}` +
      'A loop around time.advance must end, whatever it waits for; or raise maxTimers.',
  );
}

/** Code of a test goes on after its end, as nobody awaits it. */
export function isOver(): TestFailure {
  return new TestFailure(
    'Expected the virtual test to be still running, but it has ended: await everything in it that uses its time or its expect.',
  );
}

/** The test awaits what never comes. */
export function stuck({ now, busyHandlers }: World): TestFailure {
  const remedy =
    busyHandlers === ''
      ? 'Real input and output, such as files and sockets, is not virtual: test that in real time, with waitFor.'
      : 'Give a handler that may hang a timeoutMs, resume one that is paused, and let somebody take what waits for room.';
  return new TestFailure(
    `Expected the test to end, but it awaits something at ${shown(now)} ms that no promise or timer will bring.\n${busyHandlers}${remedy}`,
  );
}

/** A promise was rejected, and nobody handles that. */
export function unhandledRejection(reason: unknown): TestFailure {
  const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : preview(reason);
  return new TestFailure(`Expected every rejection to be handled, but a promise was rejected with ${text}`, {
    cause: reason,
  });
}

/** Such as `setInterval 100 ms, made at spec/retry.spec.ts:12:5`. */
export function describeTimer({ kind, delayMs, site }: PendingTimer): string {
  return `${kind}${delayMs === undefined ? '' : ` ${delayMs} ms`}, made at ${site}`;
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
