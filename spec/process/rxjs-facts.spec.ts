import { createProcessor, type HandlerContext, InvalidOptionError, retryWithBackoff } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import {
  concat,
  config,
  defer,
  firstValueFrom,
  NEVER,
  Observable,
  of,
  Subject,
  takeUntil,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { countAlive } from '../support/garbage.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { watchUncaught } from '../support/uncaught.ts';
import { playing, watch } from '../support/watch.ts';

// What RxJS 7.8.2 does is said in the comments; the tests say what happens here instead.

afterEach(() => {
  vi.useRealTimers();
});

describe('a queue', () => {
  // mergeMap queues without limit, and drains with Array.shift: 22 µs an item at a backlog of 160,000.
  it('has a bound, and says so to whoever fills it', () => {
    const { processor, send } = watch<number>(() => NEVER, { concurrency: 16, capacity: 1_000 });
    let refused = 0;
    for (let event = 0; event < 200_000; event++) if (!send(event)) refused++;
    expect(processor.stats()).toMatchObject({ pending: 1_016, rejected: refused });
    expect(refused).toBe(198_984);
  });

  // An inner error, or an unsubscribe, drops everything that is queued, in silence.
  it(
    'goes on behind an event that fails, and leaves a letter of each event when it is closed',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<number, HandlerContext>();
      const processor = createProcessor(held.handle, { capacity: 100 });
      for (let event = 0; event < 100; event++) processor.trySend(event);
      held.call(0).fail(new Error('no'));
      await time.settle();
      expect(held.calls).toHaveLength(2);
      processor.close();
      expect(await processor.deadLetters.list()).toHaveLength(100);
    }),
  );

  // With a concurrency of 0 or NaN nothing is ever emitted.
  it.each([0, NaN])('is refused with a concurrency of %s', (concurrency) => {
    expect(() => createProcessor(() => undefined, { concurrency })).toThrow(InvalidOptionError);
  });
});

describe('a handler that fails', () => {
  // A subscriber that throws does so from a setTimeout, and ends a Node process.
  it('throws nowhere: neither at the producer nor out of a timer', async () => {
    const uncaught: unknown[] = [];
    using _ = watchUncaught(uncaught);
    const note = (error: unknown): void => void uncaught.push(error);
    const reporter = config.onUnhandledError;
    config.onUnhandledError = note;
    const handlers: ((event: number) => unknown)[] = [
      () => {
        throw new Error('no');
      },
      () => Promise.reject(new Error('no')),
      () => throwError(() => new Error('no')),
    ];
    for (const handler of handlers) {
      const processor = createProcessor(handler, { retry: { maxAttempts: 2, delayMs: 0 } });
      expect(() => processor.trySend(1)).not.toThrow();
      await processor.drain();
      expect(processor.stats()).toMatchObject({ dead: 1, retried: 1 });
    }
    await firstValueFrom(timer(1));
    expect(config.onUnhandledError).toBe(note);
    config.onUnhandledError = reporter;
    expect(uncaught).toEqual([]);
  });

  // An operator that throws closes its chain for good; catchError outside of mergeMap ends the stream.
  it('is called for every later event, however often it has failed', () => {
    let calls = 0;
    const processor = createProcessor<number>((event) => {
      calls++;
      if (event < 1_000) throw new Error('no');
    });
    for (let event = 0; event <= 1_000; event++) processor.trySend(event);
    expect(calls).toBe(1_001);
    expect(processor.stats()).toMatchObject({ handled: 1, dead: 1_000 });
  });

  // A throw in the project function itself escapes the catchError inside.
  it('is retried, whether it throws before it returns its Observable or within', () => {
    const scheduler = new VirtualTimeScheduler();
    let calls = 0;
    const processor = createProcessor<string>(
      () => {
        if (++calls === 1) throw new Error('before');
        return calls === 2 ? throwError(() => new Error('within')) : of(1);
      },
      { retry: {}, scheduler },
    );
    processor.trySend('a');
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ handled: 1, dead: 0, retried: 2 });
  });
});

describe('a retry', () => {
  // On a hot source the failed value is never replayed, and those emitted during the delay are lost.
  it(
    'repeats the invocation, not the subscription: nothing of a hot source is lost or repeated',
    marbles((m) => {
      const events = ' abcd';
      const ended = '  ---BCD---A';
      const source$ = new Subject<string>();
      const { send, ended$ } = watch(playing(m, { a: ['#', '#', '|'], b: '--|', c: '--|', d: '--|' }), {
        concurrency: 9,
        retry: { delayMs: 3 },
        scheduler: m.scheduler,
      });
      source$.subscribe(send);
      m.hot(events).subscribe(source$);
      const ends = { A: 'a handled', B: 'b handled', C: 'c handled', D: 'd handled' };
      m.expect(ended$).toBeObservable(ended, ends);
    }),
  );

  // A notifier that completes empty completes the output in silence; resetOnSuccess retries for ever what emits and then fails.
  it('ends: what emits and then fails is dead after its attempts', () => {
    const scheduler = new VirtualTimeScheduler();
    const attempt$ = concat(
      of('a value'),
      throwError(() => 'no'),
    );
    const { processor, send } = watch<string>(() => attempt$, { retry: { maxAttempts: 4 }, scheduler });
    send('a');
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ dead: 1, retried: 3, pending: 0 });
  });

  // A notifier that errors replaces the original error.
  it('ends with the last error of the work, in the operator too', async () => {
    let attempts = 0;
    const work$ = defer(() => throwError(() => `error ${++attempts}`));
    const ending = firstValueFrom(work$.pipe(retryWithBackoff({ maxAttempts: 3, delayMs: 0 })));
    await expect(ending).rejects.toBe('error 3');
  });
});

describe('a handler that sends', () => {
  // Subject.next recurses: A sees 1, 2, 3 and B sees 3, 2, 1.
  it.each([undefined, () => undefined])('is not called within its own call: first in, first out', (onSettled) => {
    const steps: string[] = [];
    const processor = createProcessor<number>((event) => {
      steps.push(`begin ${event}`);
      if (event < 3) processor.trySend(event + 1, onSettled);
      steps.push(`end ${event}`);
    });
    processor.trySend(1, onSettled);
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it.each([undefined, () => undefined])('keeps to its concurrency', (onSettled) => {
    let active = 0;
    let most = 0;
    const processor = createProcessor<number>(
      (event) => {
        most = Math.max(most, ++active);
        for (let index = event; index < 5; index++) {
          processor.trySend(5, index % 2 === 0 ? onSettled : undefined);
        }
        if (event === 0) active--;
        return event === 0 ? undefined : NEVER;
      },
      { concurrency: 2 },
    );
    processor.trySend(0, onSettled);
    expect(processor.stats()).toMatchObject({ running: 2, waiting: 3 });
    expect(most).toBe(2);
  });
});

describe('keys', () => {
  // groupBy keeps every key for ever: 200,000 keys are 283 MB.
  it('vanish when they are idle', async () => {
    const processor = createProcessor<{ key: object }>(() => undefined, { key: ({ key }) => key });
    const keys: WeakRef<object>[] = [];
    (function flood(): void {
      for (let index = 0; index < 1_000; index++) {
        const key = { index };
        keys.push(new WeakRef(key));
        processor.trySend({ key });
      }
    })();
    expect(processor.stats()).toMatchObject({ handled: 1_000, lanes: [] });
    expect(await countAlive(keys)).toBeLessThan(100);
    expect(processor.stats().pending).toBe(0);
  });

  // Groups beyond the concurrency limit are lost.
  it('may be more than the concurrency', async () => {
    const processor = createProcessor<number>(() => Promise.resolve(), { key: (event) => event, concurrency: 2 });
    for (let event = 0; event < 1_000; event++) processor.trySend(event);
    await processor.drain();
    expect(processor.stats()).toMatchObject({ handled: 1_000, dead: 0 });
  });

  // A group whose consumer has ended is dead, in silence.
  it('go on after a failure, and after they have been idle', () => {
    const seen: string[] = [];
    const { send } = watch<string>(
      (event) => {
        seen.push(event);
        if (event === 'a1') throw new Error('no');
      },
      { key: (event) => event[0] },
    );
    for (const event of ['a1', 'a2', 'b1', 'a3']) send(event);
    expect(seen).toEqual(['a1', 'a2', 'b1', 'a3']);
  });
});

describe('a timeout', () => {
  // RxJS's does not stop the promise behind it.
  it(
    'tells the work, by its signal',
    virtualTest(async ({ time }) => {
      let stopped: unknown;
      const processor = createProcessor<string>(
        (_event, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              stopped = signal.reason;
              reject(signal.reason as Error);
            });
          }),
        { timeoutMs: 20 },
      );
      processor.trySend('a');
      await time.advance(20);
      expect(stopped).toMatchObject({ code: 'TIMEOUT' });
      expect(processor.stats()).toMatchObject({ dead: 1, late: 1 });
    }),
  );

  // AbortSignal.timeout is not faked by the timers of vitest.
  it('is faked by fake timers, without a scheduler of its own', async () => {
    vi.useFakeTimers();
    const processor = createProcessor<string>(() => NEVER, {
      timeoutMs: 5_000,
      retry: { maxAttempts: 2, delayMs: 100 },
    });
    processor.trySend('a');
    await vi.advanceTimersByTimeAsync(10_099);
    expect(processor.stats()).toMatchObject({ dead: 0, running: 1 });
    await vi.advanceTimersByTimeAsync(1);
    expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('async work', () => {
  // An async subscribe callback overlaps, and finishes out of order.
  it(
    'does not overlap, one at a time, and finishes in order',
    virtualTest(async ({ time }) => {
      const steps: string[] = [];
      const delays = [3, 1, 2];
      const processor = createProcessor<number>(async (event) => {
        steps.push(`begin ${event}`);
        await time.advance(delays[event]!);
        steps.push(`end ${event}`);
      });
      for (const event of [0, 1, 2]) processor.trySend(event);
      await processor.drain();
      expect(steps).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
    }),
  );

  // takeUntil before switchMap leaks the inner one; shareReplay without refCount never stops.
  it('is unsubscribed, however it ends', () => {
    const scheduler = new VirtualTimeScheduler();
    let subscribed = 0;
    const work$ = new Observable<never>(() => {
      subscribed++;
      return () => void subscribed--;
    });
    const done$ = new Subject<void>();
    const handle = (event: string): unknown => (event === 'done' ? work$.pipe(takeUntil(done$)) : work$);
    const timed = createProcessor(handle, { timeoutMs: 5, scheduler });
    const replaced = createProcessor(handle, { strategy: 'switch' });
    const closed = createProcessor(handle);
    const completed = createProcessor(handle);
    timed.trySend('a');
    replaced.trySend('b');
    closed.trySend('c');
    completed.trySend('done');
    expect(subscribed).toBe(4);
    scheduler.flush();
    expect(subscribed).toBe(3);
    replaced.trySend('done');
    expect(subscribed).toBe(3);
    done$.next();
    expect(subscribed).toBe(1);
    closed.close();
    expect(subscribed).toBe(0);
  });
});

describe('a processor', () => {
  // A Subscription of 7.8 has no Symbol.dispose.
  it('can be disposed of, both ways', () => {
    const processor = createProcessor(() => undefined);
    expect(processor[Symbol.dispose]).toBeTypeOf('function');
    expect(processor[Symbol.asyncDispose]).toBeTypeOf('function');
  });
});
