import {
  finalize,
  from,
  mergeMap,
  Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  Subject,
} from 'rxjs';
import { operate } from './operate.ts';

/** Where items wait for their turn. */
export interface Line<Item, Turn extends object> {
  /** How many wait. */
  readonly size: number;
  push(item: Item): void;
  /** Gives the next item whose work may start its turn, if there is one. */
  shift(): Turn | undefined;
  /** Is told that a turn is over. */
  release?(turn: Turn): void;
}

/**
 * `mergeMap`, with a line that says whose turn it is. RxJS's own drains its queue by recursion: some hundred synchronous works that wait behind an
 * asynchronous one overflow the stack, or are never begun. This one drains in a loop, and leaves to RxJS's mergeMap what it does well: work in
 * progress, its errors, and its release.
 */
export function mergeInTurn<Item, Turn extends object, Work extends ObservableInput<unknown>>(
  createLine: () => Line<Item, Turn>,
  project: (turn: Turn) => Work,
  concurrency: number,
): OperatorFunction<Item, ObservedValueOf<Work>> {
  return (source) =>
    new Observable((destination) => {
      const line = createLine();
      const starting$ = new Subject<Turn>();
      let active = 0;
      let isDraining = false;
      let isComplete = false;

      // Work that ends within its own start comes back here, and so do items that are sent meanwhile: the loop that is running takes them.
      function drain(): void {
        if (isDraining) return;
        isDraining = true;
        while (active < concurrency && !destination.closed) {
          const turn = line.shift();
          if (turn === undefined) break;
          active++;
          starting$.next(turn);
        }
        isDraining = false;
        if (isComplete && line.size === 0) starting$.complete();
      }

      function end(turn: Turn): void {
        active--;
        line.release?.(turn);
        drain();
      }

      starting$.pipe(mergeMap((turn) => from(project(turn)).pipe(finalize(() => end(turn))))).subscribe(destination);
      operate({
        source,
        destination,
        next: (item) => {
          line.push(item);
          drain();
        },
        error: (error) => destination.error(error),
        complete: () => {
          isComplete = true;
          drain();
        },
      });
    });
}
