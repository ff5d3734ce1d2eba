import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { expectCount, expectDelay, expectFunction, expectName, expectOneOf, expectOptions } from '../core/options.ts';
import { type BatchPolicy, checkBatchPolicy } from '../flow/batch-policy.ts';
import { CircuitBreaker, type CircuitBreakerPolicy } from '../flow/circuit.ts';
import { type DecideRetry, decideRetry, type RetryPolicy } from '../flow/retry-policy.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { Probes } from './watch.ts';

/**
 * What happens to an event when `concurrency + capacity` are pending.
 *
 * - `suspend`: a producer that can wait does (`publish`, `send`); the copy of one that cannot (`emit`) is a dead letter
 * - `drop-oldest`, `drop-newest`: the event that has waited longest, or the new one, is dropped and counted
 * - `fail`: it is not taken, and the producer gets an `OverflowError`
 */
export type Overflow = 'drop-newest' | 'drop-oldest' | 'fail' | 'suspend';

/**
 * What an event does that finds its lane busy: `queue` waits, `switch` aborts and replaces the one in progress, `exhaust` is dropped.
 */
export type Strategy = 'exhaust' | 'queue' | 'switch';

/** How a handler is run. The defaults are the safe ones. */
export interface HandlerOptions<Item> {
  /** Names the handler in reports, stats, errors and dead letters; unique in its bus. @defaultValue made from the event's type */
  readonly name?: string;
  /** Attempts in flight at a time; ≥ 1. @defaultValue 1 */
  readonly concurrency?: number;
  /** Events that may be pending beyond `concurrency`; ≥ 0, or Infinity. @defaultValue 1024 */
  readonly capacity?: number;
  /** What happens to an event that finds no room. @defaultValue 'suspend' */
  readonly overflow?: Overflow;
  /** Without `key`, `switch` and `exhaust` have one lane for all. @defaultValue 'queue' */
  readonly strategy?: Strategy;
  /** Events with the same key (as in a `Map`) are handled one at a time, in order, across retries. @defaultValue none */
  readonly key?: (event: Item) => unknown;
  /** When and how often a failed attempt is made again. @defaultValue none: an event that fails is dead at once */
  readonly retry?: RetryPolicy;
  /** Milliseconds per attempt; \> 0. @defaultValue none */
  readonly timeoutMs?: number;
  /** Hands events over in arrays: see {@link Batched}. @defaultValue none: one by one */
  readonly batch?: undefined;
  /** Holds events back while attempts keep failing, instead of failing them too. @defaultValue none */
  readonly breaker?: CircuitBreakerPolicy;
}

/**
 * Options of a handler that is given frozen arrays of events: as soon as `maxSize` of them are there, or one of them has waited for `maxWaitMs`; in a
 * drain, at once. Events that a lane holds back are not counted. A batch takes one slot, and is handled, retried and timed out as one. Each of
 * its events ends as the batch does: if it fails for good, each has a dead letter with its error. With `key`, events of one key are never in two
 * batches at a time. At most `concurrency × maxSize + capacity` events are pending.
 */
export type Batched<Options> = Omit<Options, 'batch'> & {
  /** When a batch is full. */
  readonly batch: BatchPolicy;
};

/** {@link HandlerOptions}, and what a bus gives to all of its handlers. */
export interface ProcessorOptions<Item> extends HandlerOptions<Item> {
  /** Where dead events go. @defaultValue a queue of its own */
  readonly deadLetters?: DeadLetterQueue<Item>;
  /** Watches what happens. @defaultValue none */
  readonly probe?: Probes;
  /** The clock, and the timers of every delay. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** For jitter: 0 ≤ random() \< 1. @defaultValue Math.random */
  readonly random?: () => number;
  /** For the ids of dead letters. @defaultValue randomId */
  readonly createId?: CreateId;
}

/** Checked options, defaults filled in. */
export interface ProcessorSettings<Item> {
  readonly concurrency: number;
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly strategy: Strategy;
  readonly key: ((event: Item) => unknown) | undefined;
  readonly decideRetry: DecideRetry | undefined;
  readonly timeoutMs: number | undefined;
  readonly batch: Required<BatchPolicy> | undefined;
  readonly breaker: CircuitBreaker | undefined;
  readonly scheduler: SchedulerLike;
  readonly createId: CreateId;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws InvalidOptionError for any option that cannot work
 */
export function processorSettings<Item>({
  name,
  concurrency = 1,
  capacity = 1024,
  overflow = 'suspend',
  strategy = 'queue',
  key,
  retry,
  timeoutMs,
  batch,
  breaker,
  scheduler = asyncScheduler,
  random = Math.random,
  createId = randomId,
}: Batched<ProcessorOptions<Item>> | ProcessorOptions<Item>): ProcessorSettings<Item> {
  if (name !== undefined) expectName('name', name);
  expectFunction('random', random);
  expectFunction('createId', createId);
  return {
    concurrency: expectCount('concurrency', concurrency, 1),
    capacity: expectCount('capacity', capacity, 0, true),
    overflow: expectOneOf('overflow', overflow, ['suspend', 'drop-oldest', 'drop-newest', 'fail']),
    strategy: expectOneOf('strategy', strategy, ['queue', 'switch', 'exhaust']),
    key: expectFunction('key', key),
    decideRetry: retry === undefined ? undefined : decideRetry(expectOptions('retry', retry), random),
    timeoutMs: timeoutMs === undefined ? undefined : expectDelay('timeoutMs', timeoutMs, true),
    batch: batch === undefined ? undefined : batchSettings(expectOptions('batch', batch), strategy),
    breaker: breaker === undefined ? undefined : new CircuitBreaker(expectOptions('breaker', breaker)),
    scheduler,
    createId,
  };
}

function batchSettings(policy: BatchPolicy, strategy: Strategy): Required<BatchPolicy> {
  if (strategy !== 'queue') {
    throw new InvalidOptionError(
      `Expected no batch with strategy '${strategy}', got one. Leave out one of the two: only with 'queue' do events wait for each other.`,
    );
  }
  // All that is pending is bounded, so a batch is, too.
  if (policy.maxSize !== undefined) expectCount('batch.maxSize', policy.maxSize, 1);
  return checkBatchPolicy(policy);
}
