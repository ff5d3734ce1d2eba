import { createProcessor, type HandlerContext } from 'millrace';
import { NEVER, of, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { settled } from '../support/virtual-clock.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Hands over as many events as said in one turn, and waits until all have ended; meanwhile it counts how often a timer fired. */
async function run(count: number, handle: (event: number) => unknown): Promise<{ ended: number; ticks: number }> {
  const processor = createProcessor<number>(handle, { capacity: Infinity });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  // Whatever is at work keeps the others waiting: then they follow one another.
  processor.pause();
  for (let event = 0; event < count; event++) processor.trySend(event);
  processor.resume();
  await processor.drain();
  clearInterval(timer);
  const { handled, dead } = processor.stats();
  return { ended: handled + dead, ticks };
}

describe('a long run of events', { timeout: 60_000 }, () => {
  it('leaves timers their turn, and the stack as it is: one async handler, then a million sync ones', async () => {
    // In RxJS's mergeMap, 900 sync inners behind an async one overflow the stack, or hang in silence.
    const { ended, ticks } = await run(1_000_000, (event) => (event === 0 ? Promise.resolve() : undefined));
    expect(ended).toBe(1_000_000);
    expect(ticks).toBeGreaterThan(3);
  });

  it.each<{ form: string; count: number; handle: (event: number) => unknown }>([
    { form: 'promises that have resolved', count: 100_000, handle: () => Promise.resolve() },
    { form: 'Observables that complete at once', count: 50_000, handle: () => of(1) },
    {
      form: 'handlers that throw',
      count: 5_000,
      handle: () => {
        throw new Error('no');
      },
    },
  ])('leaves timers their turn: $form', async ({ count, handle }) => {
    const { ended, ticks } = await run(count, handle);
    expect(ended).toBe(count);
    expect(ticks).toBeGreaterThan(0);
  });

  it('needs no deeper stack where each handler sends the next event', async () => {
    const last = new Promise<void>((resolve) => {
      const processor = createProcessor<number>((left) => (left === 0 ? resolve() : void processor.trySend(left - 1)));
      processor.trySend(300_000);
    });
    await expect(last).resolves.toBeUndefined();
  });

  it('keeps the order over its breaks', async () => {
    const seen: number[] = [];
    await run(100_000, (event) => void seen.push(event));
    expect(seen).toEqual(Array.from({ length: 100_000 }, (_, index) => index));
  });

  it('takes no break in virtual time: there is nobody to give way to', () => {
    const scheduler = new VirtualTimeScheduler();
    const processor = createProcessor<number>(() => undefined, { capacity: Infinity, scheduler });
    processor.pause();
    for (let event = 0; event < 100_000; event++) processor.trySend(event);
    processor.resume();
    expect(processor.stats()).toMatchObject({ handled: 100_000, pending: 0 });
    expect(scheduler.actions).toHaveLength(0);
  });

  it('pauses after some milliseconds, and ends there when the processor is closed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const aMillisecond = (): void => void vi.setSystemTime(Date.now() + 1);
    const processor = createProcessor<number>(aMillisecond);
    processor.pause();
    for (let event = 0; event < 100; event++) processor.trySend(event);
    processor.resume();
    const { handled } = processor.stats();
    expect(handled).toBeGreaterThan(1);
    expect(handled).toBeLessThan(20);
    processor.close();
    await settled();
    await settled();
    expect(processor.stats()).toMatchObject({ handled, dead: 100 - handled, pending: 0 });
  });

  it('pauses although the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const processor = createProcessor<number>((event) => {
      vi.setSystemTime(Date.now() + (event === 5 ? -3_600_000 : 1));
    });
    processor.pause();
    for (let event = 0; event < 1_000; event++) processor.trySend(event);
    processor.resume();
    const { handled } = processor.stats();
    expect(handled).toBeGreaterThan(5);
    expect(handled).toBeLessThan(100);
    processor.close();
  });
});

describe('an event that comes during a break', () => {
  it('overtakes nobody who waits for the end of it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const seen: number[] = [];
    const handle = (event: number): void => {
      seen.push(event);
      vi.setSystemTime(Date.now() + 1);
    };
    const processor = createProcessor<number>((event) => handle(event), { concurrency: 100 });
    processor.pause();
    for (let event = 0; event < 40; event++) processor.trySend(event);
    processor.resume();
    expect(seen.length).toBeLessThan(40);
    processor.trySend(40);
    while (processor.stats().pending > 0) await settled();
    expect(seen).toEqual(Array.from({ length: 41 }, (_, index) => index));
  });
});

describe('an event with a free slot', () => {
  it('starts before trySend returns, however long others have been at work', () => {
    vi.useFakeTimers();
    const started: string[] = [];
    const processor = createProcessor<string>(
      (event) => {
        started.push(event);
        return NEVER;
      },
      { key: (event) => event, concurrency: 2 },
    );
    processor.trySend('a');
    vi.advanceTimersByTime(1_000);
    processor.trySend('b');
    expect(started).toEqual(['a', 'b']);
  });

  it('starts before trySend returns, however long the start of the one before took', () => {
    vi.useFakeTimers();
    const started: string[] = [];
    const processor = createProcessor<string>(
      (event) => {
        started.push(event);
        vi.setSystemTime(Date.now() + 1_000);
        return NEVER;
      },
      { key: (event) => event, concurrency: 2 },
    );
    processor.trySend('a');
    processor.trySend('b');
    expect(started).toEqual(['a', 'b']);
  });

  it('starts before trySend returns while another one waits for its next attempt', () => {
    vi.useFakeTimers();
    const started: string[] = [];
    const processor = createProcessor<string>(
      (event) => {
        started.push(event);
        if (event === 'a') throw new Error('no');
      },
      { concurrency: 2, retry: { delayMs: 10_000 } },
    );
    processor.trySend('a');
    vi.advanceTimersByTime(1_000);
    processor.trySend('b', () => undefined);
    expect(started).toEqual(['a', 'b']);
  });

  it('starts as soon as the one before has ended, however long that took', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const held = new HeldHandler<string, HandlerContext>();
    const processor = createProcessor(held.handle);
    processor.trySend('a');
    processor.trySend('b');
    vi.setSystemTime(Date.now() + 1_000);
    held.call(0).succeed();
    await Promise.resolve();
    await Promise.resolve();
    expect(held.calls).toHaveLength(2);
  });

  it('starts as soon as the one before has ended, though others have been waiting for long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const held = new HeldHandler<string, HandlerContext>();
    const processor = createProcessor(held.handle);
    for (const event of ['a', 'b', 'c']) processor.trySend(event, () => undefined);
    for (const index of [0, 1]) {
      await settled();
      vi.setSystemTime(Date.now() + 1_000);
      held.call(index).succeed();
      await Promise.resolve();
      await Promise.resolve();
      expect(held.calls).toHaveLength(index + 2);
    }
  });
});
