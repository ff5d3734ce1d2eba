import {
  type Batched,
  createDeadLetterQueue,
  createProcessor,
  type DeadLetter,
  type Handling,
  type HandlerContext,
  HandlerTimeoutError,
  type Probe,
  type ProcessorOptions,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER, of, Subject, throwError, timer, VirtualTimeScheduler } from 'rxjs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { PATHS, type Path } from '../support/paths.ts';
import { describeEnd, playing, watchBatches } from '../support/watch.ts';

type BatchOptions = Batched<ProcessorOptions<string>>;

const FOREVER = Infinity;
/** The key of an event is what it is without its case: `a` and `A` are of one lane. */
const key = (event: string): string => event.toLowerCase();

afterEach(() => {
  vi.useRealTimers();
});

describe('a batch', () => {
  it.each(PATHS)(
    'starts as soon as it is full ($path)',
    marbles((m, { via }: Path) => {
      const events = ' ab-c---d';
      const started = '-x-----y';
      const watched = watchBatches(playing(m, {}), { batch: { maxSize: 2 }, scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started, { x: 'ab', y: 'cd' });
    }),
  );

  it.each(PATHS)(
    'starts when its first event has waited long enough ($path)',
    marbles((m, { via }: Path) => {
      const events = ' a-b----';
      const started = '----x---';
      const watched = watchBatches(playing(m, {}), { batch: { maxWaitMs: 4 }, scheduler: m.scheduler });
      m.hot(events).subscribe(watched[via]);
      m.expect(watched.started$).toBeObservable(started, { x: 'ab' });
    }),
  );

  it(
    'counts that time from the first event of each batch, not from the last one or from the batch before',
    marbles((m) => {
      const events = ' -a--b---c--d---';
      const started = '------x------y-';
      const { send, started$ } = watchBatches(playing(m, {}), { batch: { maxWaitMs: 5 }, scheduler: m.scheduler });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd' });
    }),
  );

  it(
    'leaves the next one its whole time when it was full before its own',
    marbles((m) => {
      const events = ' -ab-c-----';
      const started = '--x----y--';
      const options = { batch: { maxSize: 2, maxWaitMs: 3 }, scheduler: m.scheduler };
      const { send, started$ } = watchBatches(playing(m, {}), options);
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'c' });
    }),
  );

  it(
    'starts at the first event, and takes what waits meanwhile, when maxWaitMs is 0',
    marbles((m) => {
      const events = ' abcd---e';
      const started = 'x---y--z';
      const { send, started$ } = watchBatches(playing(m, { a: '----|' }), {
        batch: { maxWaitMs: 0 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'a', y: 'bcd', z: 'e' });
    }),
  );

  it(
    'waits until it is full, or until it is drained, when maxWaitMs is Infinity',
    marbles((m) => {
      const events = ' a 1m b 1m c 1m d ';
      const started = '- 1m - 1m x 1m -y';
      const drain = '  - 1m - 1m - 1m -d';
      const { processor, send, started$ } = watchBatches(playing(m, {}), {
        batch: { maxSize: 3, maxWaitMs: FOREVER },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(drain).subscribe(() => void processor.drain());
      m.expect(started$).toBeObservable(started, { x: 'abc', y: 'd' });
    }),
  );

  it(
    'has one event at a time when maxSize is 1',
    marbles((m) => {
      const events = ' (abc)';
      const started = 'a-b-c';
      const { send, started$ } = watchBatches(playing(m, { a: '--|', b: '--|', c: '--|' }), {
        batch: { maxSize: 1, maxWaitMs: FOREVER },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'has up to 100 events, or waits a second, if nothing else is said',
    marbles((m) => {
      const { send, started$ } = watchBatches(playing(m, {}), { batch: {}, scheduler: m.scheduler });
      for (let index = 0; index < 150; index++) m.scheduler.schedule(() => send('a'), 1);
      m.expect(started$).toBeObservable('-x 999ms y', { x: 'a'.repeat(100), y: 'a'.repeat(50) });
    }),
  );

  it('is frozen, so that a handler that takes events out of it fails instead of losing them', () => {
    const sizes: number[] = [];
    const scheduler = new VirtualTimeScheduler();
    const processor = createProcessor<string>(
      (events: readonly string[]) => {
        sizes.push(events.length);
        (events as string[]).splice(0, 2);
      },
      { batch: { maxSize: 3 }, retry: { maxAttempts: 2 }, scheduler },
    );
    for (const event of ['a', 'b', 'c']) processor.trySend(event);
    scheduler.flush();
    expect(sizes).toEqual([3, 3]);
    expect(processor.stats()).toMatchObject({ handled: 0, dead: 3, pending: 0 });
  });

  it('may have events that are undefined, and hands over the very same objects', () => {
    const seen: unknown[] = [];
    const event = {};
    const processor = createProcessor<object | undefined>((events: readonly unknown[]) => void seen.push(...events), {
      batch: { maxSize: 3 },
    });
    for (const each of [undefined, event, undefined]) processor.trySend(each);
    expect(seen).toHaveLength(3);
    expect(seen[1]).toBe(event);
    expect(processor.stats()).toMatchObject({ accepted: 3, handled: 3, pending: 0 });
  });

  it.each<{ form: string; result: () => unknown }>([
    { form: 'nothing', result: () => undefined },
    { form: 'a value', result: () => 'a value' },
    { form: 'a promise', result: () => Promise.resolve() },
    { form: 'an Observable', result: () => of(1, 2) },
  ])(
    'is handled by a handler that returns $form',
    virtualTest(async ({ time }, { result }) => {
      const { processor, send, ended$ } = watchBatches(result, { batch: { maxSize: 2 } });
      const ends: string[] = [];
      ended$.subscribe((end) => ends.push(end));
      for (const event of ['a', 'b']) send(event);
      await time.settle();
      expect(ends).toEqual(['a handled', 'b handled']);
      expect(processor.stats()).toMatchObject({ accepted: 2, handled: 2, pending: 0 });
    }),
  );

  it('is given to an object as to a function, with a context', () => {
    const seen: unknown[] = [];
    const processor = createProcessor<string>(
      {
        handle: (events: readonly string[], { attempt, signal }: HandlerContext) =>
          void seen.push(events, attempt, signal.aborted),
      },
      { batch: { maxSize: 2 } },
    );
    for (const event of ['a', 'b']) processor.trySend(event);
    expect(seen).toEqual([['a', 'b'], 1, false]);
  });

  it('is not joined by events that come from within its own handler: those wait for the next one', () => {
    const batches: string[] = [];
    const { send, processor } = watchBatches(
      (batch) => {
        batches.push(batch);
        if (batch === 'ab') for (const event of ['c', 'd']) send(event);
      },
      { batch: { maxSize: 2, maxWaitMs: FOREVER } },
    );
    for (const event of ['a', 'b']) send(event);
    expect(batches).toEqual(['ab', 'cd']);
    expect(processor.stats()).toMatchObject({ handled: 4, pending: 0 });
  });

  it.each<{ when: string; ends: number; handled: number }>([
    { when: 'while it waits for others', ends: 0, handled: 1 },
    { when: 'while it waits for a slot', ends: 5, handled: 2 },
  ])('does not wait for long when the clock is set back $when', ({ ends, handled }) => {
    const scheduler = new VirtualTimeScheduler();
    let setBackMs = 0;
    vi.spyOn(scheduler, 'now').mockImplementation(() => scheduler.frame - setBackMs);
    const { processor, send } = watchBatches(() => timer(ends, scheduler), {
      batch: { maxWaitMs: 10 },
      scheduler,
    });
    if (ends > 0) {
      send('blocks');
      scheduler.maxFrames = 10;
      scheduler.flush();
    }
    send('a');
    setBackMs = 3_600_000;
    scheduler.maxFrames = 35;
    scheduler.flush();
    expect(processor.stats()).toMatchObject({ handled, pending: 0 });
  });

  it('leaves no timer behind when it was full', () => {
    const scheduler = new VirtualTimeScheduler();
    const { send } = watchBatches(() => undefined, { batch: { maxSize: 2 }, scheduler });
    send('a');
    expect(scheduler.actions).toHaveLength(1);
    send('b');
    expect(scheduler.actions).toHaveLength(0);
  });
});

describe('the slots of batches', () => {
  it(
    'are taken by a batch each: the next one gathers until there is one',
    marbles((m) => {
      const events = ' (abcd)--';
      const started = 'x---y---';
      const { send, started$ } = watchBatches(playing(m, { ab: '----|' }), {
        batch: { maxSize: 2, maxWaitMs: FOREVER },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd' });
    }),
  );

  it(
    'are taken at once by what has waited long enough meanwhile, full or not',
    marbles((m) => {
      const events = ' ab-c-----e';
      const started = '-x------y--z';
      const { send, started$ } = watchBatches(playing(m, { ab: '-------|' }), {
        batch: { maxSize: 2, maxWaitMs: 2 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'c', z: 'e' });
    }),
  );

  it(
    'are as many as the concurrency says',
    marbles((m) => {
      const events = ' (abcdef)';
      const started = '(xy)z';
      const { send, started$ } = watchBatches(playing(m, { ab: '----|', cd: '----|' }), {
        batch: { maxSize: 2 },
        concurrency: 2,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd', z: 'ef' });
    }),
  );

  it(
    'are left to others while a batch waits for its next attempt',
    marbles((m) => {
      const events = ' (abcdef)';
      const started = '(xyz)x';
      const { send, started$ } = watchBatches(playing(m, { ab: ['#', '|'], cd: '--|', ef: '-' }), {
        batch: { maxSize: 2 },
        concurrency: 2,
        retry: { delayMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd', z: 'ef' });
    }),
  );

  it(
    'are left to nobody meanwhile when there is but one, without keys: first in, first out',
    marbles((m) => {
      const events = ' (abcd)';
      const started = 'x----(xy)';
      const { send, started$ } = watchBatches(playing(m, { ab: ['#', '|'] }), {
        batch: { maxSize: 2 },
        retry: { delayMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd' });
    }),
  );

  it(
    'are not taken while the processor is paused, and at once when it is resumed',
    marbles((m) => {
      const events = '  a-b--c------d';
      const pause = '   -p-----------';
      const resume = '  -------r-----';
      const started = ' -------x-------y';
      const { processor, send, started$ } = watchBatches(playing(m, {}), {
        batch: { maxSize: 4, maxWaitMs: 3 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(resume).subscribe(() => processor.resume());
      m.expect(started$).toBeObservable(started, { x: 'abc', y: 'd' });
    }),
  );
});

describe('the end of a batch', () => {
  it(
    'is the end of each of its events, at the same time',
    marbles((m) => {
      const events = ' ab----';
      const ended = '  ---(AB)';
      const { send, ended$ } = watchBatches(playing(m, { ab: '--|' }), {
        batch: { maxSize: 2 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(ended$).toBeObservable(ended, { A: 'a handled', B: 'b handled' });
    }),
  );

  it(
    'comes after its retries: it is retried as one',
    marbles((m) => {
      const events = ' ab-----';
      const started = '-x--x---x---';
      const ended = '  ---------(AB)';
      const { processor, send, started$, ended$ } = watchBatches(playing(m, { ab: ['-#', '-#', '-|'] }), {
        batch: { maxSize: 2 },
        retry: { delayMs: (attempt) => attempt + 1 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab' });
      m.expect(ended$).toBeObservable(ended, { A: 'a handled', B: 'b handled' });
      m.flush();
      expect(processor.stats()).toMatchObject({ accepted: 2, handled: 2, dead: 0, retried: 2 });
    }),
  );

  it(
    'comes when its time is over: it is timed out as one',
    marbles((m) => {
      const events = ' (abcd)';
      const started = 'x----y';
      const letters = '-----(AB)';
      const work$ = m.cold('  -');
      const subscription = '  ^----!';
      const { send, started$, letters$ } = watchBatches((batch) => (batch === 'ab' ? work$ : undefined), {
        batch: { maxSize: 2 },
        timeoutMs: 5,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd' });
      m.expect(letters$).toBeObservable(letters, { A: 'a timeout', B: 'b timeout' });
      m.expect(work$).toHaveSubscriptions(subscription);
    }),
  );

  it.each<{ reason: string; attempts: number; options: Partial<BatchOptions>; handle: () => unknown }>([
    {
      reason: 'exhausted',
      attempts: 2,
      options: { retry: { maxAttempts: 2 } },
      handle: () => throwError(() => new Error('no')),
    },
    { reason: 'exhausted', attempts: 1, options: {}, handle: () => throwError(() => new Error('no')) },
    {
      reason: 'rejected',
      attempts: 1,
      options: { retry: { retryIf: () => false } },
      handle: () => throwError(() => new Error('no')),
    },
    {
      reason: 'timeout',
      attempts: 2,
      options: { timeoutMs: 10, retry: { maxAttempts: 2 } },
      handle: () => NEVER,
    },
  ])(
    "leaves each event a letter of its own, '$reason', with the error and the $attempts attempts of the batch",
    ({ reason, attempts, options, handle }) => {
      const scheduler = new VirtualTimeScheduler();
      const { processor, send, ended$ } = watchBatches(handle, {
        name: 'rows',
        batch: { maxSize: 3 },
        scheduler,
        ...options,
      });
      const letters: DeadLetter<string>[] = [];
      const ends: string[] = [];
      processor.deadLetters.subscribe((letter) => letters.push(letter));
      ended$.subscribe((end) => ends.push(end));
      for (const event of ['a', 'b', 'c']) send(event);
      scheduler.flush();
      expect(ends).toEqual(['a', 'b', 'c'].map((event) => `${event} dead ${reason}`));
      expect(letters.map(({ event }) => event)).toEqual(['a', 'b', 'c']);
      expect(new Set(letters.map(({ id }) => id)).size).toBe(3);
      for (const letter of letters) {
        expect(letter).toMatchObject({ handler: 'rows', reason, redriven: 0 });
        expect(letter.attempts.map(({ attempt }) => attempt)).toEqual(
          Array.from({ length: attempts }, (_, i) => i + 1),
        );
        expect(letter.error).toBe(letter.attempts.at(-1)!.error);
        expect(letter.error).toBeInstanceOf(reason === 'timeout' ? HandlerTimeoutError : Error);
      }
      expect(processor.stats()).toMatchObject({ accepted: 3, handled: 0, dead: 3, pending: 0 });
    },
  );

  it(
    "is told with the batch's attempts, its result, and the id of the event's own letter",
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>((events, context) => held.handle(events, context).then(() => 'saved'), {
        batch: { maxSize: 2 },
        retry: { maxAttempts: 2, delayMs: 1 },
      });
      const told: unknown[] = [];
      const letters: string[] = [];
      processor.deadLetters.subscribe(({ id }) => letters.push(id));
      const send = (event: string): boolean => processor.trySend(event, (...end) => told.push(event, ...end));
      for (const event of ['a', 'b', 'c', 'd']) send(event);
      held.call(0).fail('once');
      await time.advance(1);
      held.call(1).succeed();
      await time.settle();
      held.call(2).fail('once');
      await time.advance(1);
      held.call(3).fail('twice');
      await time.settle();
      const handled = { outcome: 'handled', attempts: 2 };
      const dead = { outcome: 'dead', attempts: 2, reason: 'exhausted', error: 'twice' };
      expect(told.slice(0, 6)).toEqual(['a', handled, 'saved', 'b', handled, 'saved']);
      expect(told.slice(6)).toEqual([
        'c',
        { ...dead, deadLetterId: letters[0] },
        undefined,
        'd',
        { ...dead, deadLetterId: letters[1] },
        undefined,
      ]);
    }),
  );

  it('is told to senders, each of its own event', async () => {
    const { processor } = watchBatches(() => throwError(() => 'no'), { batch: { maxSize: 2 } });
    const [first, second] = await Promise.all([processor.send('a'), processor.send('b')]);
    const ends = await Promise.all([first.settled, second.settled]);
    expect(ends).toMatchObject([
      { outcome: 'dead', error: 'no' },
      { outcome: 'dead', error: 'no' },
    ]);
    expect(ends[0].deadLetterId).not.toBe(ends[1].deadLetterId);
  });

  it(
    'may be the close of the processor by its own handler',
    virtualTest(async ({ time }) => {
      const { processor, send, letters$ } = watchBatches(
        () => {
          processor.close();
          return Promise.resolve();
        },
        { batch: { maxSize: 2 } },
      );
      const letters: string[] = [];
      letters$.subscribe((letter) => letters.push(letter));
      for (const event of ['a', 'b', 'c']) send(event);
      await time.settle();
      expect(letters).toEqual(['a abandoned', 'b abandoned']);
      expect(processor.stats()).toMatchObject({ accepted: 2, dead: 2, rejected: 1, pending: 0, late: 1 });
    }),
  );

  it('may be the close of the processor by whoever is told of the first of its letters', () => {
    const scheduler = new VirtualTimeScheduler();
    const { processor, send, letters$ } = watchBatches(() => throwError(() => 'no'), {
      batch: { maxSize: 2 },
      retry: { maxAttempts: 1 },
      scheduler,
    });
    const letters: string[] = [];
    letters$.subscribe((letter) => {
      letters.push(letter);
      processor.close();
    });
    for (const event of ['a', 'b']) send(event);
    expect(letters).toEqual(['a exhausted', 'b exhausted']);
    expect(processor.stats()).toMatchObject({ accepted: 2, dead: 2, pending: 0 });
    expect(scheduler.actions).toHaveLength(0);
  });

  it(
    'comes when the letters of all of its events are stored',
    virtualTest(async ({ time }) => {
      const stored: (() => void)[] = [];
      const deadLetters = createDeadLetterQueue<string>({
        store: {
          add: () => new Promise<void>((resolve) => void stored.push(resolve)),
          remove: () => undefined,
          list: () => [],
        },
      });
      const { processor, send, ended$ } = watchBatches(() => throwError(() => 'no'), {
        batch: { maxSize: 2 },
        deadLetters,
      });
      const ends: string[] = [];
      ended$.subscribe((end) => ends.push(end));
      for (const event of ['a', 'b']) send(event);
      stored[0]!();
      await time.settle();
      expect(ends).toEqual([]);
      expect(processor.stats()).toMatchObject({ pending: 2, betweenAttempts: 2 });
      stored[1]!();
      await time.settle();
      expect(ends).toEqual(['a dead exhausted', 'b dead exhausted']);
      expect(processor.stats()).toMatchObject({ dead: 2, pending: 0 });
    }),
  );
});

describe('batches with keys', () => {
  it(
    'never have one key in two of them at a time, and may have several of one key, in order',
    marbles((m) => {
      const events = ' (aAaAb)';
      const started = 'xy--z';
      const { send, started$ } = watchBatches(playing(m, { aA: '----|' }), {
        key,
        batch: { maxSize: 2, maxWaitMs: 1 },
        concurrency: 3,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'aA', y: 'b', z: 'aA' });
    }),
  );

  it(
    'keep the order of each key across retries, while other keys flow on',
    marbles((m) => {
      const events = ' (aAaa)--bb';
      const started = 'x----(xy)z';
      const { send, started$ } = watchBatches(playing(m, { aA: ['#', '|'] }), {
        key,
        batch: { maxSize: 2 },
        retry: { delayMs: 5 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'aA', y: 'aa', z: 'bb' });
    }),
  );

  it(
    'are not filled by events that a busy lane holds back',
    marbles((m) => {
      const events = ' (aAaAb)-----b';
      const started = '(x)---------(y)';
      const { send, started$ } = watchBatches(playing(m, { aA: '-' }), {
        key,
        batch: { maxSize: 2, maxWaitMs: FOREVER },
        concurrency: 2,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'aA', y: 'bb' });
    }),
  );

  it(
    'let lanes take turns: a hot key starves nobody',
    marbles((m) => {
      const events = ' (abcaaBB)';
      const started = 'x--y--z';
      const { send, started$ } = watchBatches(playing(m, { ab: '---|', ca: '---|', BB: '---|' }), {
        key,
        batch: { maxSize: 2, maxWaitMs: FOREVER },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'ca', z: 'BB' });
    }),
  );

  it(
    'keep nobody waiting for longer than maxWaitMs, but in a busy lane, whoever has the turn',
    marbles((m) => {
      const events = ' a 10ms A-b';
      const started = '10ms x 10ms y';
      const { send, started$ } = watchBatches(playing(m, { a: '--------|' }), {
        key,
        batch: { maxSize: 3, maxWaitMs: 10 },
        concurrency: 2,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'a', y: 'bA' });
    }),
  );

  it(
    'have a slot for each only: another key leaves a slot to batches, and a retry the lane to nobody',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>(held.handle, {
        key,
        batch: { maxSize: 2, maxWaitMs: FOREVER },
        retry: { delayMs: 5 },
      });
      for (const event of ['a', 'b', 'A', 'c', 'c']) processor.trySend(event);
      held.call(0).fail();
      await time.settle();
      // A is held back by the batch of a, which waits for its next attempt.
      expect(held.calls.map(({ event }) => event.join(''))).toEqual(['ab', 'cc']);
      expect(processor.stats()).toMatchObject({ running: 2, waiting: 1, betweenAttempts: 2, pending: 5 });
      await time.advance(5);
      held.call(1).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event.join(''))).toEqual(['ab', 'cc', 'ab']);
      processor.close();
    }),
  );

  it('show all that is pending of a lane', () => {
    const { processor, send } = watchBatches(() => NEVER, { key, batch: { maxSize: 3 } });
    for (const event of ['a', 'A', 'b', 'a', 'a']) send(event);
    expect(processor.stats().lanes).toEqual([
      { key: 'a', pending: 4 },
      { key: 'b', pending: 1 },
    ]);
  });

  it('leave out an event whose key throws: it is dead at once', () => {
    const batches: string[] = [];
    const { processor, send, letters$ } = watchBatches((batch) => void batches.push(batch), {
      key: (event) => {
        if (event === 'x') throw new Error('no key');
        return event;
      },
      batch: { maxSize: 2 },
    });
    const letters: string[] = [];
    letters$.subscribe((letter) => letters.push(letter));
    expect(['a', 'x', 'b'].map((event) => send(event))).toEqual([true, false, true]);
    expect(batches).toEqual(['ab']);
    expect(letters).toEqual(['x invalid-key']);
    expect(processor.stats()).toMatchObject({ accepted: 3, handled: 2, dead: 1, pending: 0 });
  });
});

describe('the bound of a processor with batches', () => {
  it('is what its slots hold, and the capacity', () => {
    const { processor, send } = watchBatches(() => NEVER, { batch: { maxSize: 3 }, concurrency: 2, capacity: 2 });
    const taken = Array.from({ length: 10 }, () => send('a'));
    expect(taken.lastIndexOf(true)).toBe(7);
    expect(processor.stats()).toMatchObject({ accepted: 8, rejected: 2, pending: 8, running: 6, waiting: 2 });
  });

  it('lets a batch fill, without any capacity', () => {
    const { processor, send } = watchBatches(() => undefined, {
      batch: { maxSize: 3, maxWaitMs: FOREVER },
      capacity: 0,
    });
    expect(['a', 'b', 'c', 'd'].map((event) => send(event))).toEqual([true, true, true, true]);
    expect(processor.stats()).toMatchObject({ handled: 3, waiting: 1, pending: 1 });
  });

  it(
    'lets those in who wait for room as soon as a batch has ended',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>(held.handle, { batch: { maxSize: 2 }, capacity: 0 });
      const taken: string[] = [];
      const refused: string[] = [];
      for (const event of ['a', 'b', 'c', 'd', 'e']) {
        processor.send(event).then(
          () => taken.push(event),
          () => refused.push(event),
        );
      }
      await time.settle();
      expect(taken).toEqual(['a', 'b']);
      expect(processor.stats()).toMatchObject({ suspended: 3 });
      held.call(0).succeed();
      await time.settle();
      expect(taken).toEqual(['a', 'b', 'c', 'd']);
      expect(held.calls.map(({ event }) => event)).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ]);
      processor.close();
      await time.settle();
      expect(refused).toEqual(['e']);
    }),
  );

  it.each<{ overflow: 'drop-newest' | 'drop-oldest' | 'fail'; taken: boolean; ends: string[]; rest: string }>([
    { overflow: 'drop-oldest', taken: true, ends: ['c dropped drop-oldest'], rest: 'de' },
    { overflow: 'drop-newest', taken: false, ends: ['e dropped drop-newest'], rest: 'cd' },
    { overflow: 'fail', taken: false, ends: [], rest: 'cd' },
  ])(
    'is kept by policies that look at single events: $overflow',
    virtualTest(async ({ time }, { overflow, taken, ends, rest }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>(held.handle, { batch: { maxSize: 2 }, capacity: 2, overflow });
      const seen: string[] = [];
      const send = (event: string): boolean =>
        processor.trySend(event, (end) => seen.push(`${event} ${describeEnd(end)}`));
      for (const event of ['a', 'b', 'c', 'd']) send(event);
      expect(send('e')).toBe(taken);
      expect(seen).toEqual(ends);
      held.call(0).succeed();
      await time.settle();
      expect(held.call(1).event.join('')).toBe(rest);
      processor.close();
    }),
  );
});

describe('stats of batches', () => {
  it(
    'count events, not batches, wherever they are',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>(held.handle, {
        batch: { maxSize: 3 },
        concurrency: 2,
        retry: { delayMs: 50 },
      });
      for (const event of 'abcdefgh') processor.trySend(event);
      held.call(0).fail('no');
      await time.advance(7);
      expect(processor.stats()).toMatchObject({ accepted: 8, pending: 8, running: 3, waiting: 2, betweenAttempts: 3 });
      expect(processor.stats()).toMatchObject({ longestRunningMs: 7, retried: 0, concurrency: 2 });
      await time.advance(50);
      expect(processor.stats()).toMatchObject({ pending: 8, running: 6, waiting: 2, betweenAttempts: 0, retried: 1 });
      for (const call of held.calls) call.succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 6, running: 0, waiting: 2, pending: 2 });
      processor.close();
      expect(processor.stats()).toMatchObject({ handled: 6, dead: 2, pending: 0 });
    }),
  );

  it(
    'count one late result of a batch',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const processor = createProcessor<string>(held.handle, { batch: { maxSize: 2 }, timeoutMs: 5 });
      processor.errors.subscribe();
      for (const event of ['a', 'b']) processor.trySend(event);
      await time.advance(5);
      held.call(0).succeed();
      await time.settle();
      expect(processor.stats()).toMatchObject({ handled: 0, dead: 2, late: 1, pending: 0 });
    }),
  );
});

describe('draining and closing', () => {
  it(
    'starts at once what waits for a batch to fill, and leaves no timer',
    marbles((m) => {
      const events = ' ab------';
      const drain = '  ---d----';
      const started = '---x----';
      const ended = '  -----(AB)';
      const { processor, send, started$, ended$ } = watchBatches(playing(m, { ab: '--|' }), {
        batch: { maxSize: 9, maxWaitMs: 50 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(drain).subscribe(() => void processor.drain());
      m.expect(started$).toBeObservable(started, { x: 'ab' });
      m.expect(ended$).toBeObservable(ended, { A: 'a handled', B: 'b handled' });
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'closed', handled: 2, pending: 0 });
      // At 53 ms there would be the timer.
      expect(m.scheduler.now()).toBeLessThan(50);
    }),
  );

  it('fills batches as far as it can, and reports all of their events', async () => {
    const { processor, send, started$ } = watchBatches(
      (batch) => (batch === 'de' ? throwError(() => 'no') : undefined),
      {
        batch: { maxSize: 3, maxWaitMs: FOREVER },
      },
    );
    const started: string[] = [];
    started$.subscribe((batch) => started.push(batch));
    processor.pause();
    for (const event of ['a', 'b', 'c', 'd', 'e']) send(event);
    const report = await processor.drain();
    expect(started).toEqual(['abc', 'de']);
    expect(report).toMatchObject({ completed: true, handled: 3, dead: 2, abandoned: 0 });
  });

  it(
    'abandons what runs, what waits and what is between attempts, each event with a letter',
    marbles((m) => {
      const events = '  (abcdefg)';
      const close = '   ----------x';
      const letters = ' ----------(CDEFABG)';
      const { processor, send, letters$ } = watchBatches(playing(m, { ab: '#', cd: '-', ef: '-' }), {
        batch: { maxSize: 2, maxWaitMs: FOREVER },
        concurrency: 2,
        retry: { delayMs: 99 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(close).subscribe(() => processor.close());
      const values = Object.fromEntries(Array.from('abcdefg', (event) => [event.toUpperCase(), `${event} abandoned`]));
      m.expect(letters$).toBeObservable(letters, values);
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'closed', accepted: 7, dead: 7, pending: 0 });
    }),
  );

  it('leaves neither a timer nor a subscription, and abandons with the attempts that were made', () => {
    const scheduler = new VirtualTimeScheduler();
    const work$ = new Subject<never>();
    const { processor, send } = watchBatches((batch) => (batch === 'ab' ? throwError(() => 'no') : work$), {
      batch: { maxSize: 2, maxWaitMs: 70 },
      concurrency: 3,
      timeoutMs: 50,
      retry: { delayMs: 60 },
      scheduler,
    });
    const letters: DeadLetter<string>[] = [];
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    for (const event of ['a', 'b', 'c', 'd', 'e']) send(event);
    // A time limit, a retry, and the event that waits for a batch.
    expect(scheduler.actions).toHaveLength(3);
    processor.close();
    expect(scheduler.actions).toHaveLength(0);
    expect(work$.observed).toBe(false);
    const attempts = Object.fromEntries(letters.map((letter) => [letter.event, letter.attempts.length]));
    expect(attempts).toEqual({ a: 1, b: 1, c: 0, d: 0, e: 0 });
  });

  it(
    'reports every event that it gave up at the deadline',
    virtualTest(async ({ time }) => {
      const { processor, send } = watchBatches(() => NEVER, { batch: { maxSize: 2 } });
      for (const event of ['a', 'b', 'c']) send(event);
      const draining = processor.drain({ deadlineMs: 5 });
      await time.advance(5);
      expect(await draining).toMatchObject({ completed: false, handled: 0, dead: 3, abandoned: 3 });
    }),
  );
});

describe('letters that are redriven', () => {
  it(
    'join later batches, at the tail',
    virtualTest(async ({ time }) => {
      let isSick = true;
      const batches: string[] = [];
      const { processor, send } = watchBatches(
        (batch) => {
          batches.push(batch);
          if (isSick) throw new Error('no');
        },
        { batch: { maxSize: 3, maxWaitMs: FOREVER } },
      );
      for (const event of ['a', 'b', 'c']) send(event);
      isSick = false;
      for (const event of ['d', 'e']) send(event);
      const redriving = processor.deadLetters.redrive({ limit: 1 });
      await time.settle();
      expect(batches).toEqual(['abc', 'dea']);
      expect(await redriving).toMatchObject({ redriven: 1, handled: 1 });
      expect((await processor.deadLetters.list()).map(({ event }) => event)).toEqual(['b', 'c']);
      expect(processor.stats()).toMatchObject({ accepted: 5, redriven: 1, handled: 3, dead: 3, pending: 0 });
    }),
  );

  it(
    'count how often, each for itself, when their batch dies again',
    virtualTest(async ({ time }) => {
      const { processor, send } = watchBatches(() => throwError(() => 'no'), { batch: { maxSize: 2 } });
      for (const event of ['a', 'b']) send(event);
      const letters = processor.deadLetters;
      const redriving = letters.redrive({ limit: 1 });
      await time.settle();
      send('c');
      expect(await redriving).toMatchObject({ redriven: 1, dead: 1 });
      const kept = (await letters.list()).map(({ event, redriven }) => `${event} ${redriven}`);
      expect(kept).toEqual(['b 0', 'a 1', 'c 0']);
    }),
  );
});

describe('a breaker', () => {
  it(
    'counts a batch as one, and holds batches back',
    marbles((m) => {
      const events = ' (abcdefgh)';
      const started = '(xy)--(zw)';
      const { send, started$ } = watchBatches(playing(m, { ab: '#', cd: '#' }), {
        batch: { maxSize: 2 },
        breaker: { failureThreshold: 2, resetAfterMs: 6 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'cd', z: 'ef', w: 'gh' });
    }),
  );
});

describe('a probe', () => {
  it('is told of each event, and runs each batch in one context', () => {
    const scheduler = new VirtualTimeScheduler();
    const lines: string[] = [];
    const handlings = new Set<Handling>();
    const note = (what: string, handling: Handling): void => {
      handlings.add(handling);
      lines.push(`${what} ${String(handling.event)}, attempt ${handling.attempts}`);
    };
    const probe: Probe = {
      accepted: (handling) => note('accepted', handling),
      started: (handling) => note('started', handling),
      retried: (handling, { error, delayMs }) => note(`retried after ${String(error)} in ${delayMs} ms`, handling),
      settled: (handling, settlement) => note(describeEnd(settlement), handling),
      around: ({ handler, event, attempts }, call) => {
        lines.push(`around ${handler}: ${(event as string[]).join('')}, attempt ${attempts}`);
        return call();
      },
    };
    const { send } = watchBatches(() => throwError(() => 'no'), {
      name: 'rows',
      batch: { maxSize: 2 },
      retry: { maxAttempts: 2, delayMs: 10 },
      probe,
      scheduler,
    });
    for (const event of ['a', 'b']) send(event);
    scheduler.flush();
    expect(lines).toEqual([
      'accepted a, attempt 0',
      'accepted b, attempt 0',
      'started a, attempt 1',
      'started b, attempt 1',
      'around rows: ab, attempt 1',
      'retried after no in 10 ms a, attempt 1',
      'retried after no in 10 ms b, attempt 1',
      'started a, attempt 2',
      'started b, attempt 2',
      'around rows: ab, attempt 2',
      'dead exhausted a, attempt 2',
      'dead exhausted b, attempt 2',
    ]);
    expect(handlings.size).toBe(2);
  });

  it.each(['started', 'retried'] as const)(
    'is told nothing of an event after its end, by which it was closed: %s',
    (name) => {
      const scheduler = new VirtualTimeScheduler();
      const lines: string[] = [];
      const note =
        (what: string) =>
        ({ event }: Handling): void => {
          lines.push(`${what} ${String(event)}`);
          if (what === name) processor.close();
        };
      const { processor, send } = watchBatches(() => throwError(() => 'no'), {
        batch: { maxSize: 2 },
        retry: {},
        probe: { started: note('started'), retried: note('retried'), settled: note('settled') },
        scheduler,
      });
      for (const event of ['a', 'b']) send(event);
      scheduler.flush();
      expect(lines.slice(name === 'started' ? 0 : 2)).toEqual([`${name} a`, 'settled a', 'settled b']);
    },
  );
});
