import { createDeadLetterQueue, createEventBus, type DeadLetter, type EventBus } from 'millrace';
import { marbles } from 'millrace/testing';
import { bufferTime, defer, filter, fromEvent, map, mergeMap, type Observable, Subject, takeUntil, tap } from 'rxjs';
import type { Context } from 'rxjs-marbles';
import { describe, expect, it } from 'vitest';
import { Tick, Tock } from '../support/events.ts';

/** A bus in the time of the diagrams. */
function virtualBus(m: Context): EventBus {
  return createEventBus({ scheduler: m.scheduler });
}

/** Emits a Tick for each digit of a diagram. */
function emitAlong(m: Context, bus: EventBus, source: string): void {
  m.hot(source).subscribe((digit) => bus.emit(Tick, Number(digit)));
}

/** The dead letters as `'2 timeout'`: the data and the reason. */
function letters$(bus: EventBus): Observable<string> {
  return bus.deadLetters.pipe(map(({ event, reason }) => `${event.data as number} ${reason}`));
}

describe('retry, in a bus whose handlers return Observables', () => {
  it(
    'calls the handler again after delays that grow, then writes a letter',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  --#');
      const source = '       1----------------';
      const first = '        ^-!';
      const second = '       -----^-!';
      const third = '        -------------^-!';
      const letters = '      ---------------a-';
      bus.on(Tick, () => work, { retry: { maxAttempts: 3, delayMs: 3, multiplier: 2 } });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third]);
      m.expect(letters$(bus)).toBeObservable(letters, { a: '1 exhausted' });
    }),
  );

  it(
    'grows by 1.5, and no further than maxDelayMs',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('#');
      const source = '      1';
      const started = '     x---x-----x------x------(x|)';
      const starts$ = new Subject<string>();
      bus.on(
        Tick,
        ({ data }, { attempt }) => {
          starts$.next('x');
          if (attempt === data + 4) starts$.complete();
          return work;
        },
        { retry: { maxAttempts: 9, delayMs: 4, multiplier: 1.5, maxDelayMs: 7 } },
      );
      emitAlong(m, bus, source);
      m.expect(starts$).toBeObservable(started);
    }),
  );

  it(
    'lets later events wait with one slot, and keeps their order',
    marbles((m) => {
      const bus = virtualBus(m);
      const source = '  12-----------';
      const handled = ' ------(12)---';
      const handled$ = new Subject<string>();
      bus.on(
        Tick,
        ({ data }, { attempt }) => {
          if (data === 1 && attempt < 3) throw new Error('not yet');
          handled$.next(String(data));
        },
        { retry: { maxAttempts: 3, delayMs: 2 } },
      );
      emitAlong(m, bus, source);
      m.expect(handled$).toBeObservable(handled);
    }),
  );

  it(
    'with keys, lets other keys flow on while one waits, and keeps the order of that one',
    marbles((m) => {
      const bus = virtualBus(m);
      const source = '  1232-4-------';
      const handled = ' --3--4(122)--';
      const handled$ = new Subject<string>();
      bus.on(
        Tick,
        ({ data }, { attempt }) => {
          if (data === 1 && attempt === 1) throw new Error('not yet');
          handled$.next(String(data));
        },
        { concurrency: 2, key: ({ data }) => (data < 3 ? 'low' : data), retry: { maxAttempts: 2, delayMs: 6 } },
      );
      emitAlong(m, bus, source);
      m.expect(handled$).toBeObservable(handled);
    }),
  );

  it(
    'takes the delay that an error asks for, as Retry-After does',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  -#', undefined, { afterMs: 4 });
      const source = '       1------------';
      const first = '        ^!';
      const second = '       -----^!';
      const third = '        ----------^!';
      const delayMs = (_: number, error: unknown): number => (error as { afterMs: number }).afterMs;
      bus.on(Tick, () => work, { retry: { maxAttempts: 3, delayMs } });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third]);
    }),
  );

  it.each([
    { jitter: 'full', random: 0, starts: '       (xx|)' },
    { jitter: 'full', random: 0.5, starts: '     x---(x|)' },
    { jitter: 'equal', random: 0, starts: '      x---(x|)' },
    { jitter: 'equal', random: 0.5, starts: '    x-----(x|)' },
    { jitter: 'none', random: 0, starts: '       x-------(x|)' },
  ] as const)(
    'jitters downwards only: $jitter at $random',
    marbles((m, { jitter, random, starts }: { jitter: 'equal' | 'full' | 'none'; random: number; starts: string }) => {
      const bus = createEventBus({ scheduler: m.scheduler, random: () => random });
      const starts$ = new Subject<string>();
      bus.on(
        Tick,
        (_, { attempt }) => {
          starts$.next('x');
          if (attempt === 1) throw new Error('not yet');
          starts$.complete();
        },
        { retry: { maxAttempts: 2, delayMs: 8, jitter } },
      );
      emitAlong(m, bus, '1');
      m.expect(starts$).toBeObservable(starts);
    }),
  );

  it(
    'is of the call, never of the stream: what is emitted meanwhile is neither lost nor repeated',
    marbles((m) => {
      const bus = virtualBus(m);
      const source$ = m.hot('1-2-3-4-5---');
      const subscribed = '   ^-----------';
      const handled = '      --2-3-4-51--';
      const handled$ = new Subject<string>();
      bus.on(
        Tick,
        ({ data }, { attempt }) => {
          if (data === 1 && attempt < 4) throw new Error('not yet');
          handled$.next(String(data));
        },
        { concurrency: 2, retry: { maxAttempts: 4, delayMs: 3, multiplier: 1 } },
      );
      source$.subscribe((digit) => bus.emit(Tick, Number(digit)));
      m.expect(source$).toHaveSubscriptions([subscribed]);
      m.expect(handled$).toBeObservable(handled);
    }),
  );
});

describe('timeoutMs', () => {
  it(
    'unsubscribes the attempt, aborts its signal, and counts as a failure',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ------|');
      const source = '       1------------';
      const first = '        ^---!';
      const second = '       ------^---!';
      const aborts = '       ----x-----x--';
      const letters = '      ----------a--';
      const aborts$ = new Subject<string>();
      bus.on(
        Tick,
        (_, { signal }) => {
          fromEvent(signal, 'abort').subscribe(() => aborts$.next('x'));
          return work;
        },
        { timeoutMs: 4, retry: { maxAttempts: 2, delayMs: 2 } },
      );
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second]);
      m.expect(aborts$).toBeObservable(aborts);
      m.expect(letters$(bus)).toBeObservable(letters, { a: '1 timeout' });
    }),
  );

  it(
    'is per attempt, and frees the slot for the next event at once',
    marbles((m) => {
      const bus = virtualBus(m);
      const slow = m.cold('  ---------|');
      const quick = m.cold(' -|');
      const source = '       12-----------';
      const slowOne = '      ^---!';
      const quickOne = '     ----^!';
      bus.on(Tick, ({ data }) => (data === 1 ? slow : quick), { timeoutMs: 4 });
      emitAlong(m, bus, source);
      m.expect(slow).toHaveSubscriptions([slowOne]);
      m.expect(quick).toHaveSubscriptions([quickOne]);
      m.expect(letters$(bus)).toBeObservable('----a', { a: '1 timeout' });
    }),
  );

  it(
    'does nothing to what ends in time',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('---|');
      bus.on(Tick, () => work, { timeoutMs: 4 });
      emitAlong(m, bus, '  1---2---3---');
      m.expect(work).toHaveSubscriptions(['^--!', '----^--!', '--------^--!']);
      m.expect(letters$(bus)).toBeObservable('-----------------');
    }),
  );
});

describe('concurrency', () => {
  it(
    'bounds the attempts in flight; the rest wait in order',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ---|');
      const source = '       (1234)------';
      const first = '        ^--!';
      const second = '       ^--!';
      const third = '        ---^--!';
      const fourth = '       ---^--!';
      bus.on(Tick, () => work, { concurrency: 2 });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third, fourth]);
    }),
  );

  it(
    'is each handler’s own: a slow one does not hold up the others',
    marbles((m) => {
      const bus = virtualBus(m);
      const slow = m.cold('  -----|');
      const quick = m.cold(' -|');
      const source = '       12---------';
      bus.on(Tick, () => slow);
      bus.on(Tick, () => quick);
      emitAlong(m, bus, source);
      m.expect(slow).toHaveSubscriptions([' ^----!', '-----^----!']);
      m.expect(quick).toHaveSubscriptions(['^!', '-^!']);
    }),
  );
});

describe('strategy', () => {
  it(
    'switch: the latest wins, the one in progress is unsubscribed',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       1-2-3-------';
      const first = '        ^-!';
      const second = '       --^-!';
      const third = '        ----^---!';
      const subscription = bus.on(Tick, () => work, { strategy: 'switch' });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third]);
      m.flush();
      expect(subscription.stats()).toMatchObject({ accepted: 3, handled: 1, droppedBy: { superseded: 2 } });
    }),
  );

  it(
    'switch: with keys, a lane of its own for each',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       12-1--------';
      const first = '        ^--!';
      const second = '       -^---!';
      const third = '        ---^---!';
      bus.on(Tick, () => work, { strategy: 'switch', concurrency: 2, key: ({ data }) => data });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third]);
    }),
  );

  it(
    'switch: a newer event also ends the wait for a retry',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  -#');
      const source = '       1--2--------------';
      const first = '        ^!';
      const second = '       ---^!';
      const third = '        ---------^!';
      const letters = '      ----------a-------';
      bus.on(Tick, () => work, { strategy: 'switch', retry: { maxAttempts: 2, delayMs: 5 } });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second, third]);
      m.expect(letters$(bus)).toBeObservable(letters, { a: '2 exhausted' });
    }),
  );

  it(
    'exhaust: what comes while it is busy is dropped',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       1-2--3-4----';
      const first = '        ^---!';
      const second = '       -----^---!';
      const subscription = bus.on(Tick, () => work, { strategy: 'exhaust' });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second]);
      m.flush();
      expect(subscription.stats()).toMatchObject({ accepted: 4, handled: 2, droppedBy: { busy: 2 } });
    }),
  );

  it(
    'queue: each waits for the one before',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       1-2---------';
      const first = '        ^---!';
      const second = '       ----^---!';
      bus.on(Tick, () => work, { strategy: 'queue' });
      emitAlong(m, bus, source);
      m.expect(work).toHaveSubscriptions([first, second]);
    }),
  );
});

describe('redrive', () => {
  const fail = (): never => {
    throw new Error('broken');
  };

  it(
    'hands out letters at the rate that is asked for',
    marbles((m) => {
      const bus = virtualBus(m);
      const redriven$ = new Subject<string>();
      let isHealed = false;
      bus.on(Tick, ({ data }) => (isHealed ? redriven$.next(String(data)) : fail()), { name: 'a' });
      for (const data of [1, 2, 3, 4]) bus.emit(Tick, data);
      const asked = '   --r';
      const redriven = '--1 99ms 2 99ms 3 99ms 4';
      m.hot(asked).subscribe(() => {
        isHealed = true;
        void bus.deadLetters.redrive({ perSecond: 10 });
      });
      m.expect(redriven$).toBeObservable(redriven);
    }),
  );

  it(
    'without a rate hands out all at once, and the handler’s own bound holds',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  --|');
      const asked = '        -r---------';
      const first = '        -^-!';
      const second = '       ---^-!';
      const third = '        -----^-!';
      let isHealed = false;
      bus.on(Tick, () => (isHealed ? work : fail()), { name: 'a', capacity: 0 });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      m.hot(asked).subscribe(() => {
        isHealed = true;
        void bus.deadLetters.redrive();
      });
      m.expect(work).toHaveSubscriptions([first, second, third]);
    }),
  );

  it(
    'stops handing out when its signal is aborted; what was handed out goes on',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('        700ms |');
      const first = '        ^ 699ms !';
      const second = '       499ms -^ 699ms !';
      const controller = new AbortController();
      let isHealed = false;
      bus.on(Tick, () => (isHealed ? work : fail()), { name: 'a', concurrency: 9 });
      for (const data of [1, 2, 3, 4]) bus.emit(Tick, data);
      isHealed = true;
      m.hot('600ms x').subscribe(() => controller.abort());
      m.hot('r').subscribe(() => void bus.deadLetters.redrive({ perSecond: 2, signal: controller.signal }));
      m.expect(work).toHaveSubscriptions([first, second]);
    }),
  );

  it(
    'of two at a time never hands out a letter twice, not even one that the other has finished',
    marbles((m) => {
      const bus = virtualBus(m);
      const redriven$ = new Subject<string>();
      let isHealed = false;
      bus.on(Tick, ({ data }) => (isHealed ? redriven$.next(String(data)) : fail()), { name: 'a' });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      isHealed = true;
      const slow = '    r';
      const quick = '   500ms r';
      const redriven = '1 499ms (23)';
      m.hot(slow).subscribe(() => void bus.deadLetters.redrive({ perSecond: 1 }));
      m.hot(quick).subscribe(() => void bus.deadLetters.redrive());
      m.expect(redriven$).toBeObservable(redriven);
    }),
  );
});

describe('drain', () => {
  it(
    'gives up at its deadline: unsubscribes what runs, and writes letters of the rest',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       (12345)----------';
      const drained = '      --d--------------';
      const first = '        ^---!';
      const second = '       ----^---!';
      const third = '        --------^--!';
      const letters = '      -----------(abc)--';
      bus.on(Tick, () => work);
      emitAlong(m, bus, source);
      m.hot(drained).subscribe(() => void bus.drain({ deadlineMs: 9 }));
      m.expect(work).toHaveSubscriptions([first, second, third]);
      m.expect(letters$(bus)).toBeObservable(letters, { a: '3 abandoned', b: '4 abandoned', c: '5 abandoned' });
    }),
  );

  it(
    'completes the events of the bus when it is done',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('  ----|');
      const source = '       12---------';
      const drained = '      --d--------';
      const events = '       12------|  ';
      bus.on(Tick, () => work);
      emitAlong(m, bus, source);
      m.hot(drained).subscribe(() => void bus.drain({ deadlineMs: 100 }));
      m.expect(bus.events(Tick).pipe(map(({ data }) => String(data)))).toBeObservable(events);
    }),
  );

  it(
    'finishes retries that are due before its deadline',
    marbles((m) => {
      const bus = virtualBus(m);
      const source = '  1-----------';
      const drained = ' -d----------';
      const handled = ' -----(1)----';
      const closed = '  -----|      ';
      const handled$ = new Subject<string>();
      bus.on(
        Tick,
        ({ data }, { attempt }) => {
          if (attempt === 1) throw new Error('not yet');
          handled$.next(String(data));
        },
        { retry: { maxAttempts: 2, delayMs: 5 } },
      );
      emitAlong(m, bus, source);
      m.hot(drained).subscribe(() => void bus.drain({ deadlineMs: 8 }));
      m.expect(handled$).toBeObservable(handled);
      m.expect(bus.events(Tock)).toBeObservable(closed);
    }),
  );
});

describe('a whole bus', () => {
  it(
    'runs a small shop: an order is charged with retries, then shipped; what cannot be charged is a letter; a pipeline counts',
    marbles((m) => {
      const bus = virtualBus(m);
      // 1 is charged at once, 2 at the second attempt, 3 never.
      const charge = (data: number, attempt: number): Observable<unknown> =>
        data === 3 || (data === 2 && attempt === 1) ? m.cold('--#') : m.cold('--|');
      bus.on(
        Tick,
        ({ data }, { attempt, emit }) =>
          defer(() => charge(data, attempt)).pipe(tap({ complete: () => emit(Tock, data) })),
        { name: 'charge', concurrency: 2, retry: { maxAttempts: 2, delayMs: 3 } },
      );
      bus.on(Tock, () => m.cold('-|'), { name: 'ship' });

      const orders = '  1-2-3-----------';
      const closed = '  ---------------x';
      const charged = ' --1------2-----|';
      const letters = ' -----------3----';
      const counts = '  -----a----b----(c|)';
      emitAlong(m, bus, orders);
      m.hot(closed).subscribe(() => bus.close());
      m.expect(bus.events(Tock).pipe(map(({ data }) => String(data)))).toBeObservable(charged);
      m.expect(letters$(bus)).toBeObservable(letters, { 3: '3 exhausted' });
      const counts$ = bus.events('*').pipe(
        bufferTime(5, m.scheduler),
        map(({ length }) => length),
      );
      m.expect(counts$).toBeObservable(counts, { a: 4, b: 1, c: 0 });
    }),
  );

  it(
    'stamps events, letters and attempts with the time of the diagram',
    marbles((m) => {
      const bus = virtualBus(m);
      const work = m.cold('--#');
      bus.on(Tick, () => work, { name: 'a', retry: { maxAttempts: 2, delayMs: 3 } });
      emitAlong(m, bus, '  ----1');
      const stamps$ = bus.deadLetters.pipe(
        map(({ time, event, attempts }: DeadLetter) => ({
          time,
          emitted: event.time,
          attempts: attempts.map(({ attempt, startedAt, endedAt }) => [attempt, startedAt, endedAt]),
        })),
      );
      m.expect(stamps$).toBeObservable('-----------x', {
        x: {
          time: 11,
          emitted: 4,
          attempts: [
            [1, 4, 6],
            [2, 9, 11],
          ],
        },
      });
    }),
  );

  it(
    'tells a probe how each event ended, and when',
    marbles((m) => {
      const ends$ = new Subject<string>();
      const bus = createEventBus({
        scheduler: m.scheduler,
        probe: { settled: ({ handler }, { outcome }) => ends$.next(`${handler} ${outcome}`) },
      });
      bus.on(Tick, () => m.cold('---|'), { name: 'slow' });
      bus.on(Tick, () => m.cold('-#'), { name: 'broken' });
      emitAlong(m, bus, '                 1---');
      m.expect(ends$).toBeObservable('    -b-s', { b: 'broken dead', s: 'slow handled' });
    }),
  );

  it(
    'lets its letters be piped as any Observable: an alert at the third within ten milliseconds',
    marbles((m) => {
      const bus = virtualBus(m);
      bus.on(Tick, () => m.cold('#'), { name: 'broken' });
      const source = ' 1-2-3----------4-----';
      const until = '  -------------------x';
      const alerts = ' ----------a--------|';
      emitAlong(m, bus, source);
      const alerts$ = bus.deadLetters.pipe(
        takeUntil(m.hot(until)),
        bufferTime(10, m.scheduler),
        filter((all) => all.length >= 3),
        map((all) => all.length),
      );
      m.expect(alerts$).toBeObservable(alerts, { a: 3 });
    }),
  );

  it(
    'retries a dead-letter store that fails with growing delays, and reports each failure',
    marbles((m) => {
      let failures = 3;
      const store = {
        add: () => {
          if (failures-- > 0) throw new Error('disk full');
        },
        remove: () => undefined,
        list: () => [],
      };
      const deadLetters = createDeadLetterQueue({ store, scheduler: m.scheduler });
      const bus = createEventBus({ scheduler: m.scheduler, deadLetters });
      bus.on(Tick, () => m.cold('#'), { name: 'broken' });
      emitAlong(m, bus, '      1');
      const reported = '       e 99ms e 199ms e';
      m.expect(bus.errors.pipe(map(({ kind }) => kind))).toBeObservable(reported, { e: 'dead-letter-store' });
    }),
  );

  it(
    'can be fed by and feed any pipeline',
    marbles((m) => {
      const bus = virtualBus(m);
      const source = '   1--2--3--|';
      const doubled = '  --2--4--6---------';
      m.hot(source)
        .pipe(map((digit) => Tick.create(Number(digit))))
        .subscribe(bus.subject(Tick));
      const doubled$ = bus.events(Tick).pipe(mergeMap(({ data }) => m.cold('--d', { d: String(data * 2) })));
      m.expect(doubled$).toBeObservable(doubled);
    }),
  );
});
