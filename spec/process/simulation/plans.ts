import * as fc from 'fast-check';
import type { Jitter, Overflow, Strategy } from 'millrace';

/** How one attempt of a handler goes. */
export interface PlannedAttempt {
  readonly form: 'observable' | 'promise' | 'thenable' | 'value';
  readonly end: 'fail' | 'hang' | 'succeed';
  /** 0 is at once, within the call. */
  readonly afterMs: number;
  readonly error: string | undefined;
}

/**
 * What somebody does who is called back: when the probe is told of the start, within the handler's call, at the abort of an attempt, at the
 * event's end, or with its letter.
 */
export interface Reaction {
  readonly to: 'abort' | 'call' | 'end' | 'letter' | 'start';
  readonly by: 'close' | 'drain' | 'pause' | 'resume' | 'send';
  readonly key: string;
}

export interface PlannedEvent {
  /** Of `'throws'`, the key function throws. */
  readonly key: string;
  /** The last one is repeated. */
  readonly attempts: readonly PlannedAttempt[];
  readonly reaction: Reaction | undefined;
}

export interface PlannedStep {
  readonly waitMs: number;
  readonly do: 'close' | 'drain' | 'pause' | 'redrive' | 'resume' | 'send' | 'trySend' | 'trySendAndListen';
  readonly event: PlannedEvent;
  /** Of a `send`: when its signal is aborted. Of a `drain`: its deadline. */
  readonly limitMs: number | undefined;
}

interface PlannedRetry {
  readonly maxAttempts: number;
  readonly delayMs: number;
  readonly multiplier: number;
  readonly maxDelayMs: number;
  readonly jitter: Jitter;
  /** Whether `retryIf` refuses errors that are undefined. */
  readonly isPicky: boolean;
}

export interface Plan {
  /** With a strategy other than `queue`, it is left out. */
  readonly batch: { readonly maxSize: number; readonly maxWaitMs: number } | undefined;
  readonly concurrency: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly strategy: Strategy;
  readonly isKeyed: boolean;
  readonly retry: PlannedRetry | undefined;
  readonly timeoutMs: number | undefined;
  readonly breaker: { readonly failureThreshold: number; readonly resetAfterMs: number } | undefined;
  readonly isProbed: boolean;
  /** How the handler is written: `blind` declares no context, `rest` hides that it takes one. */
  readonly handler: 'blind' | 'context' | 'object' | 'rest';
  /** `slow` and `flaky` stores answer by promises. */
  readonly store: 'flaky' | 'memory' | 'slow';
  readonly steps: readonly PlannedStep[];
  /** After the last step. */
  readonly closeAfterMs: number;
}

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** Mostly the first of the choices. */
const mostly = <Value>(first: Value, ...others: Value[]): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: others.length * 2, arbitrary: fc.constant(first) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );

function plannedEvents(forms: readonly PlannedAttempt['form'][], reacts: boolean): fc.Arbitrary<PlannedEvent> {
  const attempt = fc.record<PlannedAttempt>({
    form: fc.constantFrom(...forms),
    end: fc.constantFrom('succeed', 'succeed', 'succeed', 'fail', 'fail', 'hang'),
    afterMs: fc.nat({ max: 9 }),
    error: fc.constantFrom('error', 'error', undefined),
  });
  const key = fc.constantFrom('a', 'b', 'c');
  return fc.record<PlannedEvent>({
    key: fc.oneof({ weight: 20, arbitrary: key }, { weight: 1, arbitrary: fc.constant('throws') }),
    attempts: fc.array(attempt, { minLength: 1, maxLength: 3 }),
    reaction: reacts
      ? maybe(
          fc.record<Reaction>({
            to: fc.constantFrom('abort', 'call', 'end', 'letter', 'start'),
            by: mostly<Reaction['by']>('send', 'pause', 'resume', 'drain', 'close'),
            key,
          }),
        )
      : fc.constant(undefined),
  });
}

function plans(
  deeds: fc.Arbitrary<PlannedStep['do']>,
  forms: readonly PlannedAttempt['form'][],
  rest: { readonly handler: fc.Arbitrary<Plan['handler']>; readonly store: fc.Arbitrary<Plan['store']> },
): fc.Arbitrary<Plan> {
  const step = fc.record<PlannedStep>({
    waitMs: mostly(0, 1, 2, 3, 5, 8),
    do: deeds,
    event: plannedEvents(forms, true),
    limitMs: maybe(fc.nat({ max: 20 })),
  });
  return fc.record<Plan>({
    batch: maybe(
      fc.record({
        maxSize: fc.integer({ min: 1, max: 4 }),
        maxWaitMs: fc.oneof(
          { weight: 9, arbitrary: fc.nat({ max: 10 }) },
          { weight: 1, arbitrary: fc.constant(Infinity) },
        ),
      }),
    ),
    concurrency: fc.integer({ min: 1, max: 3 }),
    capacity: fc.oneof(fc.nat({ max: 4 }), fc.constant(Infinity)),
    overflow: fc.constantFrom('suspend', 'drop-oldest', 'drop-newest', 'fail'),
    strategy: mostly<Strategy>('queue', 'switch', 'exhaust'),
    isKeyed: fc.boolean(),
    retry: maybe(
      fc.record<PlannedRetry>({
        maxAttempts: fc.integer({ min: 1, max: 4 }),
        delayMs: fc.nat({ max: 12 }),
        multiplier: fc.constantFrom(1, 1.5, 2),
        maxDelayMs: fc.integer({ min: 5, max: 30 }),
        jitter: fc.constantFrom('none', 'equal', 'full'),
        isPicky: fc.boolean(),
      }),
    ),
    timeoutMs: maybe(fc.integer({ min: 1, max: 12 })),
    breaker: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      {
        weight: 1,
        arbitrary: fc.record({
          failureThreshold: fc.integer({ min: 1, max: 3 }),
          resetAfterMs: fc.integer({ min: 1, max: 20 }),
        }),
      },
    ),
    isProbed: mostly(false, true),
    ...rest,
    steps: fc.array(step, { minLength: 1, maxLength: 25 }),
    closeAfterMs: fc.nat({ max: 100 }),
  });
}

/** Plans in which nothing is a promise: all happens within virtual time. */
export const synchronousPlans: fc.Arbitrary<Plan> = plans(
  mostly<PlannedStep['do']>('trySendAndListen', 'trySend', 'trySend', 'trySend', 'pause', 'resume', 'drain', 'close'),
  ['value', 'observable'],
  { handler: fc.constantFrom('context', 'blind', 'object', 'rest'), store: fc.constant('memory') },
);

/** Plans with promises, on the microtasks of the machine, between the actions of virtual time. */
export const asynchronousPlans: fc.Arbitrary<Plan> = plans(
  mostly<PlannedStep['do']>('send', 'trySend', 'trySendAndListen', 'pause', 'resume', 'redrive', 'drain', 'close'),
  ['value', 'observable', 'promise', 'thenable'],
  // A blind one cannot know when its promise was given up.
  {
    handler: fc.constantFrom('context', 'object', 'rest'),
    store: mostly<Plan['store']>('memory', 'slow', 'flaky'),
  },
);
