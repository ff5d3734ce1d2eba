import { asyncScheduler, defer, type MonoTypeOperatorFunction, type SchedulerLike, tap, throwError } from 'rxjs';
import { CircuitBreaker, type CircuitBreakerPolicy, CircuitOpenError } from './circuit.ts';

/** A {@link CircuitBreakerPolicy} and its clock. */
export interface CircuitBreakerOptions extends CircuitBreakerPolicy {
  /** The clock. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
}

/**
 * Stops calling what keeps failing: after `failureThreshold` failures in a row, subscriptions fail at once with
 * {@link CircuitOpenError} for `resetAfterMs`; then one trial is let through, and its end closes or opens the circuit again.
 *
 * The operator *is* the circuit: make it once and put it around each call, before any retry. (As a handler option, `breaker` holds events back
 * instead of failing them.)
 *
 * ```
 * calls:    -x-x-c-----c-     failureThreshold 2, resetAfterMs 6
 * circuit:  closed|open |half-open, then closed
 * result:   -#-#-!-----v-     ! is CircuitOpenError, without a call
 * ```
 *
 * @throws InvalidOptionError for a policy that cannot work
 *
 * @example
 * ```ts
 * import { circuitBreaker } from 'millrace';
 * import { defer, from, mergeMap } from 'rxjs';
 *
 * const breaker = circuitBreaker<string>({ failureThreshold: 5, resetAfterMs: 10_000 });
 * const call = async (id: number): Promise<string> => `answer ${id}`;
 * from([1, 2]).pipe(mergeMap((id) => defer(() => call(id)).pipe(breaker))).subscribe();
 * ```
 */
export function circuitBreaker<Value>({
  scheduler = asyncScheduler,
  ...policy
}: CircuitBreakerOptions = {}): MonoTypeOperatorFunction<Value> {
  const circuit = new CircuitBreaker(policy);
  return (source) =>
    defer(() => {
      const now = scheduler.now();
      const pass = circuit.tryStart(now);
      if (pass === undefined) return throwError(() => new CircuitOpenError(circuit.waitMs(now)));
      return source.pipe(
        tap({
          complete: () => circuit.succeeded(pass),
          error: (error) => circuit.failed(pass, scheduler.now(), error),
          unsubscribe: () => circuit.cancelled(pass),
        }),
      );
    });
}
