import { createDeadLetterQueue, createProcessor, type HandlerContext } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { EMPTY, NEVER, Observable, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { describeEnd, playing, watch } from '../support/watch.ts';

/** Events of two lanes: the lane is the first letter. */
const key = (event: string): string => event[0]!;
const KEYED = { a: 'a1', b: 'b1', c: 'a2', d: 'b2' };

const ENDS = { A: 'a handled', B: 'b handled', C: 'c handled', x: 'a dropped superseded', o: 'b dropped busy' };

describe("strategy 'queue'", () => {
  it(
    'is the default: an event that finds its lane busy waits',
    marbles((m) => {
      const events = ' ab';
      const ended = '  ---A---B';
      const { send, ended$ } = watch(playing(m, { a: '---|', b: '----|' }), { scheduler: m.scheduler });
      m.hot(events).subscribe(send);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );
});

describe("strategy 'switch'", () => {
  it(
    'lets the latest win: a new event takes the place of the one in progress',
    marbles((m) => {
      const events = '  a-b----c';
      const started = ' a-b----c';
      const ended = '   --x--B-C';
      const { send, started$, ended$ } = watch(playing(m, { a: '----|', b: '---|' }), {
        strategy: 'switch',
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'unsubscribes the Observable of the one in progress',
    marbles((m) => {
      const work$ = m.cold('  -------|');
      const events = '        a-b';
      const subscriptions = ['^-!', '--^------!'];
      const { send } = watch<string>(() => work$, { strategy: 'switch', scheduler: m.scheduler });
      m.hot(events).subscribe(send);
      m.expect(work$).toHaveSubscriptions(subscriptions);
    }),
  );

  it(
    'has one lane for all without a key, whatever the concurrency',
    marbles((m) => {
      const events = '  ab';
      const ended = '   -x--B';
      const options = { strategy: 'switch', concurrency: 8, scheduler: m.scheduler } as const;
      const { send, ended$ } = watch(playing(m, { a: '---|', b: '---|' }), options);
      m.hot(events).subscribe(send);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'leaves the other lanes alone',
    marbles((m) => {
      const events = '  ab-c';
      const started = ' ab-c';
      const ended = '   ---x-B-C';
      const options = { strategy: 'switch', key, concurrency: 4, scheduler: m.scheduler } as const;
      const { send, started$, ended$ } = watch(playing(m, { a1: '-----|', b1: '----|', a2: '----|' }), options);
      m.hot(events, KEYED).subscribe(send);
      m.expect(started$).toBeObservable(started, KEYED);
      m.expect(ended$).toBeObservable(ended, { x: 'a1 dropped superseded', B: 'b1 handled', C: 'a2 handled' });
    }),
  );

  it(
    'takes the place of one that is between attempts: it is not made again',
    marbles((m) => {
      const events = '  a-b';
      const started = ' a-b';
      const ended = '   --(xB)';
      const options = { strategy: 'switch', retry: { delayMs: 5 }, scheduler: m.scheduler } as const;
      const { send, started$, ended$ } = watch(playing(m, { a: '#' }), options);
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'takes the place of one that waits for a slot',
    marbles((m) => {
      const events = '  ab-d';
      const started = ' a----d';
      const ended = '   ---y-(AD)';
      const options = { strategy: 'switch', key, concurrency: 1, scheduler: m.scheduler } as const;
      const { send, started$, ended$ } = watch(playing(m, { a1: '-----|' }), options);
      m.hot(events, KEYED).subscribe(send);
      m.expect(started$).toBeObservable(started, KEYED);
      m.expect(ended$).toBeObservable(ended, { y: 'b1 dropped superseded', A: 'a1 handled', D: 'b2 handled' });
    }),
  );

  it(
    'takes the place of one that waits for room',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { strategy: 'switch', key, capacity: 0 });
      const ends: string[] = [];
      const send = (event: string): unknown =>
        processor.send(event).then(async (accepted) => ends.push(`${event} ${describeEnd(await accepted.settled)}`));
      for (const event of ['a1', 'b1', 'c1', 'b2', 'b3']) void send(event);
      await time.settle();
      expect(ends).toEqual(['b1 dropped superseded', 'b2 dropped superseded']);
      expect(processor.stats()).toMatchObject({ suspended: 2, pending: 1, dropped: 2 });
      for (const index of [0, 1, 2]) {
        held.call(index).succeed();
        await time.settle();
      }
      expect(held.calls.map(({ event }) => event)).toEqual(['a1', 'c1', 'b3']);
      expect(processor.stats()).toMatchObject({ accepted: 5, handled: 3, dropped: 2, suspended: 0 });
    }),
  );

  it(
    'takes no notice of one that has waited for room, and has had it',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const probe = { settled: vi.fn() };
      const processor = createProcessor(held.handle, { strategy: 'switch', key, capacity: 0, probe });
      for (const event of ['a1', 'b1', 'c1']) void processor.send(event);
      for (const index of [0, 1]) {
        held.call(index).succeed();
        await time.settle();
      }
      void processor.send('b2');
      expect(processor.stats()).toMatchObject({ handled: 2, dropped: 0, running: 1, suspended: 1 });
      expect(probe.settled).toHaveBeenCalledTimes(2);
    }),
  );

  it(
    'is not followed by an older one, which waited for room',
    virtualTest(async ({ time }) => {
      const started: string[] = [];
      const handler = (event: string): Observable<never> => {
        started.push(event);
        return event === 'a3' ? EMPTY : throwError(() => 'no');
      };
      const retry = { maxAttempts: 2, delayMs: 2 };
      const processor = createProcessor(handler, { strategy: 'switch', key, capacity: 0, retry });
      for (const event of ['c1', 'a1', 'a2']) void processor.send(event);
      await time.advance(3);
      expect(started).toEqual(['c1', 'c1', 'a2']);
      void processor.send('a3');
      await time.advance(10);
      expect(started).toEqual(['c1', 'c1', 'a2', 'a3']);
      expect(processor.stats()).toMatchObject({ accepted: 4, handled: 1, dead: 1, dropped: 2, suspended: 0 });
    }),
  );

  it(
    'counts what it aborted as dropped, and its result as late',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send, errors } = watch(held.handle, { strategy: 'switch' });
      send('a');
      send('b');
      held.call(0).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, dropped: 1, running: 1, late: 1 });
      expect(processor.stats().droppedBy).toEqual({
        busy: 0,
        'drop-newest': 0,
        'drop-oldest': 0,
        'handed-back': 0,
        superseded: 1,
      });
      expect(errors).toEqual([]);
      expect(await processor.deadLetters.list()).toEqual([]);
    }),
  );

  it('needs no room of its own for the event that takes the place', () => {
    const options = { strategy: 'switch', concurrency: 1, capacity: 0 } as const;
    const { processor, send } = watch<string>(() => NEVER, options);
    expect(send('a')).toBe(true);
    expect(send('b')).toBe(true);
    expect(processor.stats()).toMatchObject({ accepted: 2, dropped: 1, rejected: 0, running: 1, pending: 1 });
  });

  it(
    'gives the room of a superseded event to whoever waits for it',
    virtualTest(async ({ time }) => {
      const started: string[] = [];
      const processor = createProcessor<string>(
        (event) => {
          started.push(event);
          return NEVER;
        },
        { strategy: 'switch', key, concurrency: 1, capacity: 0 },
      );
      for (const event of ['a1', 'b1', 'a2']) void processor.send(event);
      await time.settle();
      // Either of the two that wait may start first; but one of them must.
      expect(started).toHaveLength(2);
      expect(processor.stats()).toMatchObject({ accepted: 2, dropped: 1, running: 1, pending: 1, suspended: 1 });
    }),
  );

  it(
    'lets the latest of those that waited for room win too',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { strategy: 'switch', key, concurrency: 2, capacity: 0 });
      const ends: string[] = [];
      for (const event of ['x', 'y', 'a1', 'a2']) {
        void processor
          .send(event)
          .then(({ settled: end }) => end)
          .then((end) => ends.push(`${event} ${describeEnd(end)}`));
      }
      await time.settle();
      for (const call of [0, 1]) {
        held.call(call).succeed();
        await time.settle();
      }
      held.call(-1).succeed();
      await time.settle();
      expect(ends).toEqual(['a1 dropped superseded', 'x handled', 'y handled', 'a2 handled']);
    }),
  );

  it(
    'keeps what is dead already, and only waits for its letter to be stored',
    virtualTest(async ({ time }) => {
      let store: () => void = () => undefined;
      const deadLetters = createDeadLetterQueue<string>({
        store: { add: () => new Promise((resolve) => (store = resolve)), remove: () => undefined, list: () => [] },
      });
      const { processor, send } = watch<string>(
        (event) => {
          if (event === 'a') throw new Error('no');
        },
        { strategy: 'switch', deadLetters },
      );
      send('a');
      send('b');
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, dropped: 0 });
      store();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 1, dead: 1, dropped: 0, pending: 0 });
    }),
  );

  it.each<{ when: string; make: (send: () => void) => (event: string, context: HandlerContext) => unknown }>([
    { when: 'its Observable is torn down', make: (send) => () => new Observable(() => send) },
    {
      when: 'its signal is aborted',
      make:
        (send) =>
        (_event, { signal }) => {
          signal.addEventListener('abort', send);
          return NEVER;
        },
    },
  ])('ends an event once that sends another one when $when', ({ make }) => {
    let left = 1;
    const { processor, send } = watch<string>(
      make(() => {
        if (left-- > 0) send('c');
      }),
      { strategy: 'switch' },
    );
    send('a');
    send('b');
    const stats = processor.stats();
    expect(stats).toMatchObject({ accepted: 3, dropped: 2, pending: 1, running: 1, waiting: 0, betweenAttempts: 0 });
  });

  it.each<{ when: string; make: (send: () => void) => (event: string, context: HandlerContext) => unknown }>([
    { when: 'its Observable is torn down', make: (send) => () => new Observable(() => send) },
    {
      when: 'its signal is aborted',
      make:
        (send) =>
        (_event, { signal }) => {
          signal.addEventListener('abort', send);
          return NEVER;
        },
    },
  ])('ends an event once that is timed out and sends another one when $when', ({ make }) => {
    const scheduler = new VirtualTimeScheduler();
    let left = 1;
    const { processor, send } = watch<string>(
      make(() => {
        if (left-- > 0) send('b');
      }),
      { strategy: 'switch', timeoutMs: 5, scheduler },
    );
    send('a');
    scheduler.maxFrames = 9;
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ accepted: 2, pending: 1, running: 1, waiting: 0, betweenAttempts: 0 });
    scheduler.maxFrames = 99;
    scheduler.flush();
    const { dead, dropped, handled, pending } = processor.stats();
    expect({ ended: dead + dropped, handled, pending }).toEqual({ ended: 2, handled: 0, pending: 0 });
  });
});

describe("strategy 'exhaust'", () => {
  it(
    'drops an event that finds its lane busy',
    marbles((m) => {
      const events = '  a-b--c';
      const started = ' a----c';
      const ended = '   --o-AC';
      const { send, started$, ended$ } = watch(playing(m, { a: '----|' }), {
        strategy: 'exhaust',
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'is busy between attempts too',
    marbles((m) => {
      const events = '  a-b';
      const started = ' a----a';
      const ended = '   --o--A';
      const options = { strategy: 'exhaust', retry: { delayMs: 5 }, scheduler: m.scheduler } as const;
      const { send, started$, ended$ } = watch(playing(m, { a: ['#', '|'] }), options);
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'has one lane for all without a key, whatever the concurrency',
    marbles((m) => {
      const events = '  ab';
      const ended = '   -o-A';
      const options = { strategy: 'exhaust', concurrency: 8, scheduler: m.scheduler } as const;
      const { send, ended$ } = watch(playing(m, { a: '---|' }), options);
      m.hot(events).subscribe(send);
      m.expect(ended$).toBeObservable(ended, ENDS);
    }),
  );

  it(
    'looks at the lane of the event only, and takes one that waits for busy',
    marbles((m) => {
      const events = '  abcd';
      const started = ' a----b';
      const ended = '   --xy-(AB)';
      const options = { strategy: 'exhaust', key, concurrency: 1, scheduler: m.scheduler } as const;
      const { send, started$, ended$ } = watch(playing(m, { a1: '-----|' }), options);
      m.hot(events, KEYED).subscribe(send);
      m.expect(started$).toBeObservable(started, KEYED);
      const ends = { x: 'a2 dropped busy', y: 'b2 dropped busy', A: 'a1 handled', B: 'b1 handled' };
      m.expect(ended$).toBeObservable(ended, ends);
    }),
  );

  it('has accepted and dropped what finds the lane busy, room or not', () => {
    const { processor, send } = watch<string>(() => NEVER, { strategy: 'exhaust', capacity: 0 });
    expect(send('a')).toBe(true);
    expect(send('b')).toBe(false);
    expect(processor.stats()).toMatchObject({ accepted: 2, dropped: 1, rejected: 0, pending: 1 });
    expect(processor.stats().droppedBy).toMatchObject({ busy: 1 });
  });

  it('answers a sender at once whose event finds the lane busy, room or not', async () => {
    const processor = createProcessor<string>(() => NEVER, { strategy: 'exhaust', capacity: 0 });
    await processor.send('a');
    const { settled: end } = await processor.send('b');
    expect(await end).toEqual({ outcome: 'dropped', reason: 'busy', attempts: 0 });
  });

  it(
    'drops what waited for room and finds its lane busy when there is some',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { strategy: 'exhaust', key, concurrency: 2, capacity: 0 });
      const ends: string[] = [];
      for (const event of ['x', 'y', 'a1', 'a2']) {
        void processor
          .send(event)
          .then(({ settled: end }) => end)
          .then((end) => ends.push(`${event} ${describeEnd(end)}`));
      }
      held.call(0).succeed();
      held.call(1).succeed();
      await time.settle();
      expect(ends).toEqual(['x handled', 'y handled', 'a2 dropped busy']);
      expect(processor.stats()).toMatchObject({ running: 1, waiting: 0 });
    }),
  );
});
