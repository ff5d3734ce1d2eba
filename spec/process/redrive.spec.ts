import {
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  type DeadLetter,
  type EventBus,
  type EventMessage,
  type OnOptions,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { letterOf } from '../support/letters.ts';

type TickMessage = EventMessage<'tick', number>;

/** A bus whose handler 'mail' fails until it is healed, then writes down what it handles. */
function sick(options: OnOptions<TickMessage> = {}, busOptions: Parameters<typeof createEventBus>[0] = {}) {
  const bus = createEventBus(busOptions);
  const handled: number[] = [];
  let isHealed = false;
  const subscription = bus.on(
    Tick,
    ({ data }) => {
      if (!isHealed) throw new Error('broken');
      handled.push(data);
    },
    { name: 'mail', ...options },
  );
  return { bus, handled, subscription, heal: () => void (isHealed = true) };
}

async function keptIn(bus: EventBus): Promise<unknown[]> {
  return (await bus.deadLetters.list()).map(({ event }) => event.data);
}

describe('redrive', () => {
  it('hands letters to the handler that failed, the oldest first, and to no other', async () => {
    const { bus, handled, heal } = sick();
    const others = vi.fn();
    bus.on(Tick, ({ data }) => others(data), { name: 'other' });
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    others.mockClear();
    heal();
    expect(await bus.deadLetters.redrive()).toStrictEqual({ redriven: 3, handled: 3, dead: 0, dropped: 0, skipped: 0 });
    expect(handled).toStrictEqual([1, 2, 3]);
    expect(others).not.toHaveBeenCalled();
    expect(await keptIn(bus)).toStrictEqual([]);
  });

  it('hands over the very same message', async () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(
      Tick,
      (event) => {
        seen.push(event);
        if (seen.length === 1) throw new Error('broken');
      },
      { name: 'mail' },
    );
    bus.emit(Tick, 1);
    await bus.deadLetters.redrive();
    expect(seen).toHaveLength(2);
    expect(seen[1]).toBe(seen[0]);
  });

  it('of nothing is a report of zeros', async () => {
    expect(await createDeadLetterQueue().redrive()).toStrictEqual({
      redriven: 0,
      handled: 0,
      dead: 0,
      dropped: 0,
      skipped: 0,
    });
  });

  it('starts the attempts anew', async () => {
    const bus = createEventBus();
    const attempts: number[] = [];
    bus.on(
      Tick,
      (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error('broken');
      },
      { name: 'mail', retry: { maxAttempts: 2, delayMs: 0 } },
    );
    await bus.publish(Tick, 1);
    await bus.deadLetters.redrive();
    expect(attempts).toStrictEqual([1, 2, 1, 2]);
    const [letter] = await bus.deadLetters.list();
    expect(letter!.attempts.map(({ attempt }) => attempt)).toStrictEqual([1, 2]);
  });

  it('of an event that dies again makes a new letter in its place, with redriven one higher', async () => {
    const { bus } = sick();
    bus.emit(Tick, 1);
    const ids: string[] = [];
    for (const redriven of [0, 1, 2]) {
      const letters = await bus.deadLetters.list();
      expect(letters).toMatchObject([{ handler: 'mail', reason: 'exhausted', redriven, event: { data: 1 } }]);
      ids.push(letters[0]!.id);
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 0, dead: 1 });
    }
    expect(new Set(ids).size).toBe(3);
  });

  it(
    'removes a letter when its event has ended again, not before',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      bus.on(Tick, held, { name: 'mail' });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      expect(held.calls).toHaveLength(2);
      expect(await keptIn(bus)).toStrictEqual([1]);
      held.call(1).succeed();
      await redriven;
      expect(await keptIn(bus)).toStrictEqual([]);
    }),
  );

  it('is counted apart from what was emitted: accepted + redriven = handled + dead + dropped + pending', async () => {
    const { bus, subscription, heal } = sick();
    for (const data of [1, 2, 3]) bus.emit(Tick, data);
    await bus.deadLetters.redrive({ limit: 1 });
    expect(subscription.stats()).toMatchObject({ accepted: 3, redriven: 1, handled: 0, dead: 4, pending: 0 });
    heal();
    await bus.deadLetters.redrive();
    expect(subscription.stats()).toMatchObject({ accepted: 3, redriven: 4, handled: 3, dead: 4, pending: 0 });
  });

  it('does not tell the publisher again, whose report has come', async () => {
    const { bus, heal } = sick();
    const report = await bus.publish(Tick, 1);
    const before = structuredClone(report.handlers.map(({ outcome }) => outcome));
    heal();
    await bus.deadLetters.redrive();
    expect(report.handlers.map(({ outcome }) => outcome)).toStrictEqual(before);
  });

  it('chooses by filter and limit', async () => {
    const { bus, handled, heal } = sick();
    for (const data of [1, 2, 3, 4, 5, 6]) bus.emit(Tick, data);
    heal();
    const even = ({ event }: DeadLetter): boolean => (event.data as number) % 2 === 0;
    expect(await bus.deadLetters.redrive({ filter: even, limit: 2 })).toMatchObject({ redriven: 2 });
    expect(handled).toStrictEqual([2, 4]);
    expect(await keptIn(bus)).toStrictEqual([1, 3, 5, 6]);
    expect(await bus.deadLetters.redrive({ limit: 0 })).toMatchObject({ redriven: 0 });
  });

  it('of ten thousand letters keeps their order', async () => {
    const { bus, handled, heal } = sick();
    for (let data = 0; data < 10_000; data++) bus.emit(Tick, data);
    heal();
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 10_000, handled: 10_000 });
    expect(handled).toStrictEqual(Array.from({ length: 10_000 }, (_, index) => index));
  });
});

describe('a redriven event', () => {
  it(
    'goes to the tail of its lane',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { name: 'mail', concurrency: 2, key: ({ data }) => data % 10 });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      for (const data of [11, 21, 2]) bus.emit(Tick, data);
      const redriven = bus.deadLetters.redrive();
      for (let index = 1; index <= 4; index++) {
        await time.settle();
        held.call(index).succeed();
      }
      expect(await redriven).toMatchObject({ handled: 1 });
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 11, 2, 21, 1]);
    }),
  );

  it.each(['suspend', 'drop-newest', 'drop-oldest', 'fail'] as const)(
    'waits for room, so that no overflow policy loses it: %s',
    virtualTest(async ({ time }, overflow) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { name: 'mail', capacity: 0, overflow });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      bus.emit(Tick, 2);
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      expect(bus.stats().handlers).toMatchObject([{ suspended: 1, dead: 1, dropped: 0, rejected: 0 }]);
      held.call(1).succeed();
      await time.settle();
      held.call(2).succeed();
      expect(await redriven).toMatchObject({ redriven: 1, handled: 1 });
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 2, 1]);
    }),
  );

  it(
    'that a strategy drops is dropped: the letter goes, and the report says so',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { name: 'mail', strategy: 'exhaust' });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      bus.emit(Tick, 2);
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, dropped: 1, handled: 0 });
      expect(await keptIn(bus)).toStrictEqual([]);
      expect(bus.stats().handlers).toMatchObject([{ redriven: 1, droppedBy: { busy: 1 } }]);
    }),
  );

  it(
    'waits while its handler is paused',
    virtualTest(async ({ time }) => {
      const { bus, handled, subscription, heal } = sick();
      bus.emit(Tick, 1);
      heal();
      subscription.pause();
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      expect(handled).toStrictEqual([]);
      subscription.resume();
      expect(await redriven).toMatchObject({ handled: 1 });
    }),
  );

  it(
    'is abandoned into a letter again when its handler is unsubscribed meanwhile',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      const subscription = bus.on(Tick, held, { name: 'mail' });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      const redriven = bus.deadLetters.redrive();
      await time.settle();
      subscription.unsubscribe();
      expect(await redriven).toMatchObject({ redriven: 1, dead: 1 });
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'abandoned', redriven: 1, event: { data: 1 } }]);
    }),
  );

  it(
    'may itself be redriven by a subscriber of the letters, without an endless turn',
    virtualTest(async ({ time }) => {
      const { bus } = sick();
      const reports: Promise<unknown>[] = [];
      bus.deadLetters.subscribe(({ redriven }) => {
        if (redriven < 3) reports.push(bus.deadLetters.redrive());
      });
      bus.emit(Tick, 1);
      await time.settle();
      await Promise.all(reports);
      expect(await bus.deadLetters.list()).toMatchObject([{ redriven: 3 }]);
    }),
  );
});

describe('letters whose handler is not there', () => {
  it('are skipped and kept, and wait for a handler of their name', async () => {
    const { bus, subscription } = sick();
    bus.emit(Tick, 1);
    subscription.unsubscribe();
    expect(await bus.deadLetters.redrive()).toStrictEqual({ redriven: 0, handled: 0, dead: 0, dropped: 0, skipped: 1 });
    expect(await keptIn(bus)).toStrictEqual([1]);
    const successor: number[] = [];
    bus.on(Tick, ({ data }) => void successor.push(data), { name: 'mail' });
    expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 1, skipped: 0 });
    expect(successor).toStrictEqual([1]);
  });

  it('of an unnamed handler can be redriven while it lives', async () => {
    const bus = createEventBus();
    let isHealed = false;
    const subscription = bus.on(Tick, () => {
      if (!isHealed) throw new Error('broken');
    });
    for (const data of [1, 2]) bus.emit(Tick, data);
    isHealed = true;
    expect(await bus.deadLetters.redrive({ limit: 1 })).toMatchObject({ handled: 1 });
    subscription.unsubscribe();
    bus.on(Tick, () => undefined);
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
    expect(await keptIn(bus)).toStrictEqual([2]);
  });

  it('do not hold up the letters behind them', async () => {
    const { bus, handled, heal } = sick();
    const gone = bus.on(
      Tick,
      () => {
        throw new Error('broken');
      },
      { name: 'gone' },
    );
    for (const data of [1, 2]) bus.emit(Tick, data);
    gone.unsubscribe();
    heal();
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2, handled: 2, skipped: 2 });
    expect(handled).toStrictEqual([1, 2]);
  });

  it(
    'are skipped and kept when it takes nothing more, as it drains',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler();
      const subscription = bus.on(Tick, held, { name: 'mail', concurrency: 2 });
      bus.emit(Tick, 1);
      held.call(0).fail();
      await time.settle();
      bus.emit(Tick, 2);
      const drained = subscription.drain();
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
      expect(await keptIn(bus)).toStrictEqual([1]);
      held.call(1).succeed();
      await drained;
    }),
  );

  it('are skipped and kept by a queue that no handler ever had', async () => {
    const queue = createDeadLetterQueue<number>();
    queue.next(letterOf(1));
    expect(await queue.redrive()).toMatchObject({ skipped: 1 });
    expect(await queue.list()).toHaveLength(1);
  });
});

describe('redrives at the same time', () => {
  it(
    'do not hand out a letter twice',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const held = new HeldHandler<TickMessage>();
      bus.on(Tick, held, { name: 'mail', concurrency: 9 });
      for (const data of [1, 2]) bus.emit(Tick, data);
      for (const index of [0, 1]) held.call(index).fail();
      await time.settle();
      const [first, second] = [bus.deadLetters.redrive(), bus.deadLetters.redrive()];
      await time.settle();
      expect(await second).toMatchObject({ redriven: 0, skipped: 2 });
      for (const index of [2, 3]) held.call(index).succeed();
      expect(await first).toMatchObject({ redriven: 2, handled: 2 });
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 2, 1, 2]);
    }),
  );

  it(
    'do not hand out a letter again that another one has finished since',
    virtualTest(async ({ time }) => {
      const { bus, handled, heal } = sick();
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      heal();
      const slow = bus.deadLetters.redrive({ perSecond: 1 });
      await time.settle();
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2 });
      await time.advance(5_000);
      expect(await slow).toMatchObject({ redriven: 1, skipped: 2 });
      expect(handled).toStrictEqual([1, 2, 3]);
    }),
  );

  it(
    'do not hand out a letter that was discarded meanwhile',
    virtualTest(async ({ time }) => {
      const { bus, handled, heal } = sick();
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      heal();
      const slow = bus.deadLetters.redrive({ perSecond: 1 });
      await time.settle();
      await bus.deadLetters.discard({ filter: ({ event }) => event.data === 2 });
      await time.advance(5_000);
      expect(await slow).toMatchObject({ redriven: 2, handled: 2 });
      expect(handled).toStrictEqual([1, 3]);
    }),
  );
});

describe('the rate and the signal of a redrive', () => {
  it(
    'hands out so many letters a second',
    virtualTest(async ({ time }) => {
      const { bus, handled, heal } = sick();
      for (let data = 1; data <= 25; data++) bus.emit(Tick, data);
      heal();
      const redriven = bus.deadLetters.redrive({ perSecond: 10 });
      const counts: number[] = [];
      for (let second = 0; second < 3; second++) {
        await time.advance(950);
        counts.push(handled.length);
        await time.advance(50);
      }
      expect(counts).toStrictEqual([10, 20, 25]);
      expect(await redriven).toMatchObject({ redriven: 25 });
    }),
  );

  it(
    'keeps its rate by the clock of the bus',
    virtualTest(async ({ time }) => {
      const scheduler = new VirtualTimeScheduler();
      const { bus, handled, heal } = sick({}, { scheduler });
      for (const data of [1, 2, 3]) bus.emit(Tick, data);
      heal();
      const redriven = bus.deadLetters.redrive({ perSecond: 1 });
      await time.advance(60_000);
      expect(handled).toStrictEqual([1]);
      scheduler.flush();
      expect(scheduler.now()).toBe(2_000);
      expect(handled).toStrictEqual([1, 2, 3]);
      expect(await redriven).toMatchObject({ redriven: 3 });
    }),
  );

  it(
    'stops when it is aborted, with a report of what was handed out',
    virtualTest(async ({ time }) => {
      const { bus, handled, heal } = sick();
      for (const data of [1, 2, 3, 4]) bus.emit(Tick, data);
      heal();
      const controller = new AbortController();
      const redriven = bus.deadLetters.redrive({ perSecond: 1, signal: controller.signal });
      await time.advance(1_500);
      controller.abort();
      expect(await redriven).toStrictEqual({ redriven: 2, handled: 2, dead: 0, dropped: 0, skipped: 0 });
      await time.advance(5_000);
      expect(handled).toStrictEqual([1, 2]);
      expect(await keptIn(bus)).toStrictEqual([3, 4]);
    }),
  );

  it('hands out nothing if it was aborted before', async () => {
    const { bus, handled, heal } = sick();
    bus.emit(Tick, 1);
    heal();
    expect(await bus.deadLetters.redrive({ signal: AbortSignal.abort() })).toMatchObject({ redriven: 0 });
    expect(handled).toStrictEqual([]);
    expect(await keptIn(bus)).toStrictEqual([1]);
  });

  it('leaves nothing on the signal', async () => {
    const { bus, heal } = sick();
    bus.emit(Tick, 1);
    heal();
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    await bus.deadLetters.redrive({ signal });
    expect(remove.mock.calls.map(([, listener]) => listener)).toStrictEqual(
      add.mock.calls.map(([, listener]) => listener),
    );
  });

  it.each([
    [0, '0'],
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['10' as never, "'10'"],
  ])('refuses a rate of %s, before anything is handed out', async (perSecond, shown) => {
    const { bus } = sick();
    bus.emit(Tick, 1);
    await expect(bus.deadLetters.redrive({ perSecond })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      code: 'INVALID_OPTION',
      message: `Expected perSecond to be a finite number > 0, got ${shown}.`,
    });
    expect(bus.stats().handlers).toMatchObject([{ redriven: 0 }]);
  });

  it('refuses a rate so low that no timer could keep it', async () => {
    const { bus } = sick();
    await expect(bus.deadLetters.redrive({ perSecond: 1e-9 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('takes Infinity for no rate at all', async () => {
    const { bus, handled, heal } = sick();
    for (const data of [1, 2]) bus.emit(Tick, data);
    heal();
    await bus.deadLetters.redrive({ perSecond: Infinity });
    expect(handled).toStrictEqual([1, 2]);
  });
});

describe('a queue that several share', () => {
  it('redrives into the bus where the event died, also where both have a handler of that name', async () => {
    const deadLetters = createDeadLetterQueue();
    const [one, other] = [sick({}, { deadLetters }), sick({}, { deadLetters })];
    one.bus.emit(Tick, 1);
    other.bus.emit(Tick, 2);
    one.heal();
    other.heal();
    expect(await deadLetters.redrive()).toMatchObject({ handled: 2 });
    expect([one.handled, other.handled]).toStrictEqual([[1], [2]]);
  });

  it('redrives into a processor, named or not', async () => {
    const deadLetters = createDeadLetterQueue<number>();
    let isHealed = false;
    const handled: string[] = [];
    const handler = (name: string) => (event: number) => {
      if (!isHealed) throw new Error('broken');
      handled.push(`${name} ${event}`);
    };
    const named = createProcessor(handler('named'), { name: 'named', deadLetters });
    const unnamed = createProcessor(handler('unnamed'), { deadLetters });
    named.trySend(1);
    unnamed.trySend(2);
    isHealed = true;
    expect(await deadLetters.redrive()).toMatchObject({ handled: 2 });
    expect(handled).toStrictEqual(['named 1', 'unnamed 2']);
  });

  it('redrives what a store has kept from the run before, by name', async () => {
    const letters = new Map<string, DeadLetter>();
    const store = {
      add: (letter: DeadLetter) =>
        void letters.set(letter.id, structuredClone({ ...letter, event: letter.event.toJSON() }) as never),
      remove: (id: string) => void letters.delete(id),
      list: () => [...letters.values()],
    };
    const before = sick({}, { deadLetters: createDeadLetterQueue({ store }) });
    before.bus.emit(Tick, 1, { id: 'm1' });
    before.bus.close();
    const after = sick({}, { deadLetters: createDeadLetterQueue({ store }) });
    after.heal();
    expect(await after.bus.deadLetters.redrive()).toMatchObject({ handled: 1 });
    expect(after.handled).toStrictEqual([1]);
    expect(letters.size).toBe(0);
  });
});
