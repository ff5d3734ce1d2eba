import { createDeadLetterQueue, createEventBus, type DeadLetter, type EventBus, type EventMessage } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { NEVER, Observable, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';

type TickMessage = EventMessage<'tick', number>;

describe('ready', () => {
  it('resolves at once, in process', async () => {
    await expect(createEventBus().ready).resolves.toBeUndefined();
  });
});

describe('stats', () => {
  it('of a new bus are empty', () => {
    const deadLetters = { received: 0, evicted: 0, storing: 0 };
    expect(createEventBus().stats()).toStrictEqual({
      state: 'open',
      emitted: 0,
      invalid: 0,
      deadLetters,
      handlers: [],
    });
  });

  it('tell of each handler what it has done and has to do, in the order of registration', () => {
    const bus = createEventBus();
    bus.on(Tick, new HeldHandler(), { name: 'held', concurrency: 2, capacity: 5 });
    bus.on('*', () => undefined, { name: 'quick' });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    bus.emit(Tock, 1);
    expect(bus.stats()).toMatchObject({
      state: 'open',
      emitted: 4,
      handlers: [
        {
          name: 'held',
          state: 'open',
          accepted: 3,
          handled: 0,
          pending: 3,
          running: 2,
          waiting: 1,
          concurrency: 2,
          capacity: 5,
        },
        { name: 'quick', accepted: 4, handled: 4, pending: 0 },
      ],
    });
  });

  it('count what is sent in any way, once', async () => {
    const bus = createEventBus();
    bus.on(Tick, ({ data }, { emit }) => void (data === 1 && emit(Tick, 2)));
    bus.emit(Tick, 1);
    await bus.publish(Tick, 3);
    bus.ingest(Tick, 4);
    bus.subject(Tick).next(Tick.create(5));
    expect(bus.stats().emitted).toBe(5);
  });

  it('show the fullest lanes: one hot key can fill the capacity', () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER, { concurrency: 2, key: ({ data }) => data % 10 });
    for (const data of [1, 2, 1, 1, 11, 3]) bus.emit(Tick, data);
    expect(bus.stats().handlers[0]!.lanes![0]).toStrictEqual({ key: 1, pending: 4 });
  });

  it(
    'show how long the oldest attempt has been running',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER, { concurrency: 2 });
      bus.emit(Tick, 1);
      await time.advance(70);
      bus.emit(Tick, 2);
      await time.advance(30);
      expect(bus.stats().handlers).toMatchObject([{ longestRunningMs: 100 }]);
    }),
  );

  it('follow the state of the bus', async () => {
    const bus = createEventBus();
    const held = new HeldHandler();
    bus.on(Tick, held);
    bus.emit(Tick, 1);
    const drained = bus.drain();
    expect(bus.stats().state).toBe('draining');
    held.call(0).succeed();
    await drained;
    expect(bus.stats().state).toBe('closed');
  });

  it('of a closed bus are the last ones: a report can be made of them', () => {
    const bus = createEventBus();
    bus.on(Tick, () => undefined, { name: 'gone before' }).unsubscribe();
    bus.on(Tick, () => NEVER, { name: 'hanging' });
    bus.on(Tick, () => undefined, { name: 'quick' });
    bus.emit(Tick, 1);
    bus.close();
    expect(bus.stats()).toMatchObject({
      state: 'closed',
      emitted: 1,
      handlers: [
        { name: 'hanging', state: 'closed', accepted: 1, dead: 1, pending: 0 },
        { name: 'quick', state: 'closed', accepted: 1, handled: 1, pending: 0 },
      ],
    });
  });
});

describe('drain', () => {
  it(
    'finishes what runs, what waits, and what is between attempts',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const handled: number[] = [];
      bus.on(
        Tick,
        async ({ data }, { attempt }) => {
          if (attempt === 1 && data === 1) throw new Error('not yet');
          handled.push(data);
        },
        { retry: { maxAttempts: 2, delayMs: 1_000 } },
      );
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ betweenAttempts: 1, waiting: 2 }]);
      const drained = bus.drain();
      await time.advance(1_000);
      expect(await drained).toStrictEqual({
        completed: true,
        handled: 3,
        dead: 0,
        dropped: 0,
        abandoned: 0,
        durationMs: 1_000,
      });
      expect(handled).toStrictEqual([1, 2, 3]);
    }),
  );

  it('resolves when nothing is pending, at once', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => undefined);
    bus.emit(Tick, 1);
    expect(await bus.drain()).toMatchObject({ completed: true, handled: 0, abandoned: 0 });
    expect(bus.stats().state).toBe('closed');
  });

  it('resolves on a bus without handlers, and on one that is closed', async () => {
    const bus = createEventBus();
    expect(await bus.drain()).toMatchObject({ completed: true });
    expect(await bus.drain({ deadlineMs: 5 })).toMatchObject({ completed: true });
    const closed = createEventBus();
    closed.close();
    expect(await closed.drain()).toMatchObject({ completed: true, handled: 0 });
  });

  it(
    'counts what ended since it began, not before',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { overflow: 'drop-newest', capacity: 1 });
      bus.emit(Tick, 1);
      held.call(0).succeed();
      await time.settle();
      for (const data of [2, 3, 4]) bus.emit(Tick, data);
      const drained = bus.drain();
      held.call(1).fail(new Error('broken'));
      await time.settle();
      held.call(2).succeed();
      expect(await drained).toMatchObject({ completed: true, handled: 1, dead: 1, dropped: 0, abandoned: 0 });
    }),
  );

  it('refuses outsiders', async () => {
    const bus = createEventBus();
    const held = new HeldHandler<TickMessage>();
    bus.on(Tick, held);
    bus.emit(Tick, 1);
    const drained = bus.drain();
    const closed = expect.objectContaining({ name: 'ClosedError', code: 'CLOSED' });
    expect(() => bus.emit(Tick, 2)).toThrow(closed);
    expect(() => bus.ingest(Tick, 2)).toThrow(closed);
    expect(() => bus.on(Tick, () => undefined)).toThrow(closed);
    await expect(bus.publish(Tick, 2)).rejects.toThrow(closed);
    bus.subject(Tick).next(Tick.create(2));
    held.call(0).succeed();
    await drained;
    expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1]);
  });

  it(
    'still takes what running handlers send by their context, and finishes that too',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const handled: string[] = [];
      bus.on(Tick, async (_, { emit, publish }) => {
        await time.advance(1);
        emit(Tock, 1);
        const { ok } = await publish(Tock, 2);
        handled.push(`tick ${ok}`);
      });
      bus.on(Tock, async ({ data }) => {
        await time.advance(1);
        handled.push(`tock ${data}`);
      });
      bus.emit(Tick, 1);
      expect(await bus.drain()).toMatchObject({ completed: true, handled: 3, dead: 0 });
      expect(handled).toStrictEqual(['tock 1', 'tock 2', 'tick true']);
    }),
  );

  it.each([
    ['that was synchronous', () => undefined],
    ['that was asynchronous', () => timer(1)],
  ])(
    'refuses the context of a handler that has ended, one %s',
    virtualTest(async ({ time }, _, handle) => {
      const bus = createEventBus();
      const contexts: { emit: EventBus['emit'] }[] = [];
      bus.on(Tock, (_event, context) => {
        contexts.push(context);
        return handle();
      });
      const held = new HeldHandler();
      bus.on(Tick, held);
      bus.emit(Tock, 1);
      bus.emit(Tick, 1);
      await time.advance(1);
      const drained = bus.drain();
      expect(() => contexts[0]!.emit(Tock, 2)).toThrow(expect.objectContaining({ code: 'CLOSED' }));
      held.call(0).succeed();
      expect(await drained).toMatchObject({ completed: true, handled: 1 });
    }),
  );

  it(
    'gives up at its deadline, and tells what it abandoned',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { name: 'hanging' });
      bus.on(Tock, () => timer(40), { name: 'slow' });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      bus.emit(Tock, 1);
      const drained = bus.drain({ deadlineMs: 100 });
      const { signal } = held.call(0).context;
      await time.advance(99);
      expect(signal.aborted).toBe(false);
      await time.advance(1);
      expect(signal.aborted).toBe(true);
      expect(await drained).toStrictEqual({
        completed: false,
        handled: 1,
        dead: 3,
        dropped: 0,
        abandoned: 3,
        durationMs: 100,
      });
      const letters = await bus.deadLetters.list();
      expect(letters.map(({ reason, event, handler }) => [reason, event.data, handler])).toStrictEqual([
        ['abandoned', 1, 'hanging'],
        ['abandoned', 2, 'hanging'],
        ['abandoned', 3, 'hanging'],
      ]);
      expect(letters[0]!.error).toMatchObject({
        code: 'ABANDONED',
        message:
          "Expected handler 'hanging' to finish its events, but it was closed first. Redrive the letter, or drain() with a later deadline.",
      });
      expect(bus.stats().state).toBe('closed');
    }),
  );

  it(
    'gives up at once with a deadline of 0, in the next turn of the scheduler',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER);
      bus.emit(Tick, 1);
      const drained = bus.drain({ deadlineMs: 0 });
      await time.advance(0);
      expect(await drained).toMatchObject({ completed: false, abandoned: 1, durationMs: 0 });
    }),
  );

  it(
    'may be called again with an earlier deadline; both get the same report',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER);
      bus.emit(Tick, 1);
      const patient = bus.drain();
      const impatient = bus.drain({ deadlineMs: 10 });
      await time.advance(10);
      expect(await impatient).toMatchObject({ abandoned: 1, durationMs: 10 });
      expect(await patient).toStrictEqual(await impatient);
    }),
  );

  it(
    'leaves no timer behind when it ends before its deadline',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      bus.on(Tick, held);
      bus.emit(Tick, 1);
      const drained = bus.drain({ deadlineMs: 5_000 });
      held.call(0).succeed();
      await drained;
      await time.runAll();
      expect(time.now).toBe(0);
    }),
  );

  it('finishes what a paused handler holds', async () => {
    const bus = createEventBus();
    const handled: number[] = [];
    bus.on(Tick, ({ data }) => void handled.push(data)).pause();
    bus.emit(Tick, 1);
    expect(await bus.drain()).toMatchObject({ completed: true, handled: 1 });
    expect(handled).toStrictEqual([1]);
  });

  it('that a handler begins includes what the handler has sent already', async () => {
    const bus = createEventBus();
    const handled: number[] = [];
    let drained: Promise<unknown> | undefined;
    bus.on(Tick, (_, { emit }) => {
      emit(Tock, 1);
      bus.emit(Tock, 2);
      drained = bus.drain();
    });
    bus.on(Tock, ({ data }) => void handled.push(data));
    bus.emit(Tick, 1);
    expect(await drained).toMatchObject({ completed: true });
    expect(handled).toStrictEqual([1, 2]);
  });

  it(
    'waits until dead letters are stored',
    virtualTest(async ({ time }) => {
      const stored: DeadLetter[] = [];
      const store = {
        add: async (letter: DeadLetter) => {
          await time.advance(1);
          stored.push(letter);
        },
        remove: () => undefined,
        list: () => stored,
      };
      const bus = createEventBus({ deadLetters: createDeadLetterQueue({ store }) });
      bus.on(Tick, () => Promise.reject(new Error('broken')));
      bus.emit(Tick, 1);
      expect(await bus.drain()).toMatchObject({ completed: true, dead: 1 });
      expect(stored).toHaveLength(1);
    }),
  );

  // A process that ends after its drain would lose what is still on its way to the store.
  it(
    'waits at its deadline, too, until the abandoned letters are stored, and counts them as dead',
    virtualTest(async ({ time }) => {
      const stored: DeadLetter[] = [];
      const store = {
        add: async (letter: DeadLetter) => {
          await time.advance(1);
          stored.push(letter);
        },
        remove: () => undefined,
        list: () => stored,
      };
      const deadLetters = createDeadLetterQueue({ store });
      const bus = createEventBus({ deadLetters });
      bus.on(Tick, () => NEVER);
      bus.emit(Tick, 1);
      bus.emit(Tick, 2);
      const drained = bus.drain({ deadlineMs: 10 });
      await time.runAll();
      expect(await drained).toMatchObject({ completed: false, abandoned: 2, dead: 2 });
      expect(stored).toHaveLength(2);
    }),
  );

  it.each([-1, Number.NaN, Infinity, 2 ** 31])('refuses a deadline of %s', async (deadlineMs) => {
    const bus = createEventBus();
    await expect(bus.drain({ deadlineMs })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: `Expected deadlineMs to be milliseconds ≥ 0 and ≤ 2147483647, got ${deadlineMs}.`,
    });
    expect(bus.stats().state).toBe('open');
  });
});

describe('close', () => {
  it('aborts signals, unsubscribes Observables, and makes letters of what is pending', async () => {
    const bus = createEventBus();
    const held = new HeldHandler();
    const teardown = vi.fn();
    bus.on(Tick, held, { name: 'promise' });
    bus.on(Tick, () => new Observable(() => teardown), { name: 'observable' });
    bus.emit(Tick, 1);
    bus.close();
    expect(held.call(0).context.signal.reason).toMatchObject({ code: 'ABANDONED' });
    expect(teardown).toHaveBeenCalledOnce();
    const letters = await bus.deadLetters.list();
    expect(letters.map(({ handler, reason }) => [handler, reason])).toStrictEqual([
      ['promise', 'abandoned'],
      ['observable', 'abandoned'],
    ]);
  });

  it('may be called twice', () => {
    const bus = createEventBus();
    bus.close();
    expect(() => bus.close()).not.toThrow();
    expect(bus.stats().state).toBe('closed');
  });

  it('ends a drain in progress, which reports what was abandoned', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER);
    bus.emit(Tick, 1);
    const drained = bus.drain();
    bus.close();
    expect(await drained).toMatchObject({ completed: false, abandoned: 1, dead: 1 });
  });

  it(
    'by a handler ends the events in progress; the handler itself is abandoned',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const later = vi.fn();
      bus.on(
        Tick,
        async () => {
          bus.close();
          await time.advance(1);
        },
        { name: 'closer' },
      );
      bus.on(Tick, () => void later());
      bus.emit(Tick, 1);
      await time.advance(1);
      expect(later).not.toHaveBeenCalled();
      expect(await bus.deadLetters.list()).toMatchObject([{ handler: 'closer', reason: 'abandoned' }]);
    }),
  );

  it('rejects a publish that was queued behind the event in progress: it was never offered', async () => {
    const bus = createEventBus();
    const results: Promise<unknown>[] = [];
    const seen = vi.fn();
    bus.on(Tock, () => void seen());
    bus.on(Tick, () => {
      results.push(bus.publish(Tock, 1).catch((error: unknown) => error));
      bus.close();
    });
    bus.emit(Tick, 1);
    expect(await Promise.all(results)).toMatchObject([{ code: 'CLOSED' }]);
    expect(seen).not.toHaveBeenCalled();
  });

  it(
    'leaves no timer behind',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      bus.on(Tick, () => NEVER, { timeoutMs: 5_000 });
      bus.on(
        Tick,
        () => {
          throw new Error('broken');
        },
        { retry: { delayMs: 5_000 } },
      );
      bus.on(
        Tick,
        () => {
          throw new Error('broken');
        },
        { retry: { delayMs: 0 }, breaker: { failureThreshold: 1, resetAfterMs: 5_000 } },
      );
      bus.emit(Tick, 1);
      void bus.drain({ deadlineMs: 5_000 });
      bus.close();
      await time.runAll();
      expect(time.now).toBe(0);
    }),
  );

  it('lets letters be listed and discarded afterwards', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => NEVER);
    bus.emit(Tick, 1);
    bus.close();
    expect(await bus.deadLetters.discard()).toBe(1);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });
});

describe('a bus in a block', () => {
  it('is closed at its end by using', () => {
    let outside: EventBus;
    {
      using bus = createEventBus();
      outside = bus;
      bus.on(Tick, () => NEVER);
      bus.emit(Tick, 1);
    }
    expect(outside.stats().state).toBe('closed');
  });

  it(
    'is drained at its end by await using',
    virtualTest(async ({ time }) => {
      const handled: number[] = [];
      {
        await using bus = createEventBus();
        bus.on(Tick, async ({ data }) => {
          await time.advance(1);
          handled.push(data);
        });
        bus.emit(Tick, 1);
        bus.emit(Tick, 2);
      }
      expect(handled).toStrictEqual([1, 2]);
    }),
  );
});
