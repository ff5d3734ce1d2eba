import type { Observable, ObservableNotification, Subscription } from 'rxjs';

/** Something that a stream did, and when. */
export interface Moment<Value = unknown> {
  /** Milliseconds from the beginning of the diagram. */
  readonly at: number;
  readonly notification: ObservableNotification<Value>;
}

/**
 * Notes what a stream does from now on.
 *
 * @param now - milliseconds, of whatever beginning
 * @param moments - where it is added
 */
export function noteMoments<Value>(
  source: Observable<Value>,
  now: () => number,
  moments: Moment<Value>[],
): Subscription {
  const beginning = now();
  const note = (notification: ObservableNotification<Value>): void => {
    moments.push({ at: now() - beginning, notification });
  };
  return source.subscribe({
    next: (value) => note({ kind: 'N', value }),
    error: (error: unknown) => note({ kind: 'E', error }),
    complete: () => note({ kind: 'C' }),
  });
}
