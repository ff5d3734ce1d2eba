import { map, type ObservableInput, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import { expectCount, expectFunction } from '../core/options.ts';
import { Lanes, type Ticket } from './lanes.ts';
import { type Line, mergeInTurn } from './merge-in-turn.ts';

/** An item that came, and its place. */
interface Arrival<Item> {
  readonly item: Item;
  readonly index: number;
  readonly key: unknown;
}

/**
 * RxJS's `mergeMap(project, concurrency)`, in order per key: items with the same key are worked on one at a time, as they came, while other keys
 * flow on. A key costs nothing once its work is done. (`groupBy` with `concatMap` keeps each key for ever.)
 *
 * What waits has no bound, as in `mergeMap`; among keys that wait for one of the `concurrency` places, each gets its turn. The first error of the
 * source, of `key` or of any work passes on at once, and releases all the others.
 *
 * ```
 * source:   -a-b-A-----|       a and A have one key; each work takes 4 ms
 * work a:    ---(a|)
 * work b:      ---(b|)
 * work A:         ---(A|)      begins when a has ended
 * result:   ----a-b-A--|
 * ```
 *
 * @param key - compared as in a `Map`
 * @param project - the work of one item; `index` counts the items of the source as they came
 * @param concurrency - works in progress at a time; ≥ 1, or Infinity
 *
 * @throws InvalidOptionError for arguments that cannot work
 *
 * @example
 * ```ts
 * import { mergeMapByKey } from 'millrace';
 * import { from } from 'rxjs';
 *
 * const book = async ({ account, amount }: { account: string; amount: number }): Promise<string> => `${account} ${amount}`;
 * from([{ account: 'ada', amount: 100 }, { account: 'bob', amount: 5 }, { account: 'ada', amount: -40 }])
 *   .pipe(mergeMapByKey(({ account }) => account, book, 8))
 *   .subscribe(console.log); // of ada always 100 before -40
 * ```
 */
export function mergeMapByKey<Item, Work extends ObservableInput<unknown>>(
  key: (item: Item) => unknown,
  project: (item: NoInfer<Item>, index: number) => Work,
  concurrency: number = Infinity,
): OperatorFunction<Item, ObservedValueOf<Work>> {
  expectFunction('key', key, true);
  expectFunction('project', project, true);
  expectCount('concurrency', concurrency, 1, true);

  return (source) =>
    source.pipe(
      map((item, index): Arrival<Item> => ({ item, index, key: key(item) })),
      mergeInTurn(lineOfLanes<Item>, ({ item: { item, index } }) => project(item, index), concurrency),
    );
}

function lineOfLanes<Item>(): Line<Arrival<Item>, Ticket<Arrival<Item>>> {
  const lanes = new Lanes<Arrival<Item>>();
  return {
    get size() {
      return lanes.size;
    },
    push: (arrival) => lanes.push(arrival.key, arrival),
    shift: () => lanes.shift(),
    release: ({ lane }) => lanes.release(lane),
  };
}
