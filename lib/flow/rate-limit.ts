import { asyncScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { OverflowError } from '../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectOneOf } from '../core/options.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { operate } from './operate.ts';
import { SlidingWindow } from './sliding-window.ts';

/** How many items may pass in which time, and how many may wait. */
export interface RateLimitBounds {
  /** The most items in any `windowMs`; ≥ 1. */
  readonly limit: number;
  /** Milliseconds; \> 0. @defaultValue 1_000 */
  readonly windowMs?: number;
  /** Items that may wait for their time; ≥ 0, or Infinity. @defaultValue Infinity */
  readonly capacity?: number;
  /** The clock and the timer. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** What happens to an item that finds `capacity` others waiting. Whoever lets items be dropped is told of them. */
export type RateLimitOverflow<Item> =
  | {
      /** The result fails with an `OverflowError`, after what waits has passed. @defaultValue 'fail' */
      readonly overflow?: 'fail';
      /** Not called: nothing is dropped. */
      readonly onDropped?: (item: Item) => void;
    }
  | {
      /** The item that has waited longest is dropped, or the new one. */
      readonly overflow: 'drop-newest' | 'drop-oldest';
      /** Told of each item that was dropped. */
      readonly onDropped: (item: Item) => void;
    };

/** How {@link rateLimit} paces. */
export type RateLimitOptions<Item> = RateLimitBounds & RateLimitOverflow<Item>;

/**
 * Lets at most `limit` items pass in *any* `windowMs`, in order: the window slides, so that the end of one period and the start of the next do not add up. An item
 * passes at once if it may, else as soon as it may. The completion or error of the source comes after what waits.
 *
 * What waits has no bound unless `capacity` names one.
 *
 * ```
 * source:  -abc-----d-|      limit 2, windowMs 4
 * result:  -ab--c---d-|
 * ```
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { rateLimit } from 'millrace';
 * import { mergeMap, range } from 'rxjs';
 *
 * const ask = async (page: number): Promise<string> => `page ${page}`;
 * // An API that allows 10 calls in 100 ms.
 * range(1, 30).pipe(rateLimit({ limit: 10, windowMs: 100 }), mergeMap(ask)).subscribe();
 * ```
 */
export function rateLimit<Item>({
  limit,
  windowMs = 1_000,
  capacity = Infinity,
  overflow = 'fail',
  onDropped,
  scheduler = asyncScheduler,
}: RateLimitOptions<NoInfer<Item>>): MonoTypeOperatorFunction<Item> {
  expectCount('limit', limit, 1);
  expectDelay('windowMs', windowMs, true);
  expectCount('capacity', capacity, 0, true);
  expectOneOf('overflow', overflow, ['fail', 'drop-oldest', 'drop-newest']);
  expectFunction('onDropped', onDropped, overflow !== 'fail');

  return (source) =>
    new Observable((destination) => {
      const window = new SlidingWindow(limit, windowMs);
      const waiting = new RingBuffer<{ readonly item: Item }>();
      let timer: Subscription | undefined;
      /** How the source has ended, to be told after what waits. */
      let tellEnd: (() => void) | undefined;

      function arrive(item: Item): void {
        if (waiting.size === 0 && window.tryPass(scheduler.now())) return destination.next(item);
        if (waiting.size < capacity) waiting.push({ item });
        else makeRoom(item);
        arm();
      }

      function makeRoom(item: Item): void {
        if (overflow === 'fail') throw overflowError(capacity);
        if (overflow === 'drop-newest') return onDropped?.(item);
        // In this order, as where nothing may wait the new item is the oldest.
        waiting.push({ item });
        const oldest = waiting.shift();
        if (oldest !== undefined) onDropped?.(oldest.item);
      }

      function arm(): void {
        if (waiting.size === 0) return;
        timer ??= scheduler.schedule(letPass, window.waitMs(scheduler.now()));
      }

      function letPass(): void {
        while (waiting.size > 0 && window.tryPass(scheduler.now())) {
          const first = waiting.shift();
          if (first !== undefined) destination.next(first.item);
        }
        // Not before, so that an item that is sent meanwhile sets no timer of its own.
        timer = undefined;
        if (destination.closed) return;
        arm();
        if (waiting.size === 0) tellEnd?.();
      }

      function end(tell: () => void): void {
        tellEnd = tell;
        if (waiting.size === 0) tell();
      }

      destination.add(() => timer?.unsubscribe());
      operate({
        source,
        destination,
        next: arrive,
        error: (error) => end(() => destination.error(error)),
        complete: () => end(() => destination.complete()),
      });
    });
}

function overflowError(capacity: number): OverflowError {
  return new OverflowError(
    `the queue of rateLimit (capacity ${capacity})`,
    'Raise limit or capacity, or choose another overflow.',
  );
}
