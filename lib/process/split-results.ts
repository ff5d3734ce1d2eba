import { Observable, Subject, takeUntil } from 'rxjs';
import { expectCount, expectFunction, expectOneOf } from '../core/options.ts';
import type { Outcome } from '../core/outcome.ts';
import { type HeldOverflow, HeldStream } from './held-stream.ts';

/** What happens to the results of a side that nobody reads. */
export interface SplitResultsOptions<Result> {
  /** Results that are kept for a side while nobody reads it; ≥ 1, or Infinity. @defaultValue 1024 */
  readonly capacity?: number;
  /**
   * What happens beyond that: `drop-oldest` and `drop-newest` drop a result; with `fail` the side gives out what it kept, then an
   * `OverflowError`. The other side is not affected. @defaultValue 'fail'
   */
  readonly overflow?: HeldOverflow;
  /** Told of each result that was dropped. */
  readonly onDropped?: (result: Result) => void;
}

/** The two sides of {@link splitResults}. Of a union, each has its members; of one type for all outcomes, each has it with its own. */
export interface SplitResults<Result extends { readonly outcome: Outcome }> {
  /** What was handled. */
  readonly successes: Observable<
    Result extends { readonly outcome: 'handled' } ? Result : Result & { readonly outcome: 'handled' }
  >;
  /** What was not: dead, dropped or rejected. */
  readonly failures: Observable<
    Result extends { readonly outcome: 'handled' }
      ? never
      : 'handled' extends Result['outcome']
        ? Result & { readonly outcome: Exclude<Result['outcome'], 'handled'> }
        : Result
  >;
}

/**
 * Splits what `supervise` gives out into two streams that never wait for each other: a side that nobody reads keeps its results for
 * later, so many at most, and the other one flows on. Each result comes out of one side, once for each of its subscribers of that moment.
 *
 * The source is subscribed to when the first of both sides is, and released when the last subscriber of both has gone. Both sides end as it ends.
 * A source that gives out all of its results while it is subscribed to gives them out before the second side can be read.
 *
 * ```
 * results:    -S-F-S-F-|
 * successes:  -S---S---|
 * failures:   -----------(FF|)     subscribed to late
 * ```
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { splitResults, supervise } from 'millrace';
 * import { from } from 'rxjs';
 *
 * const charge = async (amount: number): Promise<string> =>
 *   amount > 100 ? Promise.reject(new Error('too much')) : `charged ${amount}`;
 * const { successes, failures } = splitResults(from([50, 500]).pipe(supervise(charge, { concurrency: 4 })));
 * successes.subscribe(({ result }) => console.log(result)); // charged 50
 * failures.subscribe(({ event, error }) => console.log(event, String(error))); // 500 Error: too much
 * ```
 */
export function splitResults<Result extends { readonly outcome: Outcome }>(
  results: Observable<Result>,
  { capacity = 1024, overflow = 'fail', onDropped }: SplitResultsOptions<Result> = {},
): SplitResults<Result> {
  expectCount('capacity', capacity, 1, true);
  expectOneOf('overflow', overflow, ['drop-oldest', 'drop-newest', 'fail']);
  expectFunction('onDropped', onDropped);

  const successes = new HeldStream<Result>({ name: 'successes', capacity, overflow, onDropped });
  const failures = new HeldStream<Result>({ name: 'failures', capacity, overflow, onDropped });
  const released$ = new Subject<void>();
  let readers = 0;
  let isConnected = false;
  let hasEnded = false;

  function connect(): void {
    if (isConnected || hasEnded) return;
    isConnected = true;
    results.pipe(takeUntil(released$)).subscribe({
      next: (result) => (result.outcome === 'handled' ? successes : failures).next(result),
      error: (error: unknown) => end((side) => side.error(error)),
      // Released is not completed.
      complete: () => isConnected && end((side) => side.complete()),
    });
  }

  function end(tell: (side: HeldStream<Result>) => void): void {
    hasEnded = true;
    tell(successes);
    tell(failures);
  }

  function leave(): void {
    if (--readers > 0) return;
    isConnected = false;
    released$.next();
  }

  function read(side: HeldStream<Result>): Observable<Result> {
    return new Observable((subscriber) => {
      readers++;
      side.subscribe(subscriber);
      // After its side has let it go: what comes while the source is released is not for it any more.
      subscriber.add(leave);
      if (!subscriber.closed) connect();
    });
  }

  return { successes: read(successes), failures: read(failures) } as unknown as SplitResults<Result>;
}
