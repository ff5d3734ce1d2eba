import { catchError, EMPTY, from, ignoreElements, type Observable, type OperatorFunction } from 'rxjs';
import { isPromiseLike } from '../core/schema.ts';

/** Where dead letters go: a `DeadLetterQueue`, any Subject, or a function's owner. It may return a promise, which is awaited. */
export interface DeadLetterSink<Letter> {
  /** Takes a letter. */
  next(letter: Letter): unknown;
}

/**
 * Turns the error of a source into a letter, hands it to the sink and completes: RxJS's `catchError` into the dead-letter Subject.
 * If the sink returns a promise (a store that keeps letters), the result completes after it, and fails if it rejects.
 *
 * Put it *inside* `mergeMap`, around one event's work: there it ends that work only.
 *
 * ```
 * source:  -a-#
 * result:  -a-|
 * sink:    ---L
 * ```
 *
 * @param toLetter - makes the letter of the error
 *
 * @example
 * ```ts
 * import { deadLetterTo, retryWithBackoff } from 'millrace';
 * import { defer, from, mergeMap, Subject } from 'rxjs';
 *
 * const letters = new Subject<{ order: number; error: unknown }>();
 * letters.subscribe(({ order, error }) => console.log(`order ${order} failed: ${String(error)}`));
 * const charge = async (order: number): Promise<void> => {
 *   if (order === 2) throw new Error('no money');
 * };
 *
 * from([1, 2, 3])
 *   .pipe(mergeMap((order) => defer(() => charge(order)).pipe(
 *     retryWithBackoff({ maxAttempts: 3, delayMs: 10 }),
 *     deadLetterTo(letters, (error) => ({ order, error })),
 *   ), 8))
 *   .subscribe();
 * ```
 */
export function deadLetterTo<Value, Letter>(
  sink: DeadLetterSink<Letter>,
  toLetter: (error: unknown) => NoInfer<Letter>,
): OperatorFunction<Value, Value> {
  return catchError((error: unknown): Observable<never> => {
    const stored = sink.next(toLetter(error));
    return isPromiseLike(stored) ? from(stored).pipe(ignoreElements()) : EMPTY;
  });
}
