import { retryWithBackoff } from 'millrace';
import { marbles } from 'millrace/testing';
import { concat, defer, NEVER, of, Subject, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

describe('retryWithBackoff', () => {
  it(
    'subscribes again after the delay, and passes on the last error',
    marbles((m) => {
      const source$ = m.cold('  -a-#');
      const subscriptions = ['   ^--!     ', '-----^--!'];
      const expected = '        -a----a-#';
      const result$ = source$.pipe(retryWithBackoff({ maxAttempts: 2, delayMs: 2, scheduler: m.scheduler }));
      m.expect(result$).toBeObservable(expected);
      m.expect(source$).toHaveSubscriptions(subscriptions);
    }),
  );

  it(
    'waits longer from attempt to attempt, up to the cap',
    marbles((m) => {
      const source$ = m.cold('  #');
      const expected = '        80ms #';
      const policy = { maxAttempts: 5, delayMs: 10, maxDelayMs: 25, scheduler: m.scheduler };
      m.expect(source$.pipe(retryWithBackoff(policy))).toBeObservable(expected);
      m.expect(source$).toHaveSubscriptions(['(^!)', '10ms (^!)', '30ms (^!)', '55ms (^!)', '80ms (^!)']);
    }),
  );

  it(
    'leaves a source that succeeds alone',
    marbles((m) => {
      const source$ = m.cold('  -a-b-|');
      const expected = '        -a-b-|';
      m.expect(source$.pipe(retryWithBackoff({ scheduler: m.scheduler }))).toBeObservable(expected);
      m.expect(source$).toHaveSubscriptions('^----!');
    }),
  );

  it(
    'stops at the first error that retryIf refuses',
    marbles((m) => {
      const source$ = m.cold('  --#');
      const expected = '        --#';
      const retryIf = (error: unknown): boolean => error !== 'error';
      m.expect(source$.pipe(retryWithBackoff({ retryIf, scheduler: m.scheduler }))).toBeObservable(expected);
    }),
  );

  it('tells retryIf the error and the attempt, and not after the last one', () => {
    const scheduler = new VirtualTimeScheduler();
    const told: unknown[] = [];
    const retryIf = (error: unknown, attempt: number): boolean => told.push([error, attempt]) > 0;
    throwError(() => 'no')
      .pipe(retryWithBackoff({ maxAttempts: 3, retryIf, scheduler }))
      .subscribe({ error: () => undefined });
    scheduler.flush();
    expect(told).toEqual([
      ['no', 1],
      ['no', 2],
    ]);
  });

  it(
    'counts attempts, whatever they emitted before they failed',
    marbles((m) => {
      // RxJS's resetOnSuccess starts to count anew at each value, and so for ever.
      const source$ = m.cold('  a-#');
      const expected = '        a--a--a-#';
      const policy = { maxAttempts: 3, delayMs: 1, multiplier: 1, scheduler: m.scheduler };
      m.expect(source$.pipe(retryWithBackoff(policy))).toBeObservable(expected);
    }),
  );

  it(
    'counts anew for each subscriber',
    marbles((m) => {
      const policy = { maxAttempts: 2, delayMs: 2, scheduler: m.scheduler };
      const result$ = m.cold('  -#').pipe(retryWithBackoff(policy));
      const expected = '        ----#';
      m.expect(result$).toBeObservable(expected);
      m.expect(result$).toBeObservable(expected);
    }),
  );

  it('passes on the error of the last attempt, not of the first', () => {
    const scheduler = new VirtualTimeScheduler();
    let attempt = 0;
    const seen: unknown[] = [];
    defer(() => throwError(() => `error ${++attempt}`))
      .pipe(retryWithBackoff({ maxAttempts: 3, scheduler }))
      .subscribe({ error: (error) => seen.push(error) });
    scheduler.flush();
    expect(seen).toEqual(['error 3']);
  });

  it('never ends in silence: an error is passed on even if it is undefined', () => {
    const seen: string[] = [];
    throwError(() => undefined)
      .pipe(retryWithBackoff({ maxAttempts: 1 }))
      .subscribe({ error: (error) => seen.push(String(error)), complete: () => seen.push('complete') });
    expect(seen).toEqual(['undefined']);
  });

  it('leaves no timer when it is unsubscribed during a delay', () => {
    const scheduler = new VirtualTimeScheduler();
    const subscription = throwError(() => 'no')
      .pipe(retryWithBackoff({ delayMs: 10, scheduler }))
      .subscribe();
    expect(scheduler.actions).toHaveLength(1);
    subscription.unsubscribe();
    expect(scheduler.actions).toHaveLength(0);
  });

  it('ends the attempt in progress when it is unsubscribed', () => {
    const source$ = new Subject<never>();
    const subscription = concat(of('a'), source$, NEVER).pipe(retryWithBackoff()).subscribe();
    expect(source$.observed).toBe(true);
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
  });

  it('takes thousands of attempts without a deeper stack', () => {
    const scheduler = new VirtualTimeScheduler();
    let attempts = 0;
    const seen: unknown[] = [];
    defer(() => (++attempts < 20_000 ? throwError(() => 'no') : of(attempts)))
      .pipe(retryWithBackoff({ maxAttempts: Infinity, delayMs: 0, scheduler }))
      .subscribe((value) => seen.push(value));
    scheduler.flush();
    expect(seen).toEqual([20_000]);
  });
});
