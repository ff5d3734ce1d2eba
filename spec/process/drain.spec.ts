import {
  createDeadLetterQueue,
  createProcessor,
  type DrainReport,
  type HandlerContext,
  type Processor,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { type Path, PATHS } from '../support/paths.ts';
import { playing, watch } from '../support/watch.ts';

/** Drains, and keeps the report when it comes. */
function drained(processor: Processor<string>, deadlineMs?: number): { report?: DrainReport } {
  const kept: { report?: DrainReport } = {};
  void processor.drain(deadlineMs === undefined ? {} : { deadlineMs }).then((report) => (kept.report = report));
  return kept;
}

function heldProcessor(concurrency = 1): {
  held: HeldHandler<string, HandlerContext>;
  processor: Processor<string>;
} {
  const held = new HeldHandler<string, HandlerContext>();
  const options = { concurrency, retry: { maxAttempts: 2, delayMs: 100 } };
  return { held, processor: createProcessor(held.handle, options) };
}

describe('drain', () => {
  it.each(PATHS)(
    'finishes what runs, what waits and what is between attempts, and takes nothing more ($path)',
    marbles((m, { via }: Path) => {
      const events = '  abcd-e';
      const drain = '   ----d';
      const started = ' abc--ad';
      const {
        processor,
        started$,
        [via]: send,
      } = watch(playing(m, { a: ['#', '-|'], b: '-----|', c: '---|', d: '-----|' }), {
        concurrency: 2,
        retry: { delayMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(drain).subscribe(() => void processor.drain());
      m.expect(started$).toBeObservable(started);
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'closed', handled: 4, dead: 0, pending: 0, rejected: 1 });
    }),
  );

  it(
    'abandons the rest at its deadline',
    marbles((m) => {
      const events = '  abc';
      const drain = '   ---d';
      const ended = '   ----A---(xy)';
      const { processor, ended$, send } = watch(playing(m, { a: '----|', b: '-', c: '|' }), {
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(drain).subscribe(() => void processor.drain({ deadlineMs: 5 }));
      const ends = { A: 'a handled', x: 'b dead abandoned', y: 'c dead abandoned' };
      m.expect(ended$).toBeObservable(ended, ends);
    }),
  );

  it(
    'reports what ended since it began, and how long it took',
    virtualTest(async ({ time }) => {
      const { held, processor } = heldProcessor(3);
      for (const event of ['before', 'a', 'b', 'c']) processor.trySend(event);
      held.call(0).succeed();
      await time.advance(10);
      const kept = drained(processor);
      held.call(1).succeed();
      held.call(2).succeed();
      held.call(3).fail('once');
      await time.advance(100);
      expect(kept.report).toBeUndefined();
      held.call(4).fail('twice');
      await time.settle();
      expect(kept.report).toEqual({
        completed: true,
        handled: 2,
        dead: 1,
        dropped: 0,
        abandoned: 0,
        durationMs: 100,
      });
    }),
  );

  it(
    'reports what it abandoned, and leaves a letter of each with the attempts that were made',
    virtualTest(async ({ time }) => {
      const { held, processor } = heldProcessor(2);
      processor.trySend('between');
      held.call(0).fail('once');
      await time.settle();
      for (const event of ['runs', 'runs too', 'waits']) processor.trySend(event);
      const kept = drained(processor, 50);
      await time.advance(49);
      expect(kept.report).toBeUndefined();
      expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([false, false, false]);
      await time.advance(1);
      expect(kept.report).toEqual({
        completed: false,
        handled: 0,
        dead: 4,
        dropped: 0,
        abandoned: 4,
        durationMs: 50,
      });
      const letters = await processor.deadLetters.list();
      expect(
        letters.map(({ event, reason, attempts }) => `${event}: ${reason} after ${attempts.length}`).toSorted(),
      ).toEqual([
        'between: abandoned after 1',
        'runs too: abandoned after 0',
        'runs: abandoned after 0',
        'waits: abandoned after 0',
      ]);
      for (const { error } of letters) expect(error).toMatchObject({ code: 'ABANDONED' });
      expect(held.calls.slice(1).map(({ context }) => context.signal.aborted)).toEqual([true, true]);
    }),
  );

  it(
    'aborts no signal as long as it waits',
    virtualTest(async ({ time }) => {
      const { held, processor } = heldProcessor();
      processor.trySend('a');
      const kept = drained(processor);
      await time.advance(1_000_000);
      expect(held.call(0).context.signal.aborted).toBe(false);
      expect(kept.report).toBeUndefined();
      held.call(0).succeed();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: true, handled: 1, durationMs: 1_000_000 });
      expect(held.call(0).context.signal.aborted).toBe(false);
    }),
  );

  it('resolves at once when nothing is pending', async () => {
    const { processor } = heldProcessor();
    const none = { completed: true, handled: 0, dead: 0, dropped: 0, abandoned: 0, durationMs: 0 };
    expect(await processor.drain()).toEqual(none);
    expect(processor.stats().state).toBe('closed');
  });

  it.each(PATHS)('finishes a backlog of handlers that end at once ($path)', async ({ via }) => {
    const { processor, [via]: send } = watch<string>(() => undefined, { capacity: 100 });
    processor.pause();
    for (let index = 0; index < 100; index++) send('a');
    expect(await processor.drain()).toMatchObject({ completed: true, handled: 100 });
  });

  it('is draining until it has ended, then closed', async () => {
    const { held, processor } = heldProcessor();
    processor.trySend('a');
    const draining = processor.drain();
    expect(processor.stats().state).toBe('draining');
    held.call(0).succeed();
    await draining;
    expect(processor.stats().state).toBe('closed');
  });

  it(
    'is one drain, however often it is called: the earliest deadline counts',
    virtualTest(async ({ time }) => {
      const { processor } = heldProcessor();
      processor.trySend('a');
      const [none, late, early] = [drained(processor), drained(processor, 90), drained(processor, 30)];
      await time.advance(30);
      expect(none.report).toMatchObject({ completed: false, abandoned: 1, durationMs: 30 });
      expect(late.report).toEqual(none.report);
      expect(early.report).toEqual(none.report);
    }),
  );

  it(
    'leaves no timer, on the scheduler that it was given, when it ends before its deadline',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const scheduler = new VirtualTimeScheduler();
      const processor = createProcessor(held.handle, { scheduler });
      processor.trySend('a');
      const kept = drained(processor, 1_000);
      await time.advance(2_000);
      expect(scheduler.actions).toHaveLength(1);
      held.call(0).succeed();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: true });
      expect(scheduler.actions).toHaveLength(0);
    }),
  );

  it(
    'abandons what is pending as soon as it can with a deadline of 0',
    virtualTest(async ({ time }) => {
      const { processor } = heldProcessor();
      processor.trySend('a');
      const kept = drained(processor, 0);
      await time.advance(0);
      expect(kept.report).toMatchObject({ completed: false, abandoned: 1, dead: 1, durationMs: 0 });
    }),
  );

  it('reports that nothing was left to do after a close', async () => {
    const { processor } = heldProcessor();
    processor.trySend('a');
    processor.close();
    expect(await processor.drain()).toMatchObject({ completed: true, handled: 0, dead: 0, abandoned: 0 });
  });

  it(
    'ends, incomplete, when the processor is closed meanwhile',
    virtualTest(async ({ time }) => {
      const { processor } = heldProcessor();
      processor.trySend('a');
      const kept = drained(processor, 100);
      processor.close();
      await time.settle();
      expect(kept.report).toMatchObject({ completed: false, abandoned: 1, dead: 1 });
    }),
  );

  it.each(
    PATHS.flatMap(({ path, via }) => ['nothing', 'a promise', 'an error'].map((result) => ({ path, via, result }))),
  )(
    'counts the event whose handler closes the processor during it, and gives $result ($path)',
    async ({ via, result }) => {
      let report: Promise<DrainReport> | undefined;
      const { processor, [via]: send } = watch<string>(() => {
        report = processor.drain();
        processor.close();
        if (result === 'an error') throw new Error('no');
        return result === 'a promise' ? Promise.resolve() : undefined;
      }, {});
      send('a');
      const { handled, dead, abandoned } = await report!;
      expect(handled + dead).toBe(1);
      expect(abandoned).toBe(dead);
      expect(processor.stats()).toMatchObject({ handled, dead, pending: 0 });
    },
  );

  it(
    'counts the event whose abort closes the processor during it',
    virtualTest(async ({ time }) => {
      const handle = (_event: string, { signal }: HandlerContext): unknown => {
        signal.addEventListener('abort', () => processor.close());
        return NEVER;
      };
      const processor: Processor<string> = createProcessor(handle, { timeoutMs: 5 });
      processor.trySend('a');
      const draining = processor.drain();
      await time.advance(5);
      expect(await draining).toMatchObject({ completed: false, handled: 0, dead: 1, abandoned: 1 });
    }),
  );

  it(
    'gives up at its deadline on a handler that waits for the drain itself',
    virtualTest(async ({ time }) => {
      const reports: DrainReport[] = [];
      const processor: Processor<string> = createProcessor(
        async () => void reports.push(await processor.drain({ deadlineMs: 10 })),
      );
      processor.trySend('a');
      await time.advance(10);
      expect(reports).toMatchObject([{ completed: false, abandoned: 1 }]);
      expect(processor.stats()).toMatchObject({ state: 'closed', dead: 1, pending: 0 });
    }),
  );

  it(
    'counts the abandoned among the dead while a store takes its time to keep their letters',
    virtualTest(async ({ time }) => {
      const stored: string[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async ({ event }) => {
            await time.advance(1);
            stored.push(event);
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { deadLetters });
      for (const event of ['a', 'b', 'c']) processor.trySend(event);
      held.call(0).fail('is being stored at the deadline');
      await Promise.resolve();
      await Promise.resolve();
      const draining = processor.drain({ deadlineMs: 0 });
      expect(await draining).toMatchObject({ completed: false, handled: 0, dead: 3, abandoned: 2 });
      expect(stored).toEqual([]);
      await time.runAll();
      expect(stored.toSorted()).toEqual(['a', 'b', 'c']);
      expect(processor.stats()).toMatchObject({ accepted: 3, dead: 3, pending: 0 });
    }),
  );

  it.each([
    { store: 'is quick enough', tookMs: 3, reportedAt: 8, stored: ['a', 'b'] },
    { store: 'is not', tookMs: 7, reportedAt: 10, stored: [] },
  ])(
    'gives the store of letters as much time again as its deadline gave: it $store',
    virtualTest(async ({ time }, { tookMs, reportedAt, stored }) => {
      const letters: string[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: async ({ event }) => {
            await time.advance(tookMs);
            letters.push(event);
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      const processor = createProcessor<string>(() => NEVER, { deadLetters });
      for (const event of ['a', 'b']) processor.trySend(event);
      expect(await processor.drain({ deadlineMs: 5 })).toMatchObject({ abandoned: 2, durationMs: 5 });
      expect({ reportedAt: time.now, stored: letters }).toEqual({ reportedAt, stored });
      await time.runAll();
      expect(letters).toEqual(['a', 'b']);
    }),
  );

  it(
    'is what `await using` does at the end of its block',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const seen: string[] = [];
      async function useOne(): Promise<void> {
        await using processor = createProcessor(held.handle);
        processor.trySend('a', ({ outcome }) => seen.push(outcome));
      }
      const using = useOne().then(() => seen.push('left'));
      await time.settle();
      expect(seen).toEqual([]);
      held.call(0).succeed();
      await using;
      expect(seen).toEqual(['handled', 'left']);
    }),
  );
});
