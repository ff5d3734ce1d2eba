import {
  type Channel,
  createChannel,
  createDeadLetterQueue,
  type DeadLetter,
  type DrainOptions,
  type DrainReport,
  type HandlerContext,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { asyncScheduler, firstValueFrom, NEVER, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { Producer } from '../support/producer.ts';
import { CountingScheduler } from '../support/stepped-clock.ts';
import { playing } from '../support/watch.ts';
import { watchChannel } from '../support/watched-channel.ts';

const NOTHING: DrainReport = { completed: true, handled: 0, dead: 0, dropped: 0, abandoned: 0, durationMs: 0 };

/** Drains, and keeps the report when it comes. */
function drained(
  drainable: { drain(options?: DrainOptions): Promise<DrainReport> },
  options?: DrainOptions,
): { report?: DrainReport } {
  const kept: { report?: DrainReport } = {};
  void drainable.drain(options).then((report) => (kept.report = report));
  return kept;
}

function heldWorkers(concurrency = 1) {
  const held = new HeldHandler<string, HandlerContext>();
  const channel = createChannel<string>();
  const workers = channel.process(held.handle, { name: 'pack', concurrency });
  return { held, channel, workers };
}

function sendAll(channel: Channel<string>, items: string): void {
  for (const item of items) channel.trySend(item);
}

describe('drain of workers', () => {
  it(
    'of a closed channel finishes all that is in it',
    marbles((m) => {
      const sent = '   (abcd)';
      const drain = '  --x';
      const started = 'a---b--c--cd';
      const { channel, workers, started$ } = watchChannel(
        playing(m, { a: '----|', b: '---|', c: ['#', '-|'], d: '|' }),
        {
          retry: { delayMs: 3 },
          channel: { scheduler: m.scheduler },
        },
      );
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.hot(drain).subscribe(() => {
        channel.close();
        void workers.drain();
      });
      m.expect(started$).toBeObservable(started);
      m.flush();
      expect(workers.stats()).toMatchObject({ state: 'closed', handled: 4 });
    }),
  );

  it(
    'of an open channel finishes what they took, and leaves the rest to others',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers(2);
      sendAll(channel, 'abcd');
      const kept = drained(workers);
      expect(channel.trySend('e')).toBe(true);
      held.call(0).succeed();
      held.call(1).succeed();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: true, handled: 2, abandoned: 0 });
      expect(held.calls).toHaveLength(2);
      expect(channel.stats()).toMatchObject({ state: 'open', waiting: 3 });
      const seen: string[] = [];
      channel.events().subscribe((item) => seen.push(item));
      expect(seen).toEqual(['c', 'd', 'e']);
    }),
  );

  it(
    'that began before the channel was closed finishes the rest, too, with every slot',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers(2);
      sendAll(channel, 'ab');
      const kept = drained(workers);
      held.call(0).succeed();
      await time.settle();
      sendAll(channel, 'cd');
      expect(held.calls).toHaveLength(2);
      channel.close();
      expect(held.calls.map(({ event }) => event)).toEqual(['a', 'b', 'c']);
      for (const index of [1, 2]) held.call(index).succeed();
      await time.settle();
      held.call(3).succeed();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: true, handled: 4 });
    }),
  );

  it(
    'that are paused goes on',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers();
      workers.pause();
      sendAll(channel, 'a');
      channel.close();
      const kept = drained(workers);
      held.call(0).succeed();
      await time.settle();
      expect(kept.report).toMatchObject({ handled: 1 });
    }),
  );

  it(
    'makes letters of what they took at its deadline, and leaves the rest in the channel',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers();
      sendAll(channel, 'abc');
      const kept = drained(workers, { deadlineMs: 10 });
      await time.advance(10);
      expect(kept.report).toEqual({ ...NOTHING, completed: false, dead: 1, abandoned: 1, durationMs: 10 });
      expect(held.call(0).context.signal.aborted).toBe(true);
      expect(channel.stats()).toMatchObject({ waiting: 2, abandoned: 0 });
    }),
  );

  it('sends what waits for a batch as it is', async () => {
    const channel = createChannel<string>();
    const batches: (readonly string[])[] = [];
    const workers = channel.process((items) => batches.push(items), { batch: { maxSize: 5, maxWaitMs: Infinity } });
    sendAll(channel, 'ab');
    await workers.drain();
    expect(batches).toEqual([['a', 'b']]);
    expect(channel.trySend('c')).toBe(true);
  });

  it.each([-1, NaN, '5'])('refuses a deadline of %s, and drains nothing then', async (deadlineMs) => {
    const { channel, workers, held } = heldWorkers();
    await expect(workers.drain({ deadlineMs: deadlineMs as number })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(channel.drain({ deadlineMs: deadlineMs as number })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    sendAll(channel, 'a');
    expect(held.calls).toHaveLength(1);
    expect(workers.stats().state).toBe('open');
  });
});

describe('drain of a channel', () => {
  it(
    'closes it, and reports what ended since it began, and how long it took',
    virtualTest(async ({ time }) => {
      const { held, channel } = heldWorkers(2);
      sendAll(channel, 'abcdef');
      held.call(0).succeed();
      await time.advance(5);
      const kept = drained(channel);
      expect(channel.isClosed).toBe(true);
      await time.advance(20);
      held.call(1).fail();
      for (let index = 2; index < 6; index++) {
        expect(kept.report).toBeUndefined();
        held.call(index).succeed();
        await time.settle();
      }
      expect(kept.report).toEqual({ ...NOTHING, handled: 4, dead: 1, durationMs: 20 });
      expect(channel.stats()).toMatchObject({ accepted: 6, handedOut: 6, waiting: 0, workers: [] });
    }),
  );

  it(
    'counts the last item, which one that is handled at once is, too',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      let isFirst = true;
      channel.process(() => (isFirst ? ((isFirst = false), time.settle()) : undefined));
      sendAll(channel, 'abc');
      expect(await channel.drain()).toMatchObject({ completed: true, handled: 3 });
    }),
  );

  it(
    'counts what all pools of workers did, also those that closed meanwhile',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers();
      sendAll(channel, 'abcd');
      const others = channel.process(() => timer(1), { name: 'others' });
      const kept = drained(channel);
      workers.close();
      await time.settle();
      await others.drain();
      await time.settle();
      expect(held.calls).toHaveLength(1);
      expect(kept.report).toMatchObject({ completed: false, handled: 3, dead: 1, abandoned: 1 });
    }),
  );

  it(
    'waits for readers to take the rest',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      sendAll(channel, 'abc');
      const kept = drained(channel);
      const iterator = channel[Symbol.asyncIterator]();
      await iterator.next();
      await time.settle();
      expect(kept.report).toBeUndefined();
      const seen: string[] = [];
      channel.events().subscribe((item) => seen.push(item));
      await time.settle();
      expect(kept.report).toEqual({ ...NOTHING, durationMs: kept.report!.durationMs });
      expect(seen).toEqual(['b', 'c']);
      expect(await iterator.next()).toEqual({ value: undefined, done: true });
    }),
  );

  it('refuses producers that wait', async () => {
    const { channel, held } = heldWorkers();
    const full = createChannel<string>({ capacity: 0 });
    const producer = new Producer(full);
    producer.sendAll('ab');
    expect(await full.drain()).toMatchObject({ completed: true, handled: 0, dead: 0 });
    expect(producer.told).toEqual(['a refused: ClosedError', 'b refused: ClosedError']);
    expect([channel.stats().rejected, held.calls.length]).toEqual([0, 0]);
  });

  it(
    'makes letters at its deadline of what waits, and of what workers have not finished',
    virtualTest(async ({ time }) => {
      const { held, channel, workers } = heldWorkers();
      sendAll(channel, 'abc');
      const kept = drained(channel, { deadlineMs: 10 });
      await time.advance(9);
      expect(kept.report).toBeUndefined();
      await time.advance(1);
      expect(kept.report).toEqual({ ...NOTHING, completed: false, dead: 3, abandoned: 3, durationMs: 10 });
      expect(held.call(0).context.signal.aborted).toBe(true);
      expect(workers.closed).toBe(true);
      const letters = await channel.deadLetters.list();
      expect(
        letters.map(({ event, handler, reason, attempts, time: at }) => ({ event, handler, reason, attempts, at })),
      ).toEqual([
        { event: 'b', handler: 'channel', reason: 'abandoned', attempts: [], at: 10 },
        { event: 'c', handler: 'channel', reason: 'abandoned', attempts: [], at: 10 },
        { event: 'a', handler: 'pack', reason: 'abandoned', attempts: [], at: 10 },
      ]);
      expect(letters[0]!.error).toMatchObject({
        code: 'ABANDONED',
        message:
          "Expected a consumer of channel 'channel' to take its items, but it was closed first. Send the item again, or drain() with a later deadline.",
      });
      expect(channel.stats()).toMatchObject({ accepted: 3, handedOut: 1, waiting: 0, abandoned: 2 });
    }),
  );

  it(
    'is one drain, however often it is called: the earliest deadline counts, and no timer is left',
    virtualTest(async ({ time }) => {
      const { channel } = heldWorkers();
      sendAll(channel, 'a');
      const reports = [drained(channel), drained(channel, { deadlineMs: 100 }), drained(channel, { deadlineMs: 20 })];
      await time.advance(20);
      reports.push(drained(channel), drained(channel, { deadlineMs: 1_000 }));
      await time.settle();
      for (const { report } of reports) {
        expect(report).toMatchObject({ completed: false, abandoned: 1, durationMs: 20 });
      }
      await time.runAll();
      expect(time.now).toBe(20);
    }),
  );

  it(
    'leaves no timer when it is done before its deadline',
    virtualTest(async () => {
      const timers = new CountingScheduler(asyncScheduler);
      const channel = createChannel<string>({ scheduler: timers });
      channel.process(() => undefined);
      sendAll(channel, 'ab');
      expect(await channel.drain({ deadlineMs: 60_000 })).toMatchObject({ completed: true });
      expect(timers.outstanding).toBe(0);
    }),
  );

  it(
    'resolves at once when nothing is there',
    virtualTest(async () => {
      const channel = createChannel<string>();
      channel.process(() => undefined);
      expect(await channel.drain()).toEqual(NOTHING);
      expect(channel.stats().workers).toEqual([]);
    }),
  );

  it(
    'drains workers that come while it waits',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      sendAll(channel, 'abc');
      const kept = drained(channel);
      await time.settle();
      const batches: (readonly string[])[] = [];
      const workers = channel.process((items) => batches.push(items), { batch: { maxSize: 2, maxWaitMs: Infinity } });
      await time.settle();
      expect(batches).toEqual([['a', 'b'], ['c']]);
      expect(kept.report).toMatchObject({ completed: true, handled: 3 });
      expect(workers.closed).toBe(true);
    }),
  );

  it(
    'may begin within a handler, which it waits for',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      let report: Promise<DrainReport> | undefined;
      channel.process(async (item) => {
        if (item === 'a') report = channel.drain();
        await time.advance(1);
      });
      sendAll(channel, 'ab');
      expect(await report).toMatchObject({ completed: true, handled: 1 });
      expect(channel.stats()).toMatchObject({ accepted: 1, rejected: 1 });
    }),
  );

  it('may begin within the handler of the last item, called by process', async () => {
    const channel = createChannel<string>();
    sendAll(channel, 'ab');
    let report: Promise<DrainReport> | undefined;
    channel.process((item) => {
      if (item === 'b') report = channel.drain();
    });
    expect(await report).toMatchObject({ completed: true, handled: 1 });
  });

  it('counts what is being given up when it begins as dead and abandoned, or as neither', async () => {
    const { channel, workers } = heldWorkers(2);
    sendAll(channel, 'ab');
    let report: Promise<DrainReport> | undefined;
    channel.deadLetters.subscribe(() => {
      report ??= channel.drain();
    });
    workers.close();
    const { dead, abandoned, completed } = (await report)!;
    expect({ dead, completed }).toEqual({ dead: abandoned, completed: abandoned === 0 });
  });

  it(
    'waits until its letters are stored, for as long as it has',
    virtualTest(async ({ time }) => {
      const stored: string[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async (letter) => {
            await time.advance(5);
            stored.push(letter.event);
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      const channel = createChannel<string>({ deadLetters });
      sendAll(channel, 'ab');
      const kept = drained(channel, { deadlineMs: 10 });
      await time.advance(14);
      expect(kept.report).toBeUndefined();
      await time.advance(1);
      expect({ stored, report: kept.report }).toMatchObject({ stored: ['a', 'b'], report: { abandoned: 2, dead: 2 } });
    }),
  );

  it(
    'passes on what a store has to say that fails to keep its letters',
    virtualTest(async ({ time }) => {
      let isAway = true;
      const kept: DeadLetter<string>[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async (letter) => {
            await firstValueFrom(timer(1));
            if (isAway) throw new Error('The store is away.');
            kept.push(letter);
          },
          remove: () => undefined,
          list: () => kept,
        },
      });
      const channel = createChannel<string>({ deadLetters });
      const errors: string[] = [];
      channel.errors.subscribe(({ kind, error }) => errors.push(`${kind}: ${(error as Error).message}`));
      sendAll(channel, 'a');
      const draining = drained(channel, { deadlineMs: 0 });
      await time.advance(1);
      expect(errors).toEqual(['dead-letter-store: The store is away.']);
      isAway = false;
      await time.advance(1_000);
      await time.advance(1_000);
      expect(kept).toMatchObject([{ event: 'a' }]);
      expect(draining.report).toMatchObject({ abandoned: 1 });
      // Then it lets go of a queue that may be shared.
      deadLetters.errors.subscribe();
      deadLetters.error('of somebody else');
      expect(errors).toHaveLength(1);
    }),
  );

  it('gives its letters an id where createId fails', async () => {
    const channel = createChannel<string>({
      createId: () => {
        throw new Error('no id');
      },
    });
    const kinds: string[] = [];
    channel.errors.subscribe(({ kind }) => kinds.push(kind));
    sendAll(channel, 'a');
    expect(await channel.drain({ deadlineMs: 0 })).toMatchObject({ completed: false, abandoned: 1 });
    expect(kinds).toEqual(['policy']);
    expect((await channel.deadLetters.list())[0]!.id).not.toBe('');
  });

  it('ends in letters that workers of its name can have again', async () => {
    const deadLetters = createDeadLetterQueue<string>();
    const before = createChannel<string>({ name: 'orders', deadLetters });
    sendAll(before, 'ab');
    await before.drain({ deadlineMs: 0 });
    const after = createChannel<string>({ deadLetters });
    const seen: string[] = [];
    after.process((item) => seen.push(item), { name: 'orders' });
    expect(await deadLetters.redrive()).toMatchObject({ handled: 2 });
    expect(seen).toEqual(['a', 'b']);
  });
});

describe('a channel in a scope', () => {
  it(
    'is drained by await using',
    virtualTest(async ({ time }) => {
      const seen: string[] = [];
      {
        await using channel = createChannel<string>();
        channel.process(async (item) => {
          await time.advance(1);
          seen.push(item);
        });
        sendAll(channel, 'abc');
      }
      expect(seen).toEqual(['a', 'b', 'c']);
    }),
  );

  it('is closed by using: signals are aborted, and all that is left has a letter', async () => {
    let disposed: Channel<string>;
    const signals: AbortSignal[] = [];
    {
      using channel = createChannel<string>();
      disposed = channel;
      channel.process((_, { signal }) => {
        signals.push(signal);
        return NEVER;
      });
      sendAll(channel, 'abc');
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    const letters = await disposed.deadLetters.list();
    expect(letters.map(({ event, reason }) => `${event} ${reason}`)).toEqual([
      'b abandoned',
      'c abandoned',
      'a abandoned',
    ]);
    expect(disposed.stats()).toMatchObject({ state: 'closed', waiting: 0, abandoned: 2, workers: [] });
    expect(await disposed.drain()).toMatchObject({ completed: true, dead: 0, abandoned: 0 });
  });

  it(
    'ends a drain that waits when it is disposed',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      sendAll(channel, 'ab');
      const kept = drained(channel);
      channel[Symbol.dispose]();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: false, dead: 2, abandoned: 2 });
    }),
  );
});
