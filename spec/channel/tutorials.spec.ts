import {
  ClosedError,
  createChannel,
  createDeadLetterQueue,
  type DrainReport,
  InvalidOptionError,
  splitResults,
  supervise,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { firstValueFrom, tap, throwError, timer } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';

// The faults of the tutorials' channel processor and worker pool are said in the comments; the tests say what happens here instead.

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a worker pool', () => {
  // A handler's panic ends the process, on every path.
  it(
    'survives a throw on every path',
    virtualTest(async ({ time }) => {
      const boom = (): never => {
        throw new Error('boom');
      };
      const kinds = new Set<string>();
      const channel = createChannel<string>({ createId: boom, probe: { accepted: boom, settled: boom } });
      channel.errors.subscribe(({ kind }) => kinds.add(kind));
      channel.deadLetters.subscribe(boom);
      const workers = channel.process(
        (item) => {
          if (item === 'rejects') return Promise.reject(new Error('boom'));
          return item === 'errors' ? throwError(boom) : boom();
        },
        { key: (item) => (item === 'has no key' ? boom() : item), concurrency: 4, retry: { delayMs: boom } },
      );
      for (const item of ['throws', 'rejects', 'errors', 'has no key']) expect(channel.trySend(item)).toBe(true);
      await time.settle();
      expect(workers.stats()).toMatchObject({ accepted: 4, dead: 4, pending: 0 });
      expect(kinds).toEqual(new Set(['probe', 'policy', 'dead-letter-subscriber']));
    }),
  );

  // A burst comes out in another order.
  it(
    'handles a burst in order, from a producer that waits for room',
    virtualTest(async ({ time }) => {
      const channel = createChannel<number>({ capacity: 16 });
      const seen: number[] = [];
      const workers = channel.process(async (item) => {
        if (item % 100 === 0) await time.settle();
        seen.push(item);
      });
      for (let item = 0; item < 5_000; item++) await channel.send(item);
      channel.close();
      await workers.drain();
      expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
    }),
  );

  it('takes what a thousand producers send at once in the order in which they came', async () => {
    const channel = createChannel<number>({ capacity: 4 });
    const seen: number[] = [];
    const sent = Array.from({ length: 1_000 }, (_, item) => channel.send(item));
    channel.process((item) => seen.push(item));
    await Promise.all(sent);
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });

  // Cancelling loses what is in the buffer.
  it(
    'loses nothing when it is stopped: the rest is still in the channel, and what it had taken has a letter',
    virtualTest(async ({ time }) => {
      const channel = createChannel<number>({ capacity: 5_000 });
      const workers = channel.process(() => timer(1), { concurrency: 8 });
      const taken = Array.from({ length: 6_000 }, (_, item) => item).filter((item) => channel.trySend(item));
      await time.advance(10);
      workers.close();
      const { handled, dead } = workers.stats();
      expect(taken).toHaveLength(5_008);
      expect({ handled, dead }).toEqual({ handled: 80, dead: 8 });
      expect(channel.stats()).toMatchObject({ accepted: 5_008, waiting: 5_008 - handled - dead });
      const others = channel.process(() => undefined);
      await channel.drain();
      expect(handled + dead + others.stats().handled).toBe(5_008);
      expect(await channel.deadLetters.list()).toHaveLength(dead);
    }),
  );

  // The same, where nobody is to finish the rest.
  it(
    'loses nothing when its channel is given up: each item that was not handled has a letter',
    virtualTest(async ({ time }) => {
      const channel = createChannel<number>({ capacity: 5_000 });
      const workers = channel.process(() => timer(1), { concurrency: 8 });
      for (let item = 0; item < 5_000; item++) channel.trySend(item);
      await time.advance(10);
      const report = await channel.drain({ deadlineMs: 0 });
      const { handled } = workers.stats();
      expect(handled).toBe(80);
      expect(report).toMatchObject({ completed: false, abandoned: report.dead });
      const letters = await channel.deadLetters.list();
      expect(letters).toHaveLength(5_000 - handled);
      expect(letters.every(({ reason }) => reason === 'abandoned')).toBe(true);
    }),
  );

  // Send after stop returned true for half of 10,000, and none was handled.
  it(
    'refuses each item that comes after its channel was closed, and handles each that was taken',
    virtualTest(async ({ time }) => {
      const channel = createChannel<number>({ capacity: 100 });
      let handled = 0;
      const workers = channel.process(() => timer(1).pipe(tap(() => handled++)));
      let taken = 0;
      const sent = Array.from({ length: 10_000 }, async (_, item) => {
        try {
          await channel.send(item);
          taken++;
        } catch (error) {
          expect(error).toBeInstanceOf(ClosedError);
        }
      });
      await time.advance(10);
      channel.close();
      await Promise.all(sent);
      // Ten were handled, one is at work, and a hundred wait.
      expect(taken).toBe(111);
      expect(channel.trySend(10_000)).toBe(false);
      await workers.drain();
      expect(handled).toBe(taken);
      expect(channel.stats()).toMatchObject({ accepted: taken, rejected: 10_001 - taken });
    }),
  );

  // A handler that sends to its own full processor blocks for ever.
  it('may send into its own channel: trySend says that it is full, and the worker goes on', () => {
    const channel = createChannel<string>({ capacity: 0 });
    const answers: boolean[] = [];
    const workers = channel.process(() => void answers.push(channel.trySend('more')));
    channel.trySend('a');
    expect(answers).toEqual([false]);
    expect(workers.stats()).toMatchObject({ handled: 1, pending: 0 });
  });

  // So does one that waits for room in it; and a pool of workers can then not be stopped.
  it.each([
    { end: 'closed', stop: (channel: ReturnType<typeof createChannel<string>>) => channel.close() },
    { end: 'drained', stop: (channel: ReturnType<typeof createChannel<string>>) => void channel.drain() },
  ])('that waits for room in its own channel is refused when that is $end, and the drain ends', async ({ stop }) => {
    const channel = createChannel<string>({ capacity: 0 });
    const workers = channel.process(async (item) => {
      if (item === 'a') await channel.send('more');
    });
    channel.trySend('a');
    stop(channel);
    expect(await workers.drain()).toMatchObject({ completed: true, handled: 0, dead: 1 });
    expect(await channel.deadLetters.list()).toMatchObject([{ event: 'a', error: { code: 'CLOSED' } }]);
  });

  // Waiting for a pool of workers to stop waits for ever.
  it(
    'that waits for its own channel, which stays open, can be stopped by a deadline, or at once',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>({ capacity: 0 });
      const start = (): ReturnType<typeof channel.process> => channel.process((item) => channel.send(`${item}+`));
      const first = start();
      channel.trySend('a');
      let report: DrainReport | undefined;
      void first.drain({ deadlineMs: 100 }).then((kept) => (report = kept));
      await time.advance(100);
      expect(report).toMatchObject({ completed: false, abandoned: 1 });
      // What it sent is with its next worker now, which waits in turn.
      const second = start();
      await time.settle();
      second.close();
      expect([first.closed, second.closed]).toEqual([true, true]);
      channel.close();
      await time.settle();
      expect(channel.stats()).toMatchObject({ accepted: 2, suspended: 0, waiting: 0 });
    }),
  );

  // An unread failures channel stops everything, even cancellation.
  it('goes on though nobody reads its dead letters', async () => {
    const channel = createChannel<number>({ deadLetters: createDeadLetterQueue({ maxSize: 100 }) });
    let evicted = 0;
    channel.errors.subscribe(({ kind }) => (evicted += kind === 'evicted' ? 1 : 0));
    const workers = channel.process((item) => item < 500 && throwError(() => 'no'));
    for (let item = 0; item <= 500; item++) await channel.send(item);
    expect(workers.stats()).toMatchObject({ handled: 1, dead: 500, pending: 0 });
    expect(evicted).toBe(400);
    expect(await channel.drain()).toMatchObject({ completed: true });
  });

  it('as an operator, with successes and failures apart, goes on though nobody reads the failures', async () => {
    const channel = createChannel<number>({ capacity: 4 });
    const { successes } = splitResults(
      channel.events().pipe(supervise((item: number) => (item % 2 === 0 ? throwError(() => 'odd') : item))),
      { capacity: 10, overflow: 'drop-oldest' },
    );
    const seen: number[] = [];
    successes.subscribe(({ event }) => seen.push(event));
    for (let item = 0; item < 1_000; item++) await channel.send(item);
    expect(await channel.drain()).toMatchObject({ completed: true });
    expect(seen).toHaveLength(500);
  });

  // MaxAttempts 0 crashes; an omitted multiplier gives waits of 50 ms, 0 and 0.
  it(
    'refuses 0 attempts where it is started, and doubles the delay by default',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      expect(() => channel.process(() => undefined, { retry: { maxAttempts: 0 } })).toThrow(InvalidOptionError);
      const starts: number[] = [];
      const handle = (): unknown => {
        starts.push(time.now);
        return throwError(() => 'no');
      };
      channel.process(handle, { retry: { maxAttempts: 4, delayMs: 50 } });
      channel.trySend('a');
      await time.runAll();
      expect(starts).toEqual([0, 50, 150, 350]);
    }),
  );

  // A failing dead-letter handler feeds itself, at 9,600 calls a second.
  it(
    'calls a dead-letter subscriber that throws once for each letter',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      const kinds: string[] = [];
      channel.errors.subscribe(({ kind }) => kinds.push(kind));
      let calls = 0;
      channel.deadLetters.subscribe(() => {
        calls++;
        throw new Error('full mailbox');
      });
      const workers = channel.process(() => throwError(() => 'no'));
      for (const item of 'ab') channel.trySend(item);
      await time.settle();
      expect(calls).toBe(2);
      expect(kinds).toEqual(['dead-letter-subscriber', 'dead-letter-subscriber']);
      expect(workers.stats()).toMatchObject({ accepted: 2, dead: 2 });
    }),
  );

  // Waiting for the end returns before the dead letters are handled.
  it(
    'is drained when its letters are kept and told',
    virtualTest(async ({ time }) => {
      const steps: string[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async () => {
            await time.advance(1);
            steps.push('kept');
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      deadLetters.subscribe(() => steps.push('told'));
      const channel = createChannel<string>({ deadLetters });
      channel.process(() => throwError(() => 'no'));
      channel.trySend('a');
      await channel.drain();
      steps.push('drained');
      expect(steps).toEqual(['kept', 'told', 'drained']);
    }),
  );

  // Logs print whole payloads.
  it('prints no payload, and no error of its own has one', async () => {
    const printed: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((...all: unknown[]) => void printed.push(all.map(String).join(' ')));
    const boom = (): never => {
      throw new Error('boom');
    };
    const secret = { card: '4111 1111 1111 1111' };
    const channel = createChannel<typeof secret>({ probe: { accepted: boom }, capacity: 1 });
    channel.deadLetters.subscribe(boom);
    const workers = channel.process(() => new Promise(() => undefined));
    channel.trySend(secret);
    channel.trySend(secret);
    const refused = channel.send(secret).catch((error: unknown) => error);
    workers.close();
    await channel.drain({ deadlineMs: 0 });
    const letters = await channel.deadLetters.list();
    expect(letters).toHaveLength(2);
    expect(printed).toHaveLength(2);
    const errors = [await refused, ...letters.map(({ error }) => error)];
    for (const text of [...printed, ...errors.map(String)]) expect(text).not.toContain('4111');
  });
});

describe('the peers', () => {
  // Watermill: after Close, 2,000 of 10,000 are handled.
  it(
    'see all that was accepted handled by a drain',
    virtualTest(
      async () => {
        const channel = createChannel<number>({ capacity: 10_000 });
        channel.process(() => timer(1), { concurrency: 100 });
        for (let item = 0; item < 10_000; item++) channel.trySend(item);
        expect(await channel.drain()).toMatchObject({ completed: true, handled: 10_000, abandoned: 0 });
      },
      { maxTimers: 20_000 },
    ),
  );

  // Watermill: a failing handler without middleware ran 319,000 times in a second.
  it(
    'see a handler that fails called once for each item, without a policy',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      let calls = 0;
      channel.process(() => {
        calls++;
        return Promise.reject(new Error('no'));
      });
      channel.trySend('a');
      for (let turn = 0; turn < 5; turn++) await time.settle();
      expect(calls).toBe(1);
    }),
  );

  // A goroutine, or a promise, for each item.
  it(
    'see no more handlers run than there are workers, whatever is sent',
    virtualTest(async () => {
      const channel = createChannel<number>({ capacity: 100 });
      let running = 0;
      let most = 0;
      channel.process(
        async () => {
          most = Math.max(most, ++running);
          await firstValueFrom(timer(1));
          running--;
        },
        { concurrency: 8 },
      );
      for (let item = 0; item < 2_000; item++) await channel.send(item);
      await channel.drain();
      expect(most).toBe(8);
    }),
  );
});
