import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike, type Subscription } from 'rxjs';
import { type BatchPolicy, checkBatchPolicy } from './batch-policy.ts';
import { operate } from './operate.ts';

/** A {@link BatchPolicy} and its clock. */
export interface BatchOptions extends BatchPolicy {
  /** The timer of `maxWaitMs`. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/**
 * Gathers items into arrays: a batch is given out when it has `maxSize` items, or `maxWaitMs` after its first one. It is never empty.
 * What is gathered when the source ends is given out first, also before an error: no item is lost. (RxJS's `bufferTime` gives out empty arrays,
 * and its buffers are lost on an error.)
 *
 * ```
 * source:  -a-b-c-d-------e-#      maxSize 3, maxWaitMs 4
 * result:  -----x-----y-----(z#)   x = [a, b, c], y = [d], z = [e]
 * ```
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { batch } from 'millrace';
 * import { concatMap, interval, take } from 'rxjs';
 *
 * const saveAll = async (rows: number[]): Promise<void> => console.log(`saved ${rows.length}`);
 * interval(1)
 *   .pipe(take(250), batch({ maxSize: 100, maxWaitMs: 500 }), concatMap(saveAll))
 *   .subscribe(); // saved 100, saved 100, saved 50
 * ```
 */
export function batch<Item>({ scheduler = asyncScheduler, ...policy }: BatchOptions = {}): OperatorFunction<
  Item,
  Item[]
> {
  const { maxSize, maxWaitMs } = checkBatchPolicy(policy);

  return (source) =>
    new Observable((destination) => {
      let items: Item[] = [];
      let timer: Subscription | undefined;

      function gather(item: Item): void {
        items.push(item);
        if (items.length >= maxSize) giveOut();
        else if (items.length === 1 && maxWaitMs !== Infinity) timer = scheduler.schedule(giveOut, maxWaitMs);
      }

      function giveOut(): void {
        timer?.unsubscribe();
        // Taken away before it is given out: its reader may send the next item at once.
        const full = items;
        items = [];
        if (full.length > 0) destination.next(full);
      }

      destination.add(() => timer?.unsubscribe());
      operate({
        source,
        destination,
        next: gather,
        error: (error) => {
          giveOut();
          destination.error(error);
        },
        complete: () => {
          giveOut();
          destination.complete();
        },
      });
    });
}
