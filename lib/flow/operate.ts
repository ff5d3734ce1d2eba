import { type Observable, Subject, type Subscriber, takeUntil, tap } from 'rxjs';

/** What is done for a subscriber with all that a source tells. */
export interface Operation<Item> {
  readonly source: Observable<Item>;
  readonly destination: Subscriber<unknown>;
  /** What it throws is taken for an error of the source, which is released. */
  readonly next: (item: Item) => void;
  readonly error: (error: unknown) => void;
  readonly complete: () => void;
}

/**
 * Subscribes to a source for a subscriber: what every operator does that is not made of others. As soon as the subscriber is done the source is
 * released, also one that is just giving out its items in a loop. (RxJS 7 keeps its own helper for this to itself.)
 */
export function operate<Item>({ source, destination, next, error, complete }: Operation<Item>): void {
  const done$ = new Subject<void>();
  destination.add(() => done$.next());
  source.pipe(tap(next), takeUntil(done$)).subscribe({
    error,
    complete: () => {
      // Released is not completed.
      if (!destination.closed) complete();
    },
  });
}
