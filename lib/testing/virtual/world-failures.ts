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
  const makers = [...tally(last)].toSorted(([, a], [, b]) => b - a).slice(0, 3);
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

/** The test has ended, and timers have not. */
export function leftBehind({ now, busyHandlers }: World, timers: readonly PendingTimer[]): TestFailure {
  const [what, it] = timers.length === 1 ? ['a timer was', 'it'] : [`${shown(timers.length)} timers were`, 'them'];
  const lines = Array.from(tally(timers), ([maker, count]) => `  ${count === 1 ? '' : `${shown(count)} x `}${maker}\n`);
  return new TestFailure(
    `Expected nothing to be left to do at the end of the test, at ${shown(now)} ms, but ${what} still pending:\n` +
      `${lines.join('')}${busyHandlers}` +
      `Close or unsubscribe what made ${it}; or wait for ${it} with time.runAll(); or say pendingTimers: 'ignore'.`,
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

/** How many timers each place has made, such as `setInterval 100 ms, made at spec/retry.spec.ts:12:5`. */
function tally(timers: readonly PendingTimer[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, delayMs, site } of timers) {
    const maker = `${kind}${delayMs === undefined ? '' : ` ${delayMs} ms`}, made at ${site}`;
    counts.set(maker, (counts.get(maker) ?? 0) + 1);
  }
  return counts;
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
