import { type DeadLetter, HandlerTimeoutError, InvalidOptionError, type RetryPolicy } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { map, NEVER, of, throwError, timer, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Path, PATHS } from '../support/paths.ts';
import { playing, watch } from '../support/watch.ts';

/** The letters of one event whose every attempt fails as `handle` says. */
function lettersOf(handle: () => unknown, retry: RetryPolicy, timeoutMs?: number): readonly DeadLetter<string>[] {
  const scheduler = new VirtualTimeScheduler();
  const letters: DeadLetter<string>[] = [];
  const options = { retry, scheduler, ...(timeoutMs !== undefined && { timeoutMs }) };
  const { processor, send } = watch<string>(handle, options);
  processor.deadLetters.subscribe((letter) => letters.push(letter));
  send('a');
  scheduler.flush();
  return letters;
}

describe('retry', () => {
  it.each(PATHS)(
    'hands the event to the handler again after growing delays ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a';
      const started = '  a 9ms a 19ms a';
      const letters = '  30ms L';
      const options = { retry: { maxAttempts: 3, delayMs: 10 }, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: '#' }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'a exhausted' });
    }),
  );

  it.each(PATHS)(
    'counts the delay from the end of the failed attempt ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a';
      const started = '  a----a------a';
      const options = { retry: { maxAttempts: 3, delayMs: 2 }, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: '---#' }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'stops as soon as an attempt succeeds ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a';
      const started = '  a 9ms a 19ms a';
      const options = { retry: { maxAttempts: 5, delayMs: 10 }, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: ['#', '#', '|'] }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable('');
      m.flush();
      expect(watched.processor.stats()).toMatchObject({ handled: 1, dead: 0, pending: 0, retried: 2 });
    }),
  );

  it.each(PATHS)(
    'neither loses nor repeats what comes from a hot source meanwhile ($path)',
    marbles((m, { via }: Path) => {
      // RxJS's retry would subscribe to the source again: a is never seen again, b and c are lost.
      const events = '   abc';
      const started = '  a---(abc)';
      const watched = watch(playing(m, { a: ['#', '|'] }), { retry: { delayMs: 4 }, scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'holds the one lane of concurrency 1 until the event has ended: first in, first out ($path)',
    marbles((m, { via }: Path) => {
      const events = '   ab';
      const started = '  a--a--(ab)';
      const options = { retry: { delayMs: 3, multiplier: 1 }, concurrency: 1, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: ['#', '#', '|'] }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'holds no slot during a delay: others start meanwhile ($path)',
    marbles((m, { via }: Path) => {
      // Two slots, and four events that wait for their second attempt.
      const events = '   abcd';
      const started = '  abcd-abcd';
      const options = { retry: { maxAttempts: 2, delayMs: 5 }, concurrency: 2, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: '#', b: '#', c: '#', d: '#' }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'waits for a slot when the delay is over and all are taken ($path)',
    marbles((m, { via }: Path) => {
      // b works until 5, c until 6.
      const events = '   abc';
      const started = '  abc--a';
      const options = { retry: { delayMs: 3 }, concurrency: 2, scheduler: m.scheduler };
      const watched = watch(playing(m, { a: ['#', '|'], b: '----|', c: '----|' }), options);
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'is off by default: an event that fails is dead at once ($path)',
    marbles((m, { via }: Path) => {
      const events = '   ab';
      const started = '  ab';
      const letters = '  L-';
      const watched = watch(playing(m, { a: '#' }), { scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'a exhausted' });
    }),
  );

  it.each(PATHS)(
    'makes no attempt after an error that retryIf refuses ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a';
      const started = '  a--a';
      const letters = '  ---L';
      const retryIf = (_error: unknown, attempt: number): boolean => attempt < 2;
      const watched = watch(playing(m, { a: '#' }), {
        retry: { maxAttempts: 9, delayMs: 3, retryIf },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'a rejected' });
    }),
  );

  it(
    'waits as long as a delayMs function says, which sees the error: a Retry-After fits there',
    marbles((m) => {
      const events = '   a';
      const started = '  a 39s 999ms a';
      const delayMs = (_attempt: number, error: unknown): number => Number(error) * 1_000;
      const watched = watch(() => throwError(() => '40'), {
        retry: { maxAttempts: 2, delayMs, maxDelayMs: 10 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(watched.send);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it.each([
    { jitter: 'equal', started: 'a 61ms a' },
    { jitter: 'full', started: ' a 24ms a' },
  ] as const)(
    'draws its jitter from the random option: $jitter',
    marbles((m, { jitter, started }: { jitter: 'equal' | 'full'; started: string }) => {
      const watched = watch(playing(m, { a: '#' }), {
        retry: { maxAttempts: 2, delayMs: 100, jitter },
        random: () => (jitter === 'equal' ? 0.24 : 0.25),
        scheduler: m.scheduler,
      });
      m.hot('a').subscribe(watched.send);
      m.expect(watched.started$).toBeObservable(started);
    }),
  );

  it(
    'goes on for ever with maxAttempts Infinity',
    marbles((m) => {
      const script = [...Array.from({ length: 999 }, () => '#'), '|'];
      const watched = watch(playing(m, { a: script }), {
        retry: { maxAttempts: Infinity, delayMs: 1, multiplier: 1 },
        scheduler: m.scheduler,
      });
      m.hot('a').subscribe(watched.send);
      m.expect(watched.ended$).toBeObservable('999ms H', { H: 'a handled' });
    }),
  );

  it('keeps of every attempt its number, start, end and error', () => {
    const scheduler = new VirtualTimeScheduler();
    const letters: DeadLetter<string>[] = [];
    const errors = [new Error('first'), undefined, 'third'];
    const { processor, send } = watch<string>(
      (_event, { attempt }) =>
        timer(5, scheduler).pipe(
          map(() => {
            throw errors[attempt - 1];
          }),
        ),
      { retry: { maxAttempts: 3, delayMs: 100, multiplier: 1 }, scheduler },
    );
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    send('a');
    scheduler.flush();
    expect(letters[0]).toMatchObject({ error: 'third', time: 215 });
    expect(letters[0]!.attempts).toEqual([
      { attempt: 1, startedAt: 0, endedAt: 5, error: errors[0] },
      { attempt: 2, startedAt: 105, endedAt: 110, error: undefined },
      { attempt: 3, startedAt: 210, endedAt: 215, error: 'third' },
    ]);
  });

  it.each<{ last: string; handle: (attempt: number) => unknown; retry: RetryPolicy; reason: string }>([
    { last: 'failed', handle: () => throwError(() => 'no'), retry: {}, reason: 'exhausted' },
    { last: 'took too long', handle: () => NEVER, retry: {}, reason: 'timeout' },
    {
      last: 'failed, after one that took too long',
      handle: (attempt) => (attempt === 1 ? NEVER : throwError(() => 'no')),
      retry: { maxAttempts: 2 },
      reason: 'exhausted',
    },
    {
      last: 'took too long, after one that failed',
      handle: (attempt) => (attempt === 2 ? NEVER : throwError(() => 'no')),
      retry: { maxAttempts: 2 },
      reason: 'timeout',
    },
    { last: 'was refused', handle: () => throwError(() => 'no'), retry: { retryIf: () => false }, reason: 'rejected' },
    {
      last: 'took too long and was refused',
      handle: () => NEVER,
      retry: { retryIf: (error) => !(error instanceof HandlerTimeoutError) },
      reason: 'rejected',
    },
  ])('says $reason of an event whose last attempt $last', ({ handle, retry, reason }) => {
    let attempt = 0;
    expect(lettersOf(() => handle(++attempt), retry, 10)).toMatchObject([{ event: 'a', reason }]);
  });

  it.each<{ what: string; retry: RetryPolicy; text: string }>([
    {
      what: 'a retryIf',
      retry: {
        retryIf: () => {
          throw new Error('no idea');
        },
      },
      text: 'no idea',
    },
    {
      what: 'a delayMs',
      retry: {
        delayMs: () => {
          throw new Error('no time');
        },
      },
      text: 'no time',
    },
  ])("takes $what that throws for a refusal, reports it, and keeps the handler's own error", ({ retry, text }) => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send, errors } = watch<string>(() => throwError(() => 'own error'), { retry, scheduler });
    const letters: DeadLetter<string>[] = [];
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    send('a');
    scheduler.flush();
    expect(letters).toMatchObject([{ reason: 'rejected', error: 'own error' }]);
    expect(errors).toMatchObject([{ kind: 'policy', handler: 'handler', error: { message: text } }]);
  });

  it.each([NaN, -1, Infinity, 2 ** 31, '100', undefined])(
    'takes a delayMs function that returns %s for a refusal, and reports it',
    (delayMs) => {
      const scheduler = new VirtualTimeScheduler();
      const watched = watch<string>(() => throwError(() => 'own error'), {
        retry: { delayMs: () => delayMs as number },
        scheduler,
      });
      watched.send('a');
      scheduler.flush();
      expect(watched.processor.stats()).toMatchObject({ dead: 1, retried: 0 });
      expect(watched.errors).toHaveLength(1);
      expect(watched.errors[0]!.error).toBeInstanceOf(InvalidOptionError);
      expect(watched.errors[0]!.error).toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(
          'Expected retry.delayMs(attempt, error) to return milliseconds ≥ 0, got ',
        ) as string,
      });
    },
  );

  it('calls the handler again, and does not subscribe to its Observable again', () => {
    const scheduler = new VirtualTimeScheduler();
    let calls = 0;
    const { processor, send } = watch<string>(() => (++calls === 1 ? throwError(() => 'no') : of(1)), {
      retry: {},
      scheduler,
    });
    send('a');
    scheduler.flush();
    expect(calls).toBe(2);
    expect(processor.stats()).toMatchObject({ handled: 1 });
  });

  it(
    'schedules nothing as long as no attempt fails',
    virtualTest(async ({ time }) => {
      const scheduler = new VirtualTimeScheduler();
      const { processor, send } = watch<string>(() => Promise.resolve(), { retry: {}, concurrency: 9, scheduler });
      for (const event of ['a', 'b', 'c']) send(event);
      expect(scheduler.actions).toHaveLength(0);
      await time.settle();
      expect(scheduler.actions).toHaveLength(0);
      expect(processor.stats()).toMatchObject({ handled: 3 });
    }),
  );

  it.each([1, 2].flatMap((attempt) => ['refuses', 'grants', 'fails'].map((answer) => ({ attempt, answer }))))(
    'ends an event once whose policy closes the processor after attempt $attempt and $answer',
    ({ attempt, answer }) => {
      const scheduler = new VirtualTimeScheduler();
      const retryIf = (_error: unknown, failed: number): boolean => {
        if (failed < attempt) return true;
        processor.close();
        if (answer === 'fails') throw new Error('policy');
        return answer === 'grants';
      };
      const { processor, send, ended$, letters$ } = watch<string>(() => throwError(() => 'no'), {
        retry: { maxAttempts: 5, retryIf },
        scheduler,
      });
      const told: string[] = [];
      ended$.subscribe((end) => told.push(end));
      letters$.subscribe((letter) => told.push(letter));
      send('a');
      scheduler.flush();
      expect(told).toEqual(['a abandoned', 'a dead abandoned']);
      expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, pending: 0 });
      expect(scheduler.actions).toHaveLength(0);
    },
  );

  it('ends an event once whose policy supersedes it and refuses', () => {
    const { processor, send, ended$, letters$ } = watch<string>(
      (event) => (event === 'a' ? throwError(() => 'no') : undefined),
      {
        strategy: 'switch',
        retry: {
          retryIf: () => {
            send('b');
            return false;
          },
        },
      },
    );
    const told: string[] = [];
    ended$.subscribe((end) => told.push(end));
    letters$.subscribe((letter) => told.push(letter));
    send('a');
    expect(told).toEqual(['a dropped superseded', 'b handled']);
    expect(processor.stats()).toMatchObject({ accepted: 2, handled: 1, dropped: 1, dead: 0, pending: 0 });
  });

  it('leaves no timer when a policy closes the processor', () => {
    const scheduler = new VirtualTimeScheduler();
    const retryIf = (): boolean => {
      processor.close();
      return true;
    };
    const { processor, send } = watch<string>(() => throwError(() => 'no'), { retry: { retryIf }, scheduler });
    send('a');
    expect(scheduler.actions).toHaveLength(0);
    expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
  });
});
