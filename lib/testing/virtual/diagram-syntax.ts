import type { ObservableNotification } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { checkDiagram } from './diagram-check.ts';
import type { Moment } from './moment.ts';

/** A subscription, by its two ends. */
export interface SubscriptionSpan {
  /** Milliseconds; Infinity if it never began. */
  readonly from: number;
  /** Milliseconds; Infinity as long as it has not ended. */
  readonly to: number;
}

/**
 * Reads a diagram in RxJS's own syntax, by RxJS's own parser, a millisecond a character.
 *
 * @param values - what the letters stand for. @defaultValue themselves
 * @param error - what `#` stands for. @defaultValue `'error'`
 * @throws InvalidOptionError for a diagram that is malformed, or has a letter without a value, and says where
 */
export function parseDiagram<Value>(
  kind: 'cold' | 'hot',
  marbles: string,
  values?: Readonly<Record<string, Value>>,
  error?: unknown,
): readonly Moment<Value>[] {
  checkDiagram(kind, marbles, values);
  // RxJS finds the moment of a '^' by counting all characters before it, also spaces, and some letters twice.
  const beginning = framesBefore('^', marbles);
  const text = spaced(marbles.replace('^', '-'));
  const frames = inMilliseconds(() => TestScheduler.parseMarbles(text, values, undefined, false, true));
  return frames.map(({ frame, notification }) => ({
    at: Math.round(frame) - beginning,
    notification: plain<Value>(notification, error),
  }));
}

/**
 * Reads the diagram of a subscription, such as `'--^--!'`.
 *
 * @throws InvalidOptionError for a diagram that is malformed, and says where
 */
export function parseSubscription(marbles: string): SubscriptionSpan {
  checkDiagram('subscription', marbles);
  const { subscribedFrame, unsubscribedFrame } = inMilliseconds(() =>
    TestScheduler.parseMarblesAsSubscriptions(spaced(marbles), true),
  );
  return { from: Math.round(subscribedFrame), to: Math.round(unsubscribedFrame) };
}

/** Without the properties that a notification of its kind does not need. */
function plain<Value>(
  notification: ObservableNotification<unknown>,
  error: unknown = 'error',
): ObservableNotification<Value> {
  if (notification.kind === 'C') return { kind: 'C' };
  // RxJS would make 'error' of errors such as 0, too.
  if (notification.kind === 'E') return { kind: 'E', error };
  return { kind: 'N', value: notification.value as Value };
}

function framesBefore(mark: string, marbles: string): number {
  const index = marbles.indexOf(mark);
  return index === -1 ? 0 : Array.from(marbles.slice(0, index).replaceAll(/\s/gu, '')).length;
}

/** RxJS knows a time only by the space behind it. */
function spaced(marbles: string): string {
  return `${marbles.replaceAll(/\s/gu, ' ')} `;
}

/** RxJS counts ten frames a character, but in its own run mode one. */
function inMilliseconds<Result>(parse: () => Result): Result {
  const { frameTimeFactor } = TestScheduler;
  TestScheduler.frameTimeFactor = 1;
  try {
    return parse();
  } finally {
    TestScheduler.frameTimeFactor = frameTimeFactor;
  }
}
