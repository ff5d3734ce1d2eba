import {
  asyncScheduler,
  defer,
  EMPTY,
  from,
  map,
  type Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  type SchedulerLike,
  tap,
} from 'rxjs';
import { AgedMap } from '../core/aged-map.ts';
import { expectCount, expectDelay, expectFunction } from '../core/options.ts';
import { RingBuffer } from '../core/ring-buffer.ts';
import { mergeInTurn } from './merge-in-turn.ts';

/** How many keys are remembered, and for how long. */
export interface DeduplicateOptions<Item = unknown> {
  /** Completed keys that are remembered; the oldest goes first. ≥ 1. @defaultValue 10_000 */
  readonly maxSize?: number;
  /** Milliseconds for which a completed key is remembered; \> 0, or Infinity. @defaultValue Infinity */
  readonly maxAgeMs?: number;
  /** Told of each item that was left out. */
  readonly onDuplicate?: (item: Item) => void;
  /** Items worked on at a time, as in `mergeMap`; ≥ 1, or Infinity. @defaultValue Infinity */
  readonly concurrency?: number;
  /** The clock of `maxAgeMs`. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/** An item in the line: `undefined` may be one too. */
interface Arrival<Item> {
  readonly item: Item;
}

/**
 * Does the work of each key once: begin, then complete or abandon. A key counts as done when `project` has *completed*; if it fails or is
 * unsubscribed the key is abandoned, so that the same item, sent again, is no duplicate. An item whose key is in progress is a duplicate.
 *
 * The operator keeps the memory: made once and subscribed to again (`retry`, `repeat`), it skips what was completed.
 *
 * ```
 * source:  -a--b--a--c-|
 * result:  -A--B-----C-|
 * ```
 *
 * @throws InvalidOptionError for options that cannot work
 *
 * @example
 * ```ts
 * import { deduplicate } from 'millrace';
 * import { from } from 'rxjs';
 *
 * const save = async (quake: { id: string }): Promise<string> => `saved ${quake.id}`;
 * from([{ id: 'a' }, { id: 'b' }, { id: 'a' }])
 *   .pipe(deduplicate((quake) => quake.id, save, { maxSize: 1_000, maxAgeMs: 3_600_000 }))
 *   .subscribe(console.log); // saved a, saved b
 * ```
 */
export function deduplicate<Item, Work extends ObservableInput<unknown>>(
  key: (item: Item) => unknown,
  project: (item: NoInfer<Item>) => Work,
  {
    maxSize = 10_000,
    maxAgeMs = Infinity,
    concurrency = Infinity,
    onDuplicate,
    scheduler = asyncScheduler,
  }: DeduplicateOptions<NoInfer<Item>> = {},
): OperatorFunction<Item, ObservedValueOf<Work>> {
  expectFunction('key', key, true);
  expectFunction('project', project, true);
  expectFunction('onDuplicate', onDuplicate);
  expectCount('maxSize', maxSize, 1);
  expectCount('concurrency', concurrency, 1, true);
  if (maxAgeMs !== Infinity) expectDelay('maxAgeMs', maxAgeMs, true);

  const inProgress = new Set<unknown>();
  const completedAt = new AgedMap<unknown, number>();

  function isDuplicate(id: unknown): boolean {
    forgetOld(scheduler.now() - maxAgeMs);
    return inProgress.has(id) || completedAt.has(id);
  }

  function forgetOld(before: number): void {
    for (let { oldest } = completedAt; oldest !== undefined; { oldest } = completedAt) {
      if (oldest.value > before && completedAt.size <= maxSize) return;
      completedAt.delete(oldest.key);
    }
  }

  function complete(id: unknown): void {
    completedAt.set(id, scheduler.now());
    if (completedAt.size > maxSize) forgetOld(-Infinity);
  }

  function workOn({ item }: Arrival<Item>): Observable<ObservedValueOf<Work>> {
    const id = key(item);
    if (isDuplicate(id)) {
      onDuplicate?.(item);
      return EMPTY;
    }
    inProgress.add(id);
    return defer(() => from(project(item))).pipe(
      tap({ complete: () => complete(id), finalize: () => inProgress.delete(id) }),
    );
  }

  return (source) =>
    source.pipe(
      map((item): Arrival<Item> => ({ item })),
      mergeInTurn(() => new RingBuffer<Arrival<Item>>(), workOn, concurrency),
    );
}
