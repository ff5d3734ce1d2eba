import { marbles } from 'millrace/testing';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { playing, watch } from '../support/watch.ts';

describe('breaker', () => {
  it(
    'holds events back after failures in a row, instead of failing them too, and goes on after a trial that succeeds',
    marbles((m) => {
      const events = '  ab-c-d';
      const started = ' ab-----(cd)';
      const letters = ' xy';
      const { send, started$, letters$ } = watch(playing(m, { a: '#', b: '#' }), {
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(letters$).toBeObservable(letters, { x: 'a exhausted', y: 'b exhausted' });
    }),
  );

  it(
    'holds back for as long again when the trial fails',
    marbles((m) => {
      const events = '  ab-c-d';
      const started = ' ab-----c-----d';
      const { send, started$ } = watch(playing(m, { a: '#', b: '#', c: '#' }), {
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'tries one event at a time, whatever the concurrency',
    marbles((m) => {
      const events = '  ab-cde';
      const started = ' ab-----c--(de)';
      const { send, started$ } = watch(playing(m, { a: '#', b: '#', c: '---|' }), {
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        concurrency: 4,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'lets pass as long as successes come in between',
    marbles((m) => {
      const events = '  abcde';
      const started = ' abcde';
      const { send, started$ } = watch(playing(m, { a: '#', c: '#' }), {
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'holds retries back too, and uses up no attempt meanwhile',
    marbles((m) => {
      const events = '  a';
      const started = ' aa-----a';
      const ended = '   -------A';
      const { send, started$, ended$ } = watch(playing(m, { a: ['#', '#', '|'] }), {
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        retry: { maxAttempts: 3, delayMs: 1, multiplier: 1 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(ended$).toBeObservable(ended, { A: 'a handled' });
    }),
  );

  it(
    'takes a timeout for a failure',
    marbles((m) => {
      const events = '  a--b';
      const started = ' a------b';
      const { send, started$ } = watch(playing(m, { a: '-' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        timeoutMs: 2,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'lets the next event be the trial when the trial is superseded',
    marbles((m) => {
      const events = '  ab----c';
      const started = ' a----bc';
      const { send, started$ } = watch(playing(m, { a: '#', b: '-' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        strategy: 'switch',
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'is decided by its trial alone: not by an attempt from before that is superseded meanwhile',
    marbles((m) => {
      const names = { a: 'x1', b: 'y1', c: 'z1', d: 'x2' };
      const events = '  abc-----d';
      const started = ' ab----c----d';
      const { send, started$ } = watch(playing(m, { x1: '-', y1: '#', z1: '-----|' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        key: (event) => event[0],
        strategy: 'switch',
        concurrency: 4,
        scheduler: m.scheduler,
      });
      m.hot(events, names).subscribe(send);
      m.expect(started$).toBeObservable(started, names);
    }),
  );

  it(
    'keeps the bound: what is held back waits, and what is too much is overflow',
    marbles((m) => {
      const events = '  abcd';
      const { processor, send } = watch(playing(m, { a: '#' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 50 },
        capacity: 1,
        scheduler: m.scheduler,
      });
      const taken: boolean[] = [];
      m.hot(events).subscribe((event) => taken.push(send(event)));
      m.scheduler.schedule(() => {
        expect(taken).toEqual([true, true, true, false]);
        expect(processor.stats()).toMatchObject({ waiting: 2, pending: 2, running: 0, circuit: 'open' });
      }, 10);
    }),
  );

  it(
    'shows its state in stats',
    marbles((m) => {
      const events = '  ab';
      const { processor, send } = watch(playing(m, { a: '#', b: '---|' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        scheduler: m.scheduler,
      });
      const states: unknown[] = [processor.stats().circuit];
      m.hot(events).subscribe(send);
      for (const time of [2, 6, 9]) m.scheduler.schedule(() => states.push(processor.stats().circuit), time);
      m.flush();
      expect(states).toEqual(['closed', 'open', 'half-open', 'closed']);
    }),
  );

  it(
    'makes a drain wait for the trial',
    marbles((m) => {
      const events = '  ab';
      const drain = '   --d';
      const started = ' a----b';
      const { processor, send, started$ } = watch(playing(m, { a: '#' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(drain).subscribe(() => void processor.drain());
      m.expect(started$).toBeObservable(started);
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'closed', handled: 1, dead: 1 });
    }),
  );

  it(
    'tries nothing while the handler is paused',
    marbles((m) => {
      const events = '  ab';
      const pause = '   -p';
      const resume = '  --------r';
      const started = ' a-------b';
      const { processor, send, started$ } = watch(playing(m, { a: '#' }), {
        breaker: { failureThreshold: 1, resetAfterMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(resume).subscribe(() => processor.resume());
      m.expect(started$).toBeObservable(started);
    }),
  );

  it('counts only what is a failure to it', () => {
    let error: unknown;
    const failureIf = (thrown: unknown): boolean => thrown === 'down';
    const handler = (): never => {
      throw error;
    };
    const { processor, send } = watch<string>(handler, { breaker: { failureThreshold: 2, failureIf } });
    // A refusal between two failures changes nothing.
    for (error of ['refused', 'refused', 'down', 'refused']) send('a');
    expect(processor.stats()).toMatchObject({ dead: 4, circuit: 'closed' });
    error = 'down';
    send('a');
    expect(processor.stats()).toMatchObject({ dead: 5, circuit: 'open' });
  });

  it('is still half-open after a trial that was no failure', () => {
    const scheduler = new VirtualTimeScheduler();
    let error = 'down';
    const handler = (): never => {
      throw error;
    };
    const breaker = { failureThreshold: 1, resetAfterMs: 10, failureIf: (thrown: unknown) => thrown === 'down' };
    const { processor, send } = watch<string>(handler, { breaker, scheduler });
    send('a');
    error = 'refused';
    scheduler.schedule(() => send('b'), 10);
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ dead: 2, circuit: 'half-open' });
  });

  it('counts a failure, and reports, if failureIf throws', () => {
    const handler = (): never => {
      throw new Error('no');
    };
    const failureIf = (): never => {
      throw new Error('broken policy');
    };
    const { processor, send } = watch<string>(handler, { breaker: { failureThreshold: 1, failureIf } });
    const reported: unknown[] = [];
    processor.errors.subscribe(({ kind, error }) => reported.push(kind, (error as Error).message));
    send('a');
    expect(processor.stats()).toMatchObject({ dead: 1, circuit: 'open' });
    expect(reported).toStrictEqual(['policy', 'broken policy']);
  });

  it('is off by default: every event is tried', () => {
    const { processor, send } = watch<string>(() => {
      throw new Error('no');
    }, {});
    for (let index = 0; index < 100; index++) send('a');
    expect(processor.stats()).toMatchObject({ dead: 100, pending: 0 });
    expect(processor.stats()).not.toHaveProperty('circuit');
  });
});
