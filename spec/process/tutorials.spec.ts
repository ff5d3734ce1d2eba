import {
  ClosedError,
  createDeadLetterQueue,
  createEventBus,
  createProcessor,
  type HandlerContext,
  InvalidOptionError,
  OverflowError,
  retryWithBackoff,
  splitResults,
  supervise,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { concat, NEVER, range, throwError, timer, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { settled } from '../support/virtual-clock.ts';
import { watch } from '../support/watch.ts';

// The faults of the tutorials and libraries of the field are said in the comments; the tests say what happens here instead.

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a channel processor', () => {
  // A handler's panic ends the process, on every path.
  it(
    'survives a throw on every path',
    virtualTest(async ({ time }) => {
      const boom = (): never => {
        throw new Error('boom');
      };
      const { processor, errors } = watch<string>(
        (event) => {
          if (event === 'rejects') return Promise.reject(new Error('boom'));
          return event === 'errors' ? throwError(boom) : boom();
        },
        {
          key: (event) => (event === 'has no key' ? boom() : event),
          concurrency: 4,
          retry: { delayMs: boom },
          probe: { accepted: boom, settled: boom },
        },
      );
      processor.deadLetters.subscribe(boom);
      processor.deadLetters.errors.subscribe();
      const events = ['throws', 'rejects', 'errors', 'has no key'];
      for (const event of events) expect(() => processor.trySend(event, boom)).not.toThrow();
      await time.settle();
      expect(processor.stats()).toMatchObject({ accepted: 4, dead: 4, pending: 0 });
      expect(new Set(errors.map(({ kind }) => kind))).toEqual(
        new Set(['policy', 'probe', 'settlement', 'dead-letter-subscriber']),
      );
    }),
  );

  // Publish delivers 96 % of a burst out of order.
  it(
    'handles a burst in order',
    virtualTest(async ({ time }) => {
      const seen: number[] = [];
      const processor = createProcessor<number>(
        async (event) => {
          if (event % 100 === 0) await time.settle();
          seen.push(event);
        },
        { capacity: 10_000 },
      );
      for (let event = 0; event < 10_000; event++) processor.trySend(event);
      await processor.drain();
      expect(seen).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    }),
  );

  // Cancelling loses what is in the buffer.
  it(
    'loses nothing of its buffer when it is closed: what is not handled has a letter',
    virtualTest(async ({ time }) => {
      const { processor, send, errors } = watch<number>(() => timer(1), { concurrency: 8, capacity: 5_000 });
      const taken = Array.from({ length: 6_000 }, (_, event) => event).filter((event) => send(event));
      await time.advance(10);
      processor.close();
      expect(taken).toHaveLength(5_008);
      expect(processor.stats()).toMatchObject({ handled: 80, dead: 4_928, rejected: 992 });
      expect(await processor.deadLetters.list()).toHaveLength(4_928);
      expect(errors).toEqual([]);
    }),
  );

  // Send after stop returned true for half of 10,000 events, and none was handled.
  it('refuses each event that comes after it was closed', async () => {
    const { processor, send } = watch<number>(() => undefined, {});
    processor.close();
    expect(Array.from({ length: 100 }, (_, event) => send(event))).not.toContain(true);
    await expect(processor.send(1)).rejects.toBeInstanceOf(ClosedError);
    expect(processor.stats()).toMatchObject({ accepted: 0, rejected: 101 });
  });

  // A handler that sends to its own full processor blocks for ever.
  it('refuses its own handler when it is full, which may then go on', () => {
    const answers: boolean[] = [];
    const processor = createProcessor<string>(() => void answers.push(processor.trySend('more')), { capacity: 0 });
    processor.trySend('a', () => undefined);
    expect(answers).toEqual([false]);
    expect(processor.stats()).toMatchObject({ handled: 1, pending: 0 });
  });

  // So does one that waits for room in it; and a pool of workers can then not be stopped.
  it('drains though a handler waits for room in it: the wait is refused', async () => {
    const processor = createProcessor<string>(async () => void (await processor.send('more')), { capacity: 0 });
    processor.trySend('a');
    expect(await processor.drain()).toMatchObject({ completed: true, dead: 1 });
    expect(await processor.deadLetters.list()).toMatchObject([{ event: 'a', error: { code: 'CLOSED' } }]);
  });

  // An unread failures channel stops everything, even cancellation.
  it('goes on though nobody reads its dead letters, of which it keeps so many', async () => {
    const deadLetters = createDeadLetterQueue<number>({ maxSize: 100 });
    const { processor, send, errors } = watch<number>((event) => event < 500 && throwError(() => 'no'), {
      deadLetters,
    });
    for (let event = 0; event <= 500; event++) send(event);
    expect(processor.stats()).toMatchObject({ handled: 1, dead: 500, pending: 0 });
    expect(await deadLetters.list()).toHaveLength(100);
    expect(errors.map(({ kind }) => kind)).toEqual(Array.from({ length: 400 }, () => 'evicted'));
    processor.close();
    expect(processor.stats().state).toBe('closed');
  });

  // The same, where failures are a stream beside that of the successes.
  it(
    'goes on though nobody reads its failures, and can be cancelled',
    virtualTest(async ({ time }) => {
      const handled: number[] = [];
      const hanging: AbortSignal[] = [];
      const handler = async (event: number, { signal }: HandlerContext): Promise<unknown> => {
        if (event >= 5_000) return new Promise(() => hanging.push(signal));
        if (event % 2 === 1) throw new Error('no');
        return event;
      };
      const result$ = concat(range(0, 6_000), NEVER).pipe(supervise(handler, { concurrency: 8 }));
      const { successes } = splitResults(result$);
      const subscription = successes.subscribe(({ event }) => handled.push(event));
      for (let turn = 0; hanging.length < 8 && turn < 1_000; turn++) await time.settle();
      // 2,500 failures are more than what an unread side keeps.
      expect(handled).toEqual(Array.from({ length: 2_500 }, (_, index) => 2 * index));
      subscription.unsubscribe();
      expect(hanging.map(({ aborted }) => aborted)).toEqual(Array.from({ length: 8 }, () => true));
    }),
  );

  // MaxAttempts 0 crashes; an omitted multiplier gives waits of 50 ms, 0 and 0.
  it('refuses 0 attempts where it is made, and doubles by default', () => {
    expect(() => createProcessor(() => undefined, { retry: { maxAttempts: 0 } })).toThrow(InvalidOptionError);
    expect(() => retryWithBackoff({ maxAttempts: 0 })).toThrow(InvalidOptionError);
    const scheduler = new VirtualTimeScheduler();
    const starts: number[] = [];
    const handle = (): unknown => {
      starts.push(scheduler.now());
      return throwError(() => 'no');
    };
    const { send } = watch<string>(handle, { retry: { maxAttempts: 4, delayMs: 50 }, scheduler });
    send('a');
    scheduler.flush();
    expect(starts).toEqual([0, 50, 150, 350]);
  });

  // A failing dead-letter handler feeds itself, at 9,600 calls a second.
  it(
    'calls a dead-letter subscriber that throws once for each letter: it makes no letter of its own',
    virtualTest(async ({ time }) => {
      const { processor, send, errors } = watch<string>(() => throwError(() => 'no'), {});
      let calls = 0;
      processor.deadLetters.subscribe(() => {
        calls++;
        throw new Error('full mailbox');
      });
      const later = async (): Promise<never> => {
        calls++;
        await time.settle();
        throw new Error('full mailbox, later');
      };
      // oxlint-disable-next-line typescript/no-misused-promises -- as many will write it
      processor.deadLetters.subscribe(later);
      send('a');
      send('b');
      await time.settle();
      await time.settle();
      expect(calls).toBe(4);
      expect(processor.stats()).toMatchObject({ accepted: 2, dead: 2 });
      expect(errors.map(({ kind }) => kind)).toEqual(Array.from({ length: 4 }, () => 'dead-letter-subscriber'));
      expect(await processor.deadLetters.list()).toHaveLength(2);
    }),
  );

  // PublishSync returns before its dead letter was handled.
  it(
    'says that an event is dead when its letter is kept, and its subscribers were told',
    virtualTest(async ({ time }) => {
      const steps: string[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async () => {
            await time.settle();
            steps.push('kept');
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      deadLetters.subscribe(() => steps.push('told'));
      const processor = createProcessor<string>(() => throwError(() => 'no'), { deadLetters });
      const { settled: end } = await processor.send('a');
      steps.push((await end).outcome);
      expect(steps).toEqual(['kept', 'told', 'dead']);
    }),
  );

  // Logs print whole payloads.
  it(
    'prints no payload, and no error of its own has one',
    virtualTest(async ({ time }) => {
      const printed: string[] = [];
      vi.spyOn(console, 'error').mockImplementation(
        (...all: unknown[]) => void printed.push(all.map(String).join(' ')),
      );
      const secret = { card: '4111 1111 1111 1111' };
      const held = new HeldHandler<typeof secret, HandlerContext>();
      const processor = createProcessor(held.handle, {
        timeoutMs: 5,
        capacity: 0,
        overflow: 'fail',
        probe: { accepted: () => fail('probe') },
      });
      processor.deadLetters.subscribe(() => fail('subscriber'));
      processor.trySend(secret);
      const refused: unknown = await processor.send(secret).catch((error: unknown) => error);
      await time.advance(5);
      held.call(0).succeed();
      await time.settle();
      processor.close();
      const [letter] = await processor.deadLetters.list();
      expect(refused).toBeInstanceOf(OverflowError);
      expect(printed).toHaveLength(3);
      for (const text of [...printed, String(refused), String(letter!.error)]) expect(text).not.toContain('4111');
    }),
  );

  it('prints each kind of error once, if nobody listens', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const processor = createProcessor<string>(() => undefined, { probe: { started: () => fail('probe') } });
    for (let index = 0; index < 50; index++) processor.trySend('a');
    expect(printed).toHaveBeenCalledOnce();
    expect(printed.mock.calls[0]![0]).toBe('millrace: probe error; subscribe to errors to see all of them.');
  });
});

describe('the peers', () => {
  // Watermill: after Close, 2,000 of 10,000 are handled.
  it('see all that was accepted handled by a drain', async () => {
    const processor = createProcessor<number>(() => settled(), { concurrency: 100, capacity: 10_000 });
    for (let event = 0; event < 10_000; event++) processor.trySend(event);
    expect(await processor.drain()).toMatchObject({ completed: true, handled: 10_000, abandoned: 0 });
  });

  // Watermill: a failing handler without middleware ran 319,000 times in a second.
  it(
    'see a handler that fails called once for each event, without a policy',
    virtualTest(async ({ time }) => {
      let calls = 0;
      const processor = createProcessor<string>(() => {
        calls++;
        return Promise.reject(new Error('no'));
      });
      processor.trySend('a');
      for (let turn = 0; turn < 5; turn++) await time.settle();
      expect(calls).toBe(1);
      expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
    }),
  );

  // nestjs/cqrs: 5,000 publishes are 5,000 running handlers.
  it('see no more handlers run than the concurrency, whatever is published', async () => {
    const bus = createEventBus();
    let running = 0;
    let most = 0;
    bus.on(
      Tick,
      async () => {
        most = Math.max(most, ++running);
        await settled();
        running--;
      },
      { concurrency: 8, capacity: 100 },
    );
    const reports = await Promise.all(Array.from({ length: 2_000 }, (_, index) => bus.publish(Tick, index)));
    expect(reports.every(({ ok }) => ok)).toBe(true);
    expect(most).toBe(8);
  });

  // nestjs/cqrs: close returned with 10 running; Watermill: closing cancels contexts before it drains.
  it(
    'see a drain that waits for what runs, and cancels nothing',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<number, HandlerContext>();
      const processor = createProcessor(held.handle, { concurrency: 10 });
      for (let event = 0; event < 10; event++) processor.trySend(event);
      let isDrained = false;
      const draining = processor.drain().then(() => (isDrained = true));
      for (let index = 0; index < 10; index++) {
        await time.settle();
        expect(isDrained).toBe(false);
        expect(held.call(index).context.signal.aborted).toBe(false);
        held.call(index).succeed();
      }
      await draining;
      expect(processor.stats()).toMatchObject({ handled: 10, dead: 0 });
    }),
  );

  // One that hangs is seen nowhere.
  it(
    'see a handler that hangs: in stats, and at its timeout',
    virtualTest(async ({ time }) => {
      const processor = createProcessor<string>(() => NEVER, { timeoutMs: 60_000 });
      processor.trySend('a');
      await time.advance(59_000);
      expect(processor.stats()).toMatchObject({ running: 1, longestRunningMs: 59_000 });
      await time.advance(1_000);
      expect(processor.stats()).toMatchObject({ running: 0, dead: 1 });
    }),
  );
});

function fail(text: string): never {
  throw new Error(text);
}
