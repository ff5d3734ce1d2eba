import { createProcessor, type HandlerContext, type ProcessorStats } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { NEVER, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';

const NOTHING: ProcessorStats = {
  name: 'handler',
  state: 'open',
  accepted: 0,
  redriven: 0,
  handled: 0,
  dead: 0,
  dropped: 0,
  droppedBy: { busy: 0, 'drop-newest': 0, 'drop-oldest': 0, 'handed-back': 0, superseded: 0 },
  pending: 0,
  running: 0,
  waiting: 0,
  betweenAttempts: 0,
  rejected: 0,
  suspended: 0,
  retried: 0,
  late: 0,
  concurrency: 1,
  capacity: 1_024,
  longestRunningMs: 0,
};

describe('stats', () => {
  it('start at nothing', () => {
    expect(createProcessor(() => undefined).stats()).toEqual(NOTHING);
  });

  it('name the handler, and show its bounds', () => {
    const stats = createProcessor(() => undefined, { name: 'mail', concurrency: 3, capacity: Infinity }).stats();
    expect(stats).toMatchObject({ name: 'mail', concurrency: 3, capacity: Infinity });
  });

  it(
    'show where every event is',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      using processor = createProcessor(held.handle, {
        concurrency: 2,
        capacity: 2,
        retry: { maxAttempts: 2, delayMs: 50 },
      });
      for (const event of ['handled', 'fails', 'runs', 'runs too']) processor.trySend(event);
      held.call(0).succeed();
      held.call(1).fail('once');
      await time.settle();
      for (const event of ['waits', 'is refused']) processor.trySend(event);
      processor.send('waits for room').catch(() => undefined);
      await time.advance(7);
      expect(processor.stats()).toEqual({
        ...NOTHING,
        concurrency: 2,
        capacity: 2,
        accepted: 5,
        handled: 1,
        pending: 4,
        running: 2,
        waiting: 1,
        betweenAttempts: 1,
        rejected: 1,
        suspended: 1,
        longestRunningMs: 7,
      });
    }),
  );

  it(
    'count attempts after the first, and results that came late',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const options = { timeoutMs: 5, retry: { maxAttempts: 3, delayMs: 1, multiplier: 1 } };
      const processor = createProcessor(held.handle, options);
      processor.errors.subscribe();
      processor.trySend('a');
      await time.advance(100);
      expect(processor.stats()).toMatchObject({ dead: 1, retried: 2, late: 0 });
      for (const call of held.calls) call.succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, dead: 1, retried: 2, late: 3, pending: 0 });
    }),
  );

  it(
    'show how long the oldest attempt has been running: a handler that hangs is seen',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { concurrency: 2 });
      processor.trySend('a');
      await time.advance(30);
      processor.trySend('b');
      await time.advance(10);
      expect(processor.stats().longestRunningMs).toBe(40);
      held.call(0).succeed();
      await time.settle();
      expect(processor.stats().longestRunningMs).toBe(10);
      held.call(1).succeed();
      await time.settle();
      expect(processor.stats().longestRunningMs).toBe(0);
    }),
  );

  it('show no time below 0 when the clock is set back', async () => {
    const scheduler = new VirtualTimeScheduler();
    const processor = createProcessor<string>(() => NEVER, { scheduler });
    processor.trySend('a');
    const draining = processor.drain();
    vi.spyOn(scheduler, 'now').mockReturnValue(-3_600_000);
    expect(processor.stats().longestRunningMs).toBe(0);
    processor.close();
    expect((await draining).durationMs).toBe(0);
  });

  it('count an event that its handler is at work on right now', () => {
    const seen: ProcessorStats[] = [];
    const processor = createProcessor<string>(() => void seen.push(processor.stats()));
    processor.trySend('called at once');
    processor.trySend('queued', () => undefined);
    expect(seen).toHaveLength(2);
    for (const stats of seen) expect(stats).toMatchObject({ pending: 1, running: 1, waiting: 0, betweenAttempts: 0 });
  });

  it('are a picture of the moment: they do not change', () => {
    const processor = createProcessor<string>(() => undefined, { overflow: 'drop-newest' });
    const before = processor.stats();
    processor.trySend('a');
    expect(before).toEqual(NOTHING);
    (before.droppedBy as { busy: number }).busy = 7;
    expect(processor.stats().droppedBy.busy).toBe(0);
  });
});
