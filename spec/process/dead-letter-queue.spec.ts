import {
  ClosedError,
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  type DeadLetter,
  type DeadLetterStore,
  memoryDeadLetterStore,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { filter, isObservable, map, of, Subject, take, throwError, VirtualTimeScheduler } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';
import { letterOf } from '../support/letters.ts';

const printed = vi.spyOn(console, 'error');
beforeEach(() => void printed.mockImplementation(() => undefined).mockClear());
afterEach(() => void printed.mockReset());

/** The events of all letters that a queue keeps. */
async function kept<Item>(queue: { list(): Promise<readonly DeadLetter<Item>[]> }): Promise<Item[]> {
  return (await queue.list()).map(({ event }) => event);
}

describe('a dead-letter queue is a Subject', () => {
  it('that tells its subscribers of each letter, in order', () => {
    const queue = createDeadLetterQueue<number>();
    const seen: string[] = [];
    queue.subscribe(({ event }) => seen.push(`a${event}`));
    queue.subscribe({ next: ({ event }) => seen.push(`b${event}`) });
    for (const event of [1, 2]) queue.next(letterOf(event));
    expect(queue).toBeInstanceOf(Subject);
    expect(isObservable(queue)).toBe(true);
    expect(seen).toStrictEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('that keeps a letter before it tells of it', async () => {
    const queue = createDeadLetterQueue<number>();
    const lists: Promise<number[]>[] = [];
    queue.subscribe(() => lists.push(kept(queue)));
    queue.next(letterOf(1));
    expect(await Promise.all(lists)).toStrictEqual([[1]]);
  });

  it('that has any operator', () => {
    const queue = createDeadLetterQueue<number>();
    const seen: number[] = [];
    const complete = vi.fn();
    queue
      .pipe(
        filter(({ reason }) => reason === 'timeout'),
        map(({ event }) => event * 10),
        take(2),
      )
      .subscribe({ next: (value) => seen.push(value), complete });
    for (const event of [1, 2, 3]) {
      queue.next(letterOf(event, { reason: 'timeout' }));
      queue.next(letterOf(event, { reason: 'overflow' }));
    }
    expect(seen).toStrictEqual([10, 20]);
    expect(complete).toHaveBeenCalledOnce();
    expect(queue.observed).toBe(false);
  });

  it('that does nothing more for who has unsubscribed', () => {
    const queue = createDeadLetterQueue<number>();
    const seen = vi.fn();
    const subscription = queue.subscribe(({ event }) => seen(event));
    queue.next(letterOf(1));
    subscription.unsubscribe();
    queue.next(letterOf(2));
    expect(seen.mock.calls).toStrictEqual([[1]]);
    expect(queue.observed).toBe(false);
  });

  it('that can be fed by any source, and is not ended by it', async () => {
    const queue = createDeadLetterQueue<number>();
    const [seen, complete, errored, reported] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
    queue.errors.subscribe(({ kind, error }) => reported(kind, error));
    queue.subscribe({ next: ({ event }) => seen(event), complete, error: errored });
    of(letterOf(1)).subscribe(queue);
    throwError(() => 'broken source').subscribe(queue);
    of(letterOf(2)).subscribe(queue);
    expect(seen.mock.calls).toStrictEqual([[1], [2]]);
    expect(complete).not.toHaveBeenCalled();
    expect(errored).not.toHaveBeenCalled();
    expect(reported.mock.calls).toStrictEqual([['subject', 'broken source']]);
    expect(await kept(queue)).toStrictEqual([1, 2]);
  });

  it('whose unsubscribe lets its subscribers go, and harms no event: its letters are still kept', async () => {
    const bus = createEventBus();
    const seen = vi.fn();
    bus.on(
      Tick,
      () => {
        throw new Error('broken');
      },
      { name: 'mail' },
    );
    bus.deadLetters.subscribe(seen);
    bus.deadLetters.unsubscribe();
    for (const data of [1, 2]) bus.emit(Tick, data);
    expect(seen).not.toHaveBeenCalled();
    expect(bus.stats().handlers).toMatchObject([{ accepted: 2, dead: 2, pending: 0 }]);
    expect(await kept(bus.deadLetters)).toMatchObject([{ data: 1 }, { data: 2 }]);
  });

  it('that tells everybody of one letter before the next, also of one that a subscriber causes', () => {
    const queue = createDeadLetterQueue<number>();
    const [a, b]: [number[], number[]] = [[], []];
    queue.subscribe(({ event }) => {
      a.push(event);
      if (event < 3) queue.next(letterOf(event + 1));
    });
    queue.subscribe(({ event }) => b.push(event));
    queue.next(letterOf(1));
    expect(a).toStrictEqual([1, 2, 3]);
    expect(b).toStrictEqual([1, 2, 3]);
  });

  it('that gives no past to who comes late: list has it', async () => {
    const queue = createDeadLetterQueue<number>();
    const seen = vi.fn();
    queue.next(letterOf(1));
    queue.subscribe(seen);
    expect(seen).not.toHaveBeenCalled();
    expect(await kept(queue)).toStrictEqual([1]);
  });
});

describe('a subscriber that fails', () => {
  const broken = new Error('broken subscriber');
  const subscribers: readonly [how: string, next: () => void][] = [
    [
      'throws',
      () => {
        throw broken;
      },
    ],
    ['rejects', () => Promise.reject(broken) as never],
  ];

  it.each(subscribers)(
    'harms nobody, stays subscribed, and is reported: it %s',
    virtualTest(async ({ time }, _, next) => {
      const queue = createDeadLetterQueue<number>();
      const [seen, reported] = [vi.fn(), vi.fn()];
      queue.errors.subscribe((report) => reported(report));
      queue.subscribe(next);
      queue.subscribe(({ event }) => seen(event));
      queue.next(letterOf(1));
      queue.next(letterOf(2));
      await time.settle();
      expect(seen.mock.calls).toStrictEqual([[1], [2]]);
      const report = { kind: 'dead-letter-subscriber', error: broken, handler: 'mail' };
      expect(reported.mock.calls).toStrictEqual([[report], [report]]);
    }),
  );

  // A tutorial's failing dead-letter handler feeds itself, 9,600 times a second.
  it.each(subscribers)(
    'never makes a dead letter, and so never feeds itself: it %s',
    virtualTest(async ({ time }, _, next) => {
      const bus = createEventBus();
      const calls = vi.fn(next);
      bus.errors.subscribe(() => undefined);
      bus.on(Tick, () => Promise.reject(new Error('broken')), { retry: { maxAttempts: 2, delayMs: 0 } });
      bus.deadLetters.subscribe(() => calls());
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      expect(calls).toHaveBeenCalledTimes(3);
      expect(await bus.deadLetters.list()).toHaveLength(3);
      expect(bus.stats().handlers).toMatchObject([{ accepted: 3, dead: 3, pending: 0 }]);
    }),
  );

  it('by an operator ends its own pipeline only', () => {
    const queue = createDeadLetterQueue<number>();
    const [seen, errored] = [vi.fn(), vi.fn()];
    queue
      .pipe(
        map(() => {
          throw broken;
        }),
      )
      .subscribe({ error: errored });
    queue.subscribe(({ event }) => seen(event));
    queue.next(letterOf(1));
    queue.next(letterOf(2));
    expect(errored.mock.calls).toStrictEqual([[broken]]);
    expect(seen.mock.calls).toStrictEqual([[1], [2]]);
  });
});

describe('an unread queue', () => {
  // A tutorial's failures channel that nobody reads stops everything.
  it('stops nothing: no handler waits for a subscriber', async () => {
    const bus = createEventBus();
    bus.on(Tick, () => Promise.reject(new Error('broken')), { name: 'broken' });
    for (let data = 0; data < 2_000; data++) await bus.publish(Tick, data);
    expect(bus.stats().handlers).toMatchObject([{ dead: 2_000, pending: 0 }]);
    bus.on(Tick, () => new Promise(() => undefined), { name: 'hanging' });
    bus.emit(Tick, 0);
    bus.close();
    expect(bus.stats().handlers.map(({ pending }) => pending)).toStrictEqual([0, 0]);
  });
});

describe('the bound of a queue', () => {
  it('is 10,000 letters by default: the oldest goes, and is reported', async () => {
    const queue = createDeadLetterQueue<number>();
    const reported = vi.fn();
    queue.errors.subscribe(({ kind, error, handler }) => reported(kind, (error as Error).message, handler));
    for (let event = 0; event < 10_002; event++) queue.next(letterOf(event));
    const events = await kept(queue);
    expect([events.length, events[0], events.at(-1)]).toStrictEqual([10_000, 2, 10_001]);
    expect(reported.mock.calls).toStrictEqual(
      [0, 1].map((event) => [
        'evicted',
        `Expected at most 10000 dead letters, got one more: letter letter ${event}, the oldest, was let go. Redrive or discard letters, raise maxSize, or give the queue a store.`,
        'mail',
      ]),
    );
  });

  it('is counted when it lets letters go, for the stats of the queue and of its bus', () => {
    const deadLetters = createDeadLetterQueue({ maxSize: 2 });
    const bus = createEventBus({ deadLetters });
    bus.on(Tick, () => {
      throw new Error('broken');
    });
    for (const data of [1, 2, 3, 4, 5]) bus.emit(Tick, data);
    expect(deadLetters.stats()).toStrictEqual({ received: 5, evicted: 3, storing: 0 });
    expect(bus.stats().deadLetters).toStrictEqual(deadLetters.stats());
  });

  it('can be another', async () => {
    const queue = createDeadLetterQueue<number>({ maxSize: 2 });
    for (const event of [1, 2, 3]) queue.next(letterOf(event));
    expect(await kept(queue)).toStrictEqual([2, 3]);
    const unbounded = createDeadLetterQueue<number>({ maxSize: Infinity });
    for (let event = 0; event < 10_002; event++) unbounded.next(letterOf(event));
    expect(await unbounded.list()).toHaveLength(10_002);
  });

  it('has room again when letters have gone', async () => {
    const queue = createDeadLetterQueue<number>({ maxSize: 2 });
    for (const event of [1, 2]) queue.next(letterOf(event));
    await queue.discard({ limit: 1 });
    queue.next(letterOf(3));
    expect(await kept(queue)).toStrictEqual([2, 3]);
    expect(printed).not.toHaveBeenCalled();
  });

  it.each([0, -1, 1.5, Number.NaN, '5'])('cannot be %s', (maxSize) => {
    const shown = typeof maxSize === 'string' ? `'${maxSize}'` : maxSize;
    const error = expect.objectContaining({
      name: 'InvalidOptionError',
      code: 'INVALID_OPTION',
      message: `Expected maxSize to be a whole number ≥ 1 or Infinity, got ${shown}.`,
    });
    expect(() => createDeadLetterQueue({ maxSize: maxSize as number })).toThrow(error);
    expect(() => memoryDeadLetterStore({ maxSize: maxSize as number })).toThrow(error);
  });
});

describe('list', () => {
  async function filled() {
    const queue = createDeadLetterQueue<number>();
    for (const event of [1, 2, 3, 4]) await queue.add(letterOf(event, { handler: event % 2 ? 'odd' : 'even' }));
    return queue;
  }

  it('has the letters, the oldest first', async () => {
    const queue = await filled();
    expect(await kept(queue)).toStrictEqual([1, 2, 3, 4]);
  });

  it('has those that the filter chooses, and at most as many as the limit', async () => {
    const queue = await filled();
    const even = ({ handler }: DeadLetter<number>): boolean => handler === 'even';
    const events = async (...all: Parameters<typeof queue.list>): Promise<number[]> =>
      (await queue.list(...all)).map(({ event }) => event);
    expect(await events({ filter: even })).toStrictEqual([2, 4]);
    expect(await events({ limit: 3 })).toStrictEqual([1, 2, 3]);
    expect(await events({ filter: even, limit: 1 })).toStrictEqual([2]);
    expect(await events({ limit: 0 })).toStrictEqual([]);
    expect(await events({ limit: Infinity })).toStrictEqual([1, 2, 3, 4]);
  });

  it('is a copy: what is done to it is not done to the queue', async () => {
    const queue = await filled();
    ((await queue.list()) as DeadLetter<number>[]).length = 0;
    expect(await queue.list()).toHaveLength(4);
  });

  it.each([
    [{ limit: -1 }, 'Expected limit to be a whole number ≥ 0 or Infinity, got -1.'],
    [{ limit: 1.5 }, 'Expected limit to be a whole number ≥ 0 or Infinity, got 1.5.'],
    [{ limit: Number.NaN }, 'Expected limit to be a whole number ≥ 0 or Infinity, got NaN.'],
    [{ filter: 'mail' as never }, "Expected filter to be a function, got 'mail'."],
  ])('refuses %o, as discard and redrive do', async (selection, message) => {
    const queue = await filled();
    const error = { name: 'InvalidOptionError', code: 'INVALID_OPTION', message };
    await expect(queue.list(selection)).rejects.toMatchObject(error);
    await expect(queue.discard(selection)).rejects.toMatchObject(error);
    await expect(queue.redrive(selection)).rejects.toMatchObject(error);
    expect(await queue.list()).toHaveLength(4);
  });
});

describe('discard', () => {
  it('lets letters go, all or the chosen ones, and says how many', async () => {
    const queue = createDeadLetterQueue<number>();
    for (const event of [1, 2, 3, 4, 5]) queue.next(letterOf(event));
    expect(await queue.discard({ filter: ({ event }) => event > 2, limit: 2 })).toBe(2);
    expect(await kept(queue)).toStrictEqual([1, 2, 5]);
    expect(await queue.discard()).toBe(3);
    expect(await queue.discard()).toBe(0);
    expect(await kept(queue)).toStrictEqual([]);
  });
});

const later = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

/** A store in memory that answers later, and fails as often as it is told to. */
class LaterStore implements DeadLetterStore<number> {
  readonly letters: DeadLetter<number>[] = [];
  failures = 0;
  failsBy: 'rejecting' | 'throwing' = 'rejecting';

  add(letter: DeadLetter<number>): Promise<void> {
    return this.#work(() => void this.letters.push(letter));
  }

  remove(id: string): Promise<void> {
    return this.#work(() => {
      const index = this.letters.findIndex((letter) => letter.id === id);
      if (index >= 0) this.letters.splice(index, 1);
    });
  }

  list(): Promise<readonly DeadLetter<number>[]> {
    return this.#work(() => [...this.letters]);
  }

  #work<Result>(work: () => Result): Promise<Result> {
    const fails = this.failures > 0;
    if (fails) this.failures--;
    if (fails && this.failsBy === 'throwing') throw new Error('disk full');
    return later().then(() => {
      if (fails) throw new Error('disk full');
      return work();
    });
  }
}

describe('a store that answers later', () => {
  it(
    'is awaited before anybody is told',
    virtualTest(async () => {
      const store = new LaterStore();
      const queue = createDeadLetterQueue<number>({ store });
      const seen = vi.fn();
      queue.subscribe(() => seen(store.letters.length));
      const stored = queue.add(letterOf(1));
      expect(seen).not.toHaveBeenCalled();
      await stored;
      expect(seen.mock.calls).toStrictEqual([[1]]);
    }),
  );

  it(
    'is awaited before the event has ended: a report or an acknowledgement means that the letter is safe',
    virtualTest(async ({ time }) => {
      let store: (() => void) | undefined;
      const add = (): Promise<void> =>
        new Promise((resolve) => {
          store = resolve;
        });
      const deadLetters = createDeadLetterQueue<number>({ store: { add, remove: () => undefined, list: () => [] } });
      const processor = createProcessor<number>(() => Promise.reject(new Error('broken')), { deadLetters });
      const { settled: ended } = await processor.send(1);
      const hasEnded = vi.fn();
      void ended.then(hasEnded);
      await time.settle();
      expect(hasEnded).not.toHaveBeenCalled();
      expect(deadLetters.stats()).toMatchObject({ received: 1, storing: 1 });
      expect(processor.stats()).toMatchObject({ dead: 0, pending: 1, betweenAttempts: 1 });
      store?.();
      expect(await ended).toMatchObject({ outcome: 'dead', reason: 'exhausted' });
      expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
    }),
  );

  it(
    'serves list and discard',
    virtualTest(async () => {
      const queue = createDeadLetterQueue<number>({ store: new LaterStore() });
      for (const event of [1, 2, 3]) await queue.add(letterOf(event));
      expect(await queue.discard({ limit: 2 })).toBe(2);
      expect(await kept(queue)).toStrictEqual([3]);
    }),
  );
});

describe('a store that is closed', () => {
  const closed = new ClosedError('store');
  const fail = (): Promise<never> => Promise.reject(closed);

  it(
    'is not asked again, and has not kept the letter',
    virtualTest(async ({ time }) => {
      const add = vi.fn(fail);
      const queue = createDeadLetterQueue<number>({ store: { add, remove: fail, list: fail } });
      const reported: unknown[] = [];
      queue.errors.subscribe(({ error }) => reported.push(error));
      const stored = vi.fn();
      void queue.add(letterOf(1))?.then(stored);
      await time.advance(60_000);
      expect(add).toHaveBeenCalledOnce();
      expect(reported).toStrictEqual([closed]);
      expect(stored).not.toHaveBeenCalled();
      expect(queue.stats()).toMatchObject({ storing: 1 });
      expect(await queue.flush(0)).toBe(false);
      await expect(queue.list()).rejects.toBe(closed);
    }),
  );
});

describe.each(['rejecting', 'throwing'] as const)('a store that fails by %s', (failsBy) => {
  function failing(failures: number) {
    const store = new LaterStore();
    Object.assign(store, { failures, failsBy });
    const queue = createDeadLetterQueue<number>({ store });
    const reported: unknown[] = [];
    queue.errors.subscribe(({ kind, error }) => reported.push([Date.now(), kind, (error as Error).message]));
    return { store, queue, reported };
  }

  it(
    'is tried again with growing delays, and reported each time',
    virtualTest(async ({ time }) => {
      const { store, queue, reported } = failing(3);
      const seen = vi.fn();
      queue.subscribe(() => seen(time.now));
      const stored = queue.add(letterOf(1));
      for (const ms of [100, 200, 400]) {
        expect(store.letters).toHaveLength(0);
        await time.advance(ms);
      }
      await stored;
      expect(store.letters).toHaveLength(1);
      expect(seen.mock.calls).toStrictEqual([[700]]);
      expect(reported).toStrictEqual([
        [0, 'dead-letter-store', 'disk full'],
        [100, 'dead-letter-store', 'disk full'],
        [300, 'dead-letter-store', 'disk full'],
      ]);
    }),
  );

  it(
    'is tried again by the clock of the queue',
    virtualTest(async ({ time }) => {
      const store = new LaterStore();
      Object.assign(store, { failures: 1, failsBy });
      const scheduler = new VirtualTimeScheduler();
      const queue = createDeadLetterQueue<number>({ store, scheduler });
      queue.errors.subscribe(() => undefined);
      const stored = queue.add(letterOf(1));
      await time.advance(60_000);
      expect(store.letters).toHaveLength(0);
      scheduler.flush();
      expect(scheduler.now()).toBe(100);
      await stored;
      expect(store.letters).toHaveLength(1);
    }),
  );

  it(
    'is tried every 30 seconds in the end, for as long as it takes: a letter in hand is not let go',
    virtualTest(async ({ time }) => {
      const { store, queue, reported } = failing(20);
      const stored = queue.add(letterOf(1));
      for (let tries = 0; tries < 25 && store.letters.length === 0; tries++) await time.advance(30_000);
      await stored;
      expect(store.letters).toHaveLength(1);
      expect(reported).toHaveLength(20);
    }),
  );

  it(
    'holds up its own event only',
    virtualTest(async ({ time }) => {
      const { store, queue } = failing(1);
      const handled: number[] = [];
      const processor = createProcessor<number>(
        (event) => {
          if (event === 1) throw new Error('broken');
          handled.push(event);
        },
        { deadLetters: queue, concurrency: 2 },
      );
      for (const event of [1, 2, 3]) processor.trySend(event);
      await time.settle();
      expect(handled).toStrictEqual([2, 3]);
      expect(processor.stats()).toMatchObject({ handled: 2, dead: 0, pending: 1 });
      await time.advance(100);
      expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
      expect(store.letters).toHaveLength(1);
    }),
  );

  it.each(['list', 'discard', 'redrive'] as const)(
    'is tried again by %s as well',
    virtualTest(async ({ time }, method) => {
      const { store, queue, reported } = failing(0);
      await queue.add(letterOf(1));
      store.failures = 1;
      const done = queue[method]().catch((error: unknown) => error);
      await time.advance(100);
      await time.advance(0);
      expect(await done).not.toBeInstanceOf(Error);
      expect(reported).toStrictEqual([[0, 'dead-letter-store', 'disk full']]);
    }),
  );

  it(
    'while a redriven letter is removed is tried again, and the redrive ends after that',
    virtualTest(async ({ time }) => {
      const { store, queue, reported } = failing(0);
      await queue.add(letterOf(1));
      const handled = vi.fn(() => {
        store.failures = 1;
      });
      createProcessor<number>(() => handled(), { name: 'mail', deadLetters: queue });
      const redriven = queue.redrive();
      await time.settle();
      expect(store.letters).toHaveLength(1);
      await time.advance(100);
      await time.settle();
      expect(await redriven).toMatchObject({ redriven: 1, handled: 1 });
      expect(handled).toHaveBeenCalledOnce();
      expect(store.letters).toStrictEqual([]);
      expect(reported).toStrictEqual([[0, 'dead-letter-store', 'disk full']]);
    }),
  );
});

describe('flush', () => {
  function withStore(add: (letter: DeadLetter<number>) => Promise<void> | void) {
    const store = { add, remove: () => undefined, list: () => [] };
    return { queue: createDeadLetterQueue<number>({ store }) };
  }

  it('resolves at once when every letter is stored', async () => {
    expect(await createDeadLetterQueue().flush()).toBe(true);
    const { queue } = withStore(() => undefined);
    queue.next(letterOf(1));
    expect(await queue.flush()).toBe(true);
  });

  it(
    'waits until every letter is stored, those that come meanwhile included',
    virtualTest(async ({ time }) => {
      const pending: (() => void)[] = [];
      const { queue } = withStore(
        () =>
          new Promise((resolve) => {
            pending.push(resolve);
          }),
      );
      queue.next(letterOf(1));
      const isFlushed = vi.fn();
      const flushed = queue.flush().then(isFlushed);
      queue.next(letterOf(2));
      pending[0]!();
      await time.settle();
      expect(isFlushed).not.toHaveBeenCalled();
      pending[1]!();
      await flushed;
      expect(isFlushed.mock.calls).toStrictEqual([[true]]);
    }),
  );

  it(
    'waits no longer than it is told, and says that it was in vain',
    virtualTest(async ({ time }) => {
      const { queue } = withStore(() => new Promise(() => undefined));
      queue.next(letterOf(1));
      const flushed = queue.flush(50);
      await time.advance(50);
      expect(await flushed).toBe(false);
    }),
  );

  it(
    'waits for a store that fails and is tried again',
    virtualTest(async ({ time }) => {
      let failures = 1;
      const { queue } = withStore(() => {
        if (failures-- > 0) throw new Error('disk full');
      });
      queue.errors.subscribe(() => undefined);
      queue.next(letterOf(1));
      const flushed = queue.flush(200);
      await time.advance(100);
      expect(await flushed).toBe(true);
    }),
  );

  it.each([-1, Number.NaN])('refuses to wait for %s milliseconds', async (withinMs) => {
    await expect((async () => createDeadLetterQueue().flush(withinMs))()).rejects.toMatchObject({
      name: 'InvalidOptionError',
      code: 'INVALID_OPTION',
      message: `Expected withinMs to be milliseconds ≥ 0 and ≤ 2147483647, got ${withinMs}.`,
    });
  });
});

describe('memoryDeadLetterStore', () => {
  it('replaces a letter of the same id, and forgets none for it', () => {
    const evicted = vi.fn();
    const store = memoryDeadLetterStore<number>({ maxSize: 2, onEvicted: evicted });
    void store.add(letterOf(1));
    void store.add(letterOf(2));
    void store.add(letterOf(2, { redriven: 1 }));
    expect(store.list()).toMatchObject([
      { event: 1, redriven: 0 },
      { event: 2, redriven: 1 },
    ]);
    expect(evicted).not.toHaveBeenCalled();
  });

  it('lets the oldest go when it is full, and tells', () => {
    const evicted = vi.fn();
    const store = memoryDeadLetterStore<number>({ maxSize: 1, onEvicted: ({ event }) => evicted(event) });
    void store.add(letterOf(1));
    void store.add(letterOf(2));
    expect(evicted.mock.calls).toStrictEqual([[1]]);
  });

  it('takes the removal of an unknown id for done', () => {
    const store = memoryDeadLetterStore<number>();
    void store.add(letterOf(1));
    expect(() => store.remove('unknown')).not.toThrow();
    expect(store.list()).toHaveLength(1);
  });
});

describe('errors of a queue', () => {
  it('are printed once a kind if nobody listens', () => {
    const queue = createDeadLetterQueue<number>({ maxSize: 1 });
    queue.subscribe(() => {
      throw new Error('broken');
    });
    for (const event of [1, 2, 3]) queue.next(letterOf(event));
    expect(printed.mock.calls.map(([text]) => text as string)).toStrictEqual([
      'millrace: dead-letter-subscriber error; subscribe to errors to see all of them.',
      'millrace: evicted error; subscribe to errors to see all of them.',
    ]);
  });

  it('reach every bus that shares the queue', () => {
    const deadLetters = createDeadLetterQueue({ maxSize: 1 });
    const [one, other] = [createEventBus({ deadLetters }), createEventBus({ deadLetters })];
    const [first, second] = [vi.fn(), vi.fn()];
    one.errors.subscribe(({ kind }) => first(kind));
    other.errors.subscribe(({ kind }) => second(kind));
    deadLetters.error(new Error('broken'));
    expect(first.mock.calls).toStrictEqual([['subject']]);
    expect(second.mock.calls).toStrictEqual([['subject']]);
  });
});
