import * as fc from 'fast-check';

/** How one attempt of a worker goes. `send` waits for room in its own channel. */
export interface PlannedAttempt {
  readonly form: 'observable' | 'promise' | 'value';
  readonly end: 'fail' | 'hang' | 'send' | 'succeed';
  /** 0 is at once, within the call. */
  readonly afterMs: number;
}

/** What somebody does who is called back: a worker, a consumer that has received an item, or whoever is told of a letter. */
export interface Reaction {
  readonly to: 'abort' | 'call' | 'letter' | 'receive';
  readonly by: Deed;
}

export interface PlannedItem {
  /** Of `'throws'`, the key function throws. */
  readonly key: string;
  /** The last one is repeated. */
  readonly attempts: readonly PlannedAttempt[];
  readonly reaction: Reaction | undefined;
}

/** A pool of workers. */
export interface PlannedPool {
  readonly concurrency: number;
  readonly isKeyed: boolean;
  readonly retry: { readonly maxAttempts: number; readonly delayMs: number } | undefined;
  readonly timeoutMs: number | undefined;
  readonly breaker: { readonly failureThreshold: number; readonly resetAfterMs: number } | undefined;
  readonly batch: { readonly maxSize: number; readonly maxWaitMs: number } | undefined;
}

/** A loop, or a subscriber. */
export interface PlannedReader {
  /** After so many items it stops. */
  readonly takes: number;
  /** Of a loop: how long its body takes. */
  readonly paceMs: number;
  /** Of an iterator: how many loops share it. */
  readonly loops: number;
}

/** A deed. `which` chooses one of those that are there. */
export type Deed =
  | { readonly do: 'close' | 'dispose' | 'redrive' }
  | { readonly do: 'drain'; readonly deadlineMs: number | undefined }
  | { readonly do: 'trySend'; readonly item: PlannedItem }
  | { readonly do: 'send'; readonly item: PlannedItem; readonly abortAfterMs: number | undefined }
  | { readonly do: 'iterate' | 'subscribe'; readonly reader: PlannedReader }
  | { readonly do: 'break' | 'unsubscribe'; readonly which: number }
  | { readonly do: 'process'; readonly pool: PlannedPool }
  | { readonly do: 'closePool' | 'pausePool' | 'resumePool'; readonly which: number }
  | { readonly do: 'drainPool'; readonly which: number; readonly deadlineMs: number | undefined };

interface PlannedStep {
  readonly waitMs: number;
  readonly deed: Deed;
}

export interface Plan {
  readonly capacity: number;
  readonly isProbed: boolean;
  /** A slow store answers by promises. */
  readonly store: 'memory' | 'slow';
  /** Consumers that are there before the first step. */
  readonly starts: readonly Deed[];
  readonly steps: readonly PlannedStep[];
  /** After the last step; then it is drained. */
  readonly drainAfterMs: number;
  readonly deadlineMs: number;
}

const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const leaf: fc.Arbitrary<PlannedItem> = fc.record<PlannedItem>({
  key: fc.constantFrom('a', 'b', 'c'),
  attempts: fc.constant([{ form: 'value', end: 'succeed', afterMs: 0 }]),
  reaction: fc.constant(undefined),
});

const attempts: fc.Arbitrary<PlannedAttempt> = fc.record<PlannedAttempt>({
  form: fc.constantFrom('value', 'promise', 'promise', 'observable'),
  end: fc.oneof(
    { weight: 6, arbitrary: fc.constant<PlannedAttempt['end']>('succeed') },
    { weight: 4, arbitrary: fc.constant<PlannedAttempt['end']>('fail') },
    { weight: 1, arbitrary: fc.constantFrom<PlannedAttempt['end']>('hang', 'send') },
  ),
  afterMs: fc.nat({ max: 9 }),
});

const pools: fc.Arbitrary<PlannedPool> = fc.record<PlannedPool>({
  concurrency: fc.integer({ min: 1, max: 3 }),
  isKeyed: fc.boolean(),
  retry: maybe(fc.record({ maxAttempts: fc.integer({ min: 1, max: 3 }), delayMs: fc.nat({ max: 12 }) })),
  timeoutMs: maybe(fc.integer({ min: 1, max: 12 })),
  breaker: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ failureThreshold: fc.constant(2), resetAfterMs: fc.constantFrom(3, 9) }) },
  ),
  batch: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.record({ maxSize: fc.integer({ min: 1, max: 3 }), maxWaitMs: fc.constantFrom(0, 4, 9, Infinity) }),
    },
  ),
});

const readers: fc.Arbitrary<PlannedReader> = fc.record<PlannedReader>({
  takes: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity)),
  paceMs: fc.constantFrom(0, 0, 1, 5),
  loops: fc.constantFrom(1, 1, 2, 3),
});

const which = fc.nat({ max: 4 });
const deadlineMs = maybe(fc.nat({ max: 20 }));
const starts: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: fc.constantFrom<'iterate' | 'subscribe'>('iterate', 'subscribe'), reader: readers }),
  fc.record({ do: fc.constant<'process'>('process'), pool: pools }),
);
const stops: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: fc.constantFrom<'break' | 'unsubscribe'>('break', 'unsubscribe'), which }),
  fc.record({
    do: fc.constantFrom<'closePool' | 'pausePool' | 'resumePool'>('closePool', 'pausePool', 'resumePool'),
    which,
  }),
  fc.record({ do: fc.constant<'drainPool'>('drainPool'), which, deadlineMs }),
);
const ends: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ do: fc.constantFrom<'close' | 'dispose'>('close', 'close', 'dispose') }),
  fc.record({ do: fc.constant<'drain'>('drain'), deadlineMs }),
);
const redrives: fc.Arbitrary<Deed> = fc.record({ do: fc.constant<'redrive'>('redrive') });

function sendings(item: fc.Arbitrary<PlannedItem>): fc.Arbitrary<Deed> {
  return fc.oneof(
    fc.record({ do: fc.constant<'trySend'>('trySend'), item }),
    fc.record({ do: fc.constant<'send'>('send'), item, abortAfterMs: maybe(fc.nat({ max: 20 })) }),
  );
}

const reactions: fc.Arbitrary<Reaction> = fc.record<Reaction>({
  to: fc.constantFrom('abort', 'call', 'letter', 'receive'),
  by: fc.oneof(
    { weight: 6, arbitrary: sendings(leaf) },
    { weight: 2, arbitrary: starts },
    { weight: 4, arbitrary: stops },
    { weight: 1, arbitrary: ends },
  ),
});

const items: fc.Arbitrary<PlannedItem> = fc.record<PlannedItem>({
  key: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'c') },
    { weight: 1, arbitrary: fc.constant('throws') },
  ),
  attempts: fc.array(attempts, { minLength: 1, maxLength: 3 }),
  reaction: fc.option(reactions, { nil: undefined, freq: 3 }),
});

const steps: fc.Arbitrary<PlannedStep> = fc.record<PlannedStep>({
  waitMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 5, 8) }),
  deed: fc.oneof(
    { weight: 20, arbitrary: sendings(items) },
    { weight: 6, arbitrary: starts },
    { weight: 3, arbitrary: stops },
    { weight: 1, arbitrary: redrives },
    { weight: 1, arbitrary: ends },
  ),
});

/** Any channel, any producers and consumers, in any order. */
export const plans: fc.Arbitrary<Plan> = fc.record<Plan>({
  capacity: fc.oneof({ weight: 5, arbitrary: fc.nat({ max: 4 }) }, { weight: 1, arbitrary: fc.constant(Infinity) }),
  isProbed: fc.constantFrom(false, false, true),
  store: fc.constantFrom('memory', 'memory', 'slow'),
  starts: fc.array(starts, { maxLength: 3 }),
  steps: fc.array(steps, { minLength: 1, maxLength: 40, size: 'max' }),
  drainAfterMs: fc.nat({ max: 60 }),
  deadlineMs: fc.nat({ max: 60 }),
});
