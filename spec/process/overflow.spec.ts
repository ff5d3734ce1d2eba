import {
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  type DeadLetter,
  type EventMessage,
  type HandlerContext,
  type OnOptions,
  OverflowError,
  type Probe,
  type ProcessorStats,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Tick } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { describeEnd, playing, watch } from '../support/watch.ts';

/** Sends events into a handler that never ends, and returns how those ended that did. */
function flood(
  options: OnOptions<string>,
  ...events: string[]
): { taken: boolean[]; ends: string[]; stats: ProcessorStats } {
  const { processor, send, ended$ } = watch<string>(() => NEVER, options);
  const ends: string[] = [];
  ended$.subscribe((end) => ends.push(end));
  const taken = events.map((event) => send(event));
  return { taken, ends, stats: processor.stats() };
}

/** Emits numbers on a bus with one handler that never ends. */
function emitting(
  options: OnOptions<EventMessage<'tick', number>>,
  ...numbers: number[]
): { answers: (boolean | string)[]; letters: DeadLetter[]; stats: ProcessorStats } {
  const bus = createEventBus();
  const letters: DeadLetter[] = [];
  bus.deadLetters.subscribe((letter) => letters.push(letter));
  const handling = bus.on(Tick, () => NEVER, { name: 'full', ...options });
  const answers = numbers.map((number) => {
    try {
      return bus.emit(Tick, number);
    } catch (error) {
      return (error as Error).name;
    }
  });
  return { answers, letters, stats: handling.stats() };
}

describe('the bound of a processor', () => {
  it('is 1,025 events by default: one at work, and 1,024 that wait', () => {
    const { processor, send } = watch<string>(() => NEVER, {});
    const taken = Array.from({ length: 1_030 }, () => send('a'));
    expect(taken.lastIndexOf(true)).toBe(1_024);
    expect(taken.indexOf(false)).toBe(1_025);
    expect(processor.stats()).toMatchObject({ pending: 1_025, running: 1, waiting: 1_024, rejected: 5 });
  });

  it('is the concurrency alone with a capacity of 0', () => {
    const { taken, stats } = flood({ concurrency: 2, capacity: 0 }, 'a', 'b', 'c');
    expect(taken).toEqual([true, true, false]);
    expect(stats).toMatchObject({ pending: 2, running: 2, waiting: 0 });
  });

  it('is none with a capacity of Infinity, written out', () => {
    const { processor, send } = watch<number>(() => NEVER, { capacity: Infinity });
    for (let event = 0; event < 100_000; event++) send(event);
    expect(processor.stats()).toMatchObject({ pending: 100_000, rejected: 0, dropped: 0 });
  });

  it(
    'counts what is between attempts',
    marbles((m) => {
      const events = ' ab-c';
      const { processor, send } = watch(playing(m, { a: '#', b: '#' }), {
        concurrency: 2,
        capacity: 0,
        retry: { delayMs: 100 },
        scheduler: m.scheduler,
      });
      const taken: boolean[] = [];
      m.hot(events).subscribe((event) => taken.push(send(event)));
      m.scheduler.schedule(() => {
        expect(processor.stats()).toMatchObject({ pending: 2, betweenAttempts: 2, running: 0 });
        expect(taken).toEqual([true, true, false]);
        processor.close();
      }, 50);
    }),
  );

  it('counts what a paused handler takes', () => {
    const { processor, send } = watch<string>(() => NEVER, { capacity: 1 });
    processor.pause();
    expect(['a', 'b', 'c'].map((event) => send(event))).toEqual([true, true, false]);
  });

  it(
    'has room again as soon as an event has ended',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { send } = watch(held.handle, { capacity: 0 });
      expect([send('a'), send('b')]).toEqual([true, false]);
      held.call(0).succeed();
      await time.settle();
      expect(send('c')).toBe(true);
    }),
  );
});

describe("overflow 'suspend'", () => {
  it('refuses a producer that does not wait, and counts it', () => {
    const { taken, ends, stats } = flood({ capacity: 1 }, 'a', 'b', 'c');
    expect(taken).toEqual([true, true, false]);
    expect(ends).toEqual([]);
    expect(stats).toMatchObject({ accepted: 2, rejected: 1, dead: 0, dropped: 0 });
  });

  it(
    'lets a producer that can wait do so',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { capacity: 0 });
      await processor.send('a');
      let isTaken = false;
      const sending = processor.send('b').then((accepted) => {
        isTaken = true;
        return accepted;
      });
      await time.settle();
      expect(isTaken).toBe(false);
      expect(processor.stats()).toMatchObject({ accepted: 1, suspended: 1, rejected: 0 });
      held.call(0).succeed();
      await sending;
      expect(processor.stats()).toMatchObject({ accepted: 2, suspended: 0 });
    }),
  );

  it('makes a dead letter of the copy of an emit, which cannot wait', () => {
    const { answers, letters, stats } = emitting({ capacity: 0 }, 1, 2);
    expect(answers).toEqual([true, false]);
    expect(letters).toMatchObject([{ reason: 'overflow', handler: 'full', event: { data: 2 }, attempts: [] }]);
    expect(letters[0]!.error).toBeInstanceOf(OverflowError);
    expect(stats).toMatchObject({ accepted: 2, dead: 1, pending: 1, rejected: 0 });
  });

  it('keeps its bound also while a store takes its time to keep the letters', () => {
    const deadLetters = createDeadLetterQueue({
      store: { add: () => new Promise(() => undefined), remove: () => undefined, list: () => [] },
    });
    const bus = createEventBus({ deadLetters });
    const handling = bus.on(Tick, () => NEVER, { capacity: 0 });
    for (let number = 0; number < 5; number++) bus.emit(Tick, number);
    const { accepted, dead, pending } = handling.stats();
    expect({ accepted, dead, pending }).toEqual({ accepted: 5, dead: 4, pending: 1 });
  });

  it('is within its bound also as the dead-letter subscriber sees it', () => {
    const bus = createEventBus();
    const handling = bus.on(Tick, () => NEVER, { capacity: 1 });
    const seen: number[] = [];
    bus.deadLetters.subscribe(() => seen.push(handling.stats().pending));
    for (let number = 0; number < 4; number++) bus.emit(Tick, number);
    expect(seen).toEqual([2, 2]);
  });
});

describe('an emit behind a publisher that waits for room', () => {
  it(
    'counts as full: it may not overtake',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<EventMessage<'tick', number>>();
      const answers: boolean[] = [];
      // The first has ended, and the one that waits was not let in yet.
      const probe: Probe = {
        settled: ({ event }) => {
          if ((event as EventMessage).data === 1) answers.push(bus.emit(Tick, 3));
        },
      };
      const bus = createEventBus({ probe });
      const letters: unknown[] = [];
      bus.deadLetters.subscribe(({ event, reason }) => letters.push([event.data, reason]));
      bus.on(Tick, held.handle, { capacity: 0 });
      bus.emit(Tick, 1);
      const publishing = bus.publish(Tick, 2);
      held.call(0).succeed();
      await time.settle();
      expect(answers).toEqual([false]);
      expect(letters).toEqual([[3, 'overflow']]);
      expect(held.calls.map(({ event }) => event.data)).toEqual([1, 2]);
      held.call(1).succeed();
      expect(await publishing).toMatchObject({ ok: true });
    }),
  );
});

describe("overflow 'drop-oldest'", () => {
  it('drops the event that has waited longest, never one that runs', () => {
    const { taken, ends, stats } = flood({ overflow: 'drop-oldest', capacity: 2 }, 'a', 'b', 'c', 'd', 'e');
    expect(taken).toEqual([true, true, true, true, true]);
    expect(ends).toEqual(['b dropped drop-oldest', 'c dropped drop-oldest']);
    expect(stats).toMatchObject({ accepted: 5, dropped: 2, pending: 3, rejected: 0 });
    expect(stats.droppedBy).toEqual({ busy: 0, 'drop-newest': 0, 'drop-oldest': 2, 'handed-back': 0, superseded: 0 });
  });

  it('drops the new event where nothing waits: all the others have begun', () => {
    const { taken, ends, stats } = flood({ overflow: 'drop-oldest', capacity: 0 }, 'a', 'b');
    expect(taken).toEqual([true, false]);
    expect(ends).toEqual(['b dropped drop-oldest']);
    expect(stats).toMatchObject({ accepted: 2, dropped: 1, pending: 1 });
  });

  it('drops the oldest of all lanes', () => {
    const options: OnOptions<string> = { overflow: 'drop-oldest', capacity: 3, key: (event) => event[0] };
    const { ends } = flood(options, 'a1', 'b1', 'a2', 'c1', 'd1', 'd2');
    expect(ends).toEqual(['b1 dropped drop-oldest', 'a2 dropped drop-oldest']);
  });

  it('tells an emit that its own copy waits, though another one was dropped', () => {
    const { answers, letters, stats } = emitting({ overflow: 'drop-oldest', capacity: 1 }, 1, 2, 3);
    expect(answers).toEqual([true, true, true]);
    expect(letters).toEqual([]);
    expect(stats).toMatchObject({ accepted: 3, dropped: 1, pending: 2 });
  });

  it('keeps its bound when a listener sends again what was dropped', () => {
    const { processor } = watch<string>(() => NEVER, { overflow: 'drop-oldest', capacity: 1 });
    const seen: number[] = [];
    let left = 3;
    const send = (event: string): boolean =>
      processor.trySend(event, ({ outcome }) => {
        if (outcome === 'dropped' && left-- > 0) send(event);
        seen.push(processor.stats().pending);
      });
    for (const event of ['a', 'b', 'c', 'd']) send(event);
    expect(Math.max(...seen, processor.stats().pending)).toBe(2);
  });
});

describe("overflow 'drop-newest'", () => {
  it('drops the new event', () => {
    const { taken, ends, stats } = flood({ overflow: 'drop-newest', capacity: 1 }, 'a', 'b', 'c', 'd');
    expect(taken).toEqual([true, true, false, false]);
    expect(ends).toEqual(['c dropped drop-newest', 'd dropped drop-newest']);
    expect(stats).toMatchObject({ accepted: 4, dropped: 2, pending: 2, rejected: 0 });
    expect(stats.droppedBy).toEqual({ busy: 0, 'drop-newest': 2, 'drop-oldest': 0, 'handed-back': 0, superseded: 0 });
  });

  it('tells an emit that its copy was lost', () => {
    const { answers, stats } = emitting({ overflow: 'drop-newest', capacity: 0 }, 1, 2);
    expect(answers).toEqual([true, false]);
    expect(stats).toMatchObject({ accepted: 2, dropped: 1 });
  });
});

describe("overflow 'fail'", () => {
  it('does not take the new event', () => {
    const { taken, ends, stats } = flood({ overflow: 'fail', capacity: 0 }, 'a', 'b');
    expect(taken).toEqual([true, false]);
    expect(ends).toEqual([]);
    expect(stats).toMatchObject({ accepted: 1, rejected: 1, dropped: 0, dead: 0 });
  });

  it('throws at an emit, after the event was delivered to the rest', () => {
    const bus = createEventBus();
    const seen: number[] = [];
    bus.on(Tick, () => NEVER, { name: 'full', overflow: 'fail', capacity: 0 });
    bus.on(Tick, ({ data }) => seen.push(data));
    bus.emit(Tick, 1);
    expect(() => bus.emit(Tick, 2)).toThrow(OverflowError);
    expect(seen).toEqual([1, 2]);
  });

  it('says which handler was full, and what to do', () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER, { name: 'full', overflow: 'fail', capacity: 0 });
    bus.emit(Tick, 1);
    expect(() => bus.emit(Tick, 2)).toThrow(
      expect.objectContaining({
        code: 'OVERFLOW',
        message:
          "Expected room in handler 'full', got a full one. Raise capacity or concurrency, await publish(), or choose another overflow.",
      }),
    );
  });
});

describe.each(['drop-oldest', 'drop-newest', 'fail'] as const)('a sender, with overflow %s', (overflow) => {
  it('does not wait', async () => {
    const processor = createProcessor<string>(() => NEVER, { overflow, capacity: 0 });
    await processor.send('a');
    const sending = processor.send('b').then(async ({ settled: end }) => describeEnd(await end));
    if (overflow === 'fail') await expect(sending).rejects.toBeInstanceOf(OverflowError);
    else expect(await sending).toBe(`dropped ${overflow}`);
    expect(processor.stats()).toMatchObject({ suspended: 0, pending: 1 });
  });
});
