import {
  circuitBreaker,
  type CircuitBreakerOptions,
  CircuitOpenError,
  MillraceError,
  retryWithBackoff,
} from 'millrace';
import { marbles } from 'millrace/testing';
import {
  catchError,
  defer,
  mergeMap,
  type Observable,
  of,
  takeUntil,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import type { Context } from 'rxjs-marbles';
import { describe, expect, it } from 'vitest';

/** How a call goes, by its name: `s` and `t` succeed slowly, `e` fails slowly, `n` never ends and is given up after 4 ms. */
const CALLS: Record<string, string> = { v: '(v|)', x: '#', s: '---(s|)', t: '------(t|)', e: '---#', n: '-' };

/** Makes the calls through one breaker. A failed one shows as `x`, one that was not made, as the circuit is open, as `o`. */
function through(m: Context, calls: string, policy: CircuitBreakerOptions): Observable<string> {
  const breaker = circuitBreaker<string>({ scheduler: m.scheduler, ...policy });
  return m.hot(calls).pipe(
    mergeMap((name) => {
      const guarded$ = m.cold(CALLS[name]!).pipe(
        breaker,
        catchError((error: unknown) => of(error instanceof CircuitOpenError ? 'o' : 'x')),
      );
      return name === 'n' ? guarded$.pipe(takeUntil(timer(4, m.scheduler))) : guarded$;
    }),
  );
}

describe('circuitBreaker', () => {
  it(
    'opens after failures in a row, lets a trial through after its time, and closes when that succeeds',
    marbles((m) => {
      const calls = '   -x-x-v-----v-x-v';
      const expected = ' -x-x-o-----v-x-v';
      m.expect(through(m, calls, { failureThreshold: 2, resetAfterMs: 6 })).toBeObservable(expected);
    }),
  );

  it(
    'counts failures in a row only: a success starts the count anew',
    marbles((m) => {
      const calls = '   xvxvxv';
      const expected = ' xvxvxv';
      m.expect(through(m, calls, { failureThreshold: 2, resetAfterMs: 6 })).toBeObservable(expected);
    }),
  );

  it(
    'counts failures anew after it has closed',
    marbles((m) => {
      const calls = '   xx-----v-x-v-xx-v';
      const expected = ' xx-----v-x-v-xx-o';
      m.expect(through(m, calls, { failureThreshold: 2, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  it(
    'is open until its time is over, and not a moment longer',
    marbles((m) => {
      const calls = '   x---vv-';
      const expected = ' x---ov-';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  it(
    'opens again, for as long, when the trial fails',
    marbles((m) => {
      const calls = '   x----x---vv-';
      const expected = ' x----x---ov-';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  it(
    'lets nothing else through while its trial is in progress',
    marbles((m) => {
      const calls = '   x----sv--v';
      const expected = ' x-----o-sv';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  it(
    'takes a trial that was given up for neither a success nor a failure: the next call is the trial',
    marbles((m) => {
      const calls = '   x----nv---xv';
      const expected = ' x-----o---xo';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  it(
    'stays open when a call from before succeeds late',
    marbles((m) => {
      const calls = '   sx--v';
      const expected = ' -x-so';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 9 })).toBeObservable(expected);
    }),
  );

  it(
    'stays open no longer when a call from before fails late',
    marbles((m) => {
      const calls = '   ex--v-v';
      const expected = ' -x-xo-v';
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 5 })).toBeObservable(expected);
    }),
  );

  // Each trial begins at 2 and is in progress when the call of 0 ends.
  it.each([
    { old: 'succeeds', calls: 'sxs-v', expected: '-x-sos' },
    { old: 'fails', calls: '   exs-v-v', expected: '-x-xosv' },
    { old: 'is given up', calls: 'nxt--v', expected: '-x---o--t' },
  ])(
    'is decided by its trial alone: not by a call from before, which $old meanwhile',
    marbles((m, { calls, expected }: { calls: string; expected: string }) => {
      m.expect(through(m, calls, { failureThreshold: 1, resetAfterMs: 1 })).toBeObservable(expected);
    }),
  );

  it(
    'does not subscribe to what it does not call',
    marbles((m) => {
      const call$ = m.cold('#');
      const breaker = circuitBreaker<string>({ failureThreshold: 1, resetAfterMs: 9, scheduler: m.scheduler });
      const guarded$ = call$.pipe(
        breaker,
        catchError(() => of('x')),
      );
      const result$ = m.hot('a-a|').pipe(mergeMap(() => guarded$));
      m.expect(result$).toBeObservable('x-x|');
      m.expect(call$).toHaveSubscriptions('(^!)');
    }),
  );

  it(
    'says when to try again, so that a retry around it hits the trial',
    marbles((m) => {
      let calls = 0;
      const breaker = circuitBreaker<string>({ failureThreshold: 1, resetAfterMs: 7, scheduler: m.scheduler });
      const call$ = defer(() => (++calls === 1 ? throwError(() => new Error('once')) : of('v')));
      const delayMs = (_: number, error: unknown): number =>
        error instanceof CircuitOpenError ? error.retryAfterMs : 3;
      // Fails at 0, is refused at 3, and is the trial at 7.
      const result$ = call$.pipe(breaker, retryWithBackoff({ maxAttempts: 3, delayMs, scheduler: m.scheduler }));
      m.expect(result$).toBeObservable('-------(v|)');
    }),
  );

  it('fails with CIRCUIT_OPEN and the milliseconds until the next trial', () => {
    const scheduler = new VirtualTimeScheduler();
    const breaker = circuitBreaker({ failureThreshold: 1, resetAfterMs: 10, scheduler });
    const errors: unknown[] = [];
    const call = (): void =>
      void throwError(() => 'no')
        .pipe(breaker)
        .subscribe({ error: (e) => errors.push(e) });
    call();
    scheduler.schedule(call, 4);
    scheduler.flush();
    expect(errors[1]).toBeInstanceOf(MillraceError);
    expect(errors[1]).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: 6, name: 'CircuitOpenError' });
    expect(String(errors[1])).toContain('Expected a closed circuit, got an open one. Try again in 6 ms.');
  });

  it('schedules nothing: it is told the time when it is asked', () => {
    const scheduler = new VirtualTimeScheduler();
    const breaker = circuitBreaker({ failureThreshold: 1, scheduler });
    throwError(() => 'no')
      .pipe(breaker)
      .subscribe({ error: () => undefined });
    expect(scheduler.actions).toHaveLength(0);
  });

  it('is not opened by what is no failure to it', () => {
    const breaker = circuitBreaker({ failureThreshold: 1, failureIf: (error) => error === 'down' });
    const errors: unknown[] = [];
    const fail = (error: unknown): void => {
      throwError(() => error)
        .pipe(breaker)
        .subscribe({ error: (thrown) => errors.push(thrown) });
    };
    for (const error of ['refused', 'refused', 'down', 'refused']) fail(error);
    expect(errors).toMatchObject(['refused', 'refused', 'down', { code: 'CIRCUIT_OPEN' }]);
  });

  it('refuses a failureIf that is no function', () => {
    expect(() => circuitBreaker({ failureIf: true as never })).toThrow(
      'Expected breaker.failureIf to be a function, got true.',
    );
  });

  it('opens after 5 failures, for 30 seconds, by default', () => {
    const scheduler = new VirtualTimeScheduler();
    const breaker = circuitBreaker({ scheduler });
    const made: number[] = [];
    const call$ = defer(() => {
      made.push(scheduler.now());
      return throwError(() => 'no');
    }).pipe(breaker);
    const call = (): void => void call$.subscribe({ error: () => undefined });
    for (const time of [0, 1, 2, 3, 4, 5, 30_003, 30_004]) scheduler.schedule(call, time);
    scheduler.flush();
    expect(made).toEqual([0, 1, 2, 3, 4, 30_004]);
  });
});
