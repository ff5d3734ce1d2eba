import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { type CreateId, randomId } from '../core/ids.ts';
import { expectCount, expectDelay, expectFunction, expectOneOf, expectOptions, show } from '../core/options.ts';
import { CircuitBreaker, type CircuitBreakerPolicy } from '../flow/circuit.ts';
import { type DecideRetry, decideRetry, type RetryPolicy } from '../flow/retry-policy.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { Probe } from './probe.ts';

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
  /**
   * Hands over events in arrays: as soon as `maxSize` are there, or the first of them has waited for `maxWaitMs`. A batch takes one slot, is
   * handled, retried and timed out as one, and each of its events ends as it does. @defaultValue none
   */
  readonly batch?: BatchPolicy;
  /** Holds events back while attempts keep failing, instead of failing them too. @defaultValue none */
  readonly breaker?: CircuitBreakerPolicy;
}

/** When events are enough for a batch. */
export interface BatchPolicy {
  readonly maxSize?: number;
  readonly maxWaitMs?: number;
}

/** A checked {@link BatchPolicy}. */
export type BatchSettings = Required<BatchPolicy>;

/** {@link HandlerOptions}, and what a bus gives to all of its handlers. */
export interface ProcessorOptions<Item> extends HandlerOptions<Item> {
  /** Where dead events go. @defaultValue a queue of its own */
  readonly deadLetters?: DeadLetterQueue<Item>;
  /** Watches what happens. @defaultValue none */
  readonly probe?: Probe;
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
  readonly batch: BatchSettings | undefined;
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
}: ProcessorOptions<Item>): ProcessorSettings<Item> {
  if (name !== undefined && (typeof name !== 'string' || name.trim() === '')) {
    throw new InvalidOptionError(`Expected name to be a text that is not empty, got ${show(name)}.`);
  }
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

function batchSettings({ maxSize = 100, maxWaitMs = 1_000 }: BatchPolicy, strategy: Strategy): BatchSettings {
  if (strategy !== 'queue') {
    throw new InvalidOptionError(
      `Expected no batch with strategy '${strategy}', got one. Leave out batch, or the strategy: only 'queue' lets events wait.`,
    );
  }
  return { maxSize: expectCount('batch.maxSize', maxSize, 1), maxWaitMs: expectDelay('batch.maxWaitMs', maxWaitMs) };
}
