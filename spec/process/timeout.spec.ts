import { createEventBus, type HandlerContext, HandlerTimeoutError } from 'millrace';
import { marbles, virtualTest, type VirtualTime } from 'millrace/testing';
import { NEVER, Observable, timer, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { type Path, PATHS } from '../support/paths.ts';
import { settled } from '../support/virtual-clock.ts';
import { playing, watch } from '../support/watch.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('timeoutMs', () => {
  it.each(PATHS)(
    'gives an attempt up when its time is over, and frees its slot and lane at once ($path)',
    marbles((m, { via }: Path) => {
      const events = '   ab';
      const started = '  a----b';
      const letters = '  -----L';
      const watched = watch(playing(m, { a: '-', b: '--|' }), { timeoutMs: 5, scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'a timeout' });
    }),
  );

  it.each(PATHS)(
    'is the time of each attempt, not of all: the next one has as long ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a';
      const started = '  a------a------';
      const letters = '  ------------L';
      const watched = watch(playing(m, { a: '-' }), {
        timeoutMs: 5,
        retry: { maxAttempts: 2, delayMs: 2 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'a timeout' });
    }),
  );

  it.each(PATHS)(
    'lets an attempt that ends in time be ($path)',
    marbles((m, { via }: Path) => {
      const events = '   ab----c';
      const started = '  a---b-c';
      const watched = watch(playing(m, { a: '----|', b: '|', c: '----|' }), { timeoutMs: 5, scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started);
      m.expect(watched.letters$).toBeObservable('');
    }),
  );

  it.each(PATHS)(
    'counts for each attempt from its own start, with many at a time ($path)',
    marbles((m, { via }: Path) => {
      const events = '   a-b--c';
      const letters = '  ----------A-B--C';
      const watched = watch(playing(m, { a: '-', b: '-', c: '-' }), {
        timeoutMs: 10,
        concurrency: 3,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.letters$).toBeObservable(letters, { A: 'a timeout', B: 'b timeout', C: 'c timeout' });
    }),
  );

  it.each(PATHS)(
    'still counts for the others when the attempt that it was armed for ends early ($path)',
    marbles((m, { via }: Path) => {
      const events = '   ab';
      const letters = '  ------L';
      const watched = watch(playing(m, { a: '--|', b: '-' }), {
        timeoutMs: 5,
        concurrency: 2,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.letters$).toBeObservable(letters, { L: 'b timeout' });
    }),
  );

  it.each(PATHS)(
    'unsubscribes an Observable ($path)',
    marbles((m, { via }: Path) => {
      const work$ = m.cold('          a-b-c-d');
      const subscription = '          ^----!';
      const watched = watch<string>(() => work$, { timeoutMs: 5, scheduler: m.scheduler });
      m.hot('a').subscribe(watched[via]);
      m.expect(work$).toHaveSubscriptions(subscription);
      m.flush();
      expect(watched.processor.stats()).toMatchObject({ dead: 1, late: 0 });
    }),
  );

  it('leaves a letter with a HandlerTimeoutError that names the handler and the limit', () => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send } = watch<string>(() => NEVER, { name: 'mail', timeoutMs: 25, scheduler });
    const errors: unknown[] = [];
    processor.deadLetters.subscribe(({ error, attempts }) => errors.push(error, attempts));
    send('a');
    scheduler.flush();
    expect(errors[0]).toBeInstanceOf(HandlerTimeoutError);
    expect(errors[0]).toMatchObject({ code: 'TIMEOUT' });
    expect(String(errors[0])).toContain("Expected handler 'mail' to end within 25 ms, got no result.");
    expect(errors[1]).toEqual([{ attempt: 1, startedAt: 0, endedAt: 25, error: errors[0] }]);
  });

  it('schedules nothing for handlers that end at once', () => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send, sendUnwatched } = watch<string>(() => undefined, { timeoutMs: 5, scheduler });
    send('a');
    sendUnwatched('b');
    expect(scheduler.actions).toHaveLength(0);
    expect(processor.stats()).toMatchObject({ handled: 2 });
  });

  it('has one timer for all attempts, and none when nothing is in flight', () => {
    const scheduler = new VirtualTimeScheduler();
    const ends: (() => void)[] = [];
    const handle = (): unknown => new Observable((subscriber) => void ends.push(() => subscriber.complete()));
    const { send, sendUnwatched } = watch<string>(handle, { timeoutMs: 5, concurrency: 100, scheduler });
    for (let index = 0; index < 50; index++) [send, sendUnwatched].forEach((to) => to('a'));
    expect(ends).toHaveLength(100);
    expect(scheduler.actions).toHaveLength(1);
    for (const end of ends) end();
    expect(scheduler.actions).toHaveLength(0);
  });

  it('schedules nothing when it is not given, however long a handler takes', () => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send } = watch<string>(() => NEVER, { scheduler });
    send('a');
    expect(scheduler.actions).toHaveLength(0);
    expect(processor.stats()).toMatchObject({ running: 1 });
  });

  it('counts from the start of the attempt, whatever those before it in the same run took', async () => {
    vi.useFakeTimers();
    const { processor, send } = watch<string>(
      (event) => {
        if (event === 'blocks') vi.setSystemTime(Date.now() + 50);
        return event === 'works' ? NEVER : undefined;
      },
      { timeoutMs: 40 },
    );
    processor.pause();
    // Many that are quick, and then one that is not.
    for (let index = 0; index < 500; index++) send('is quick');
    send('blocks');
    send('works');
    processor.resume();
    // The run may have taken a break after the one that blocks, which is of fake time in Node, and of real time in browsers.
    const isBreakOver = settled();
    await vi.advanceTimersByTimeAsync(0);
    await isBreakOver;
    await vi.advanceTimersByTimeAsync(38);
    expect(processor.stats()).toMatchObject({ handled: 501, dead: 0, running: 1 });
    await vi.advanceTimersByTimeAsync(3);
    expect(processor.stats()).toMatchObject({ handled: 501, dead: 1, running: 0 });
  });

  it('counts from the start of the attempt, whatever the handlers before it took of the same emit', async () => {
    vi.useFakeTimers();
    const bus = createEventBus();
    bus.on(Tick, () => void vi.setSystemTime(Date.now() + 50));
    const works = bus.on(Tick, () => NEVER, { timeoutMs: 40, concurrency: 2 });
    const once = bus.once(Tick, () => NEVER, { timeoutMs: 40 });
    bus.emit(Tick, 1);
    await vi.advanceTimersByTimeAsync(39);
    for (const subscription of [works, once]) {
      expect(subscription.stats()).toMatchObject({ accepted: 1, dead: 0, running: 1 });
    }
    await vi.advanceTimersByTimeAsync(1);
    for (const subscription of [works, once]) {
      expect(subscription.stats()).toMatchObject({ accepted: 1, dead: 1, running: 0 });
    }
  });

  it.each([
    { clock: 'was set back', changeMs: -3_600_000 },
    { clock: 'is a little behind its timers', changeMs: -0.5 },
  ])('is over when its timer says so, although the clock $clock', ({ changeMs }) => {
    const scheduler = new VirtualTimeScheduler();
    let offsetMs = 0;
    vi.spyOn(scheduler, 'now').mockImplementation(() => scheduler.frame + offsetMs);
    const { processor, send } = watch<string>(() => NEVER, { timeoutMs: 5, scheduler });
    send('a');
    offsetMs = changeMs;
    scheduler.maxFrames = 5;
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ dead: 1, running: 0 });
  });

  it('is never longer for those that start before the clock is set back', () => {
    const scheduler = new VirtualTimeScheduler();
    let setBackMs = 0;
    vi.spyOn(scheduler, 'now').mockImplementation(() => scheduler.frame - setBackMs);
    const { processor, send } = watch<string>((event) => (event === 'a' ? timer(3, scheduler) : NEVER), {
      timeoutMs: 5,
      concurrency: 2,
      scheduler,
    });
    for (const event of ['a', 'b']) send(event);
    setBackMs = 3_600_000;
    scheduler.maxFrames = 10;
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ handled: 1, dead: 1, running: 0 });
  });

  it(
    'counts anew for the next event, though its promise is followed by what followed the one before',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send } = watch(held.handle, { timeoutMs: 10 });
      for (const event of ['a', 'b']) send(event);
      await time.advance(6);
      held.call(0).succeed();
      // The timer of a.
      await time.advance(4);
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 0, running: 1 });
      await time.advance(5);
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 0, running: 1 });
      await time.advance(1);
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 1, running: 0 });
    }),
  );

  it(
    'does not count the time in the waiting room',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send } = watch(held.handle, { timeoutMs: 10 });
      send('a');
      send('b');
      await time.advance(9);
      held.call(0).succeed();
      await time.advance(9);
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 0, running: 1 });
      await time.advance(1);
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 1, running: 0 });
    }),
  );
});

describe('a result that comes after its timeout', () => {
  function timedOut(): { held: HeldHandler<string, HandlerContext> } & ReturnType<typeof watch<string>> {
    const held = new HeldHandler<string, HandlerContext>();
    return { held, ...watch(held.handle, { name: 'slow', timeoutMs: 5 }) };
  }

  it.each(PATHS)(
    'is ignored, counted and reported ($path)',
    virtualTest(async ({ time }, { via }) => {
      const { held, processor, errors, [via]: send } = timedOut();
      send('a');
      await time.advance(5);
      held.call(0).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, dead: 1, pending: 0, late: 1 });
      expect(errors).toMatchObject([{ kind: 'late-result', handler: 'slow' }]);
      expect(await processor.deadLetters.list()).toHaveLength(1);
    }),
  );

  it.each(PATHS)(
    'is reported with its error when it is a rejection ($path)',
    virtualTest(async ({ time }, { via }) => {
      const { held, processor, errors, [via]: send } = timedOut();
      send('a');
      await time.advance(5);
      held.call(0).fail('too late');
      await time.settle();
      expect(processor.stats()).toMatchObject({ dead: 1, late: 1 });
      expect(errors).toEqual([{ kind: 'late-result', handler: 'slow', error: 'too late' }]);
    }),
  );

  it.each([
    { answer: "with its signal's reason", errorOf: ({ signal }: HandlerContext): unknown => signal.reason },
    { answer: 'with an AbortError', errorOf: (): unknown => new DOMException('aborted', 'AbortError') },
  ])(
    'is counted, but is no news from a handler that heeds its signal and rejects $answer',
    virtualTest(async ({ time }, { errorOf }) => {
      const { held, processor, errors, send } = timedOut();
      send('a');
      await time.advance(5);
      held.call(0).fail(errorOf(held.call(0).context));
      await time.settle();
      expect(processor.stats()).toMatchObject({ dead: 1, late: 1 });
      expect(errors).toEqual([]);
    }),
  );

  it(
    'does not disturb the attempt that is made meanwhile',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const options = { timeoutMs: 5, retry: { maxAttempts: 2, delayMs: 1 } };
      const { processor, send } = watch(held.handle, options);
      send('a');
      await time.advance(6);
      expect(held.calls).toHaveLength(2);
      held.call(0).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, running: 1, pending: 1, late: 1 });
      held.call(1).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 0, pending: 0, late: 1 });
    }),
  );

  it(
    'counts for its own event, though others run in its slot meanwhile',
    virtualTest(async ({ time }) => {
      const { held, processor, send } = timedOut();
      send('a');
      send('b');
      await time.advance(5);
      held.call(0).fail('of a');
      held.call(1).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 1, late: 1, pending: 0 });
      expect(await processor.deadLetters.list()).toMatchObject([{ event: 'a', reason: 'timeout' }]);
    }),
  );

  it.each<{ end: string; stop: (late: ReturnType<typeof timedOut>, time: VirtualTime) => Promise<void> }>([
    { end: 'closed', stop: async ({ processor }) => processor.close() },
    { end: 'timed out', stop: (_, time) => time.advance(5) },
  ])(
    'never is an unhandled rejection of a handler that was $end',
    virtualTest(async ({ time }, { stop }) => {
      const late = timedOut();
      late.send('a');
      late.sendUnwatched('b');
      await stop(late, time);
      for (const call of late.held.calls) call.fail('late');
      // A virtual test fails when a rejection is handled by nobody.
      await time.settle();
      expect(late.processor.stats().late).toBe(1);
    }),
  );
});
