import { createProcessor, type DeadLetter, type HandlerContext } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { PATHS } from '../support/paths.ts';
import { playing, watch } from '../support/watch.ts';

/** The key of an event is its first letter. */
const key = (event: string): string => event[0]!;
const EVENTS = { a: 'x1', b: 'y1', c: 'x2', d: 'y2' };

describe('key', () => {
  it(
    'handles events of one key one at a time and in order, while other keys flow on',
    marbles((m) => {
      const events = '  acb---d';
      const started = ' a-b-c-d';
      const { send, started$ } = watch(playing(m, { x1: '----|', x2: '----|', y1: '--|', y2: '--|' }), {
        key,
        concurrency: 4,
        scheduler: m.scheduler,
      });
      m.hot(events, EVENTS).subscribe(send);
      m.expect(started$).toBeObservable(started, EVENTS);
    }),
  );

  it(
    'keeps the order across retries, while other keys flow on',
    marbles((m) => {
      const events = '  abcd';
      const started = ' ab-da---(ac)';
      const { send, started$ } = watch(playing(m, { x1: ['#', '#', '|'] }), {
        key,
        concurrency: 4,
        retry: { delayMs: 4, multiplier: 1 },
        scheduler: m.scheduler,
      });
      m.hot(events, EVENTS).subscribe(send);
      m.expect(started$).toBeObservable(started, EVENTS);
    }),
  );

  it(
    'leaves the slot to other keys during a delay, even if there is but one',
    marbles((m) => {
      const events = '  acb';
      const started = ' a-b-(ac)';
      const { send, started$ } = watch(playing(m, { x1: ['#', '|'] }), {
        key,
        concurrency: 1,
        retry: { delayMs: 4 },
        scheduler: m.scheduler,
      });
      m.hot(events, EVENTS).subscribe(send);
      m.expect(started$).toBeObservable(started, EVENTS);
    }),
  );

  it(
    'goes on with the next of its lane as soon as one is dead',
    marbles((m) => {
      const events = '  ac';
      const started = ' a----c';
      const ended = '   -----(xC)';
      const { send, started$, ended$ } = watch(playing(m, { x1: '-' }), {
        key,
        concurrency: 4,
        timeoutMs: 5,
        scheduler: m.scheduler,
      });
      m.hot(events, EVENTS).subscribe(send);
      m.expect(started$).toBeObservable(started, EVENTS);
      m.expect(ended$).toBeObservable(ended, { x: 'x1 dead timeout', C: 'x2 handled' });
    }),
  );

  it(
    'lets lanes take turns: a hot key starves nobody',
    marbles((m) => {
      const events = '  (acb)';
      const started = ' a--b--c';
      const { send, started$ } = watch(playing(m, { x1: '---|', x2: '---|', y1: '---|' }), {
        key,
        concurrency: 1,
        scheduler: m.scheduler,
      });
      m.hot(events, EVENTS).subscribe(send);
      m.expect(started$).toBeObservable(started, EVENTS);
    }),
  );

  it.each<{ kind: string; keys: unknown[]; lanes: number }>([
    { kind: 'NaN', keys: [NaN, NaN], lanes: 1 },
    { kind: 'undefined', keys: [undefined, undefined, null], lanes: 2 },
    { kind: '0 and -0', keys: [0, -0], lanes: 1 },
    { kind: 'a number and a text', keys: [1, '1'], lanes: 2 },
    { kind: 'objects of the same content', keys: [{}, {}], lanes: 2 },
  ])('compares keys as a Map does: $kind', ({ keys, lanes }) => {
    const held = new HeldHandler<unknown, HandlerContext>();
    const processor = createProcessor(held.handle, { key: (event) => event, concurrency: 9 });
    for (const event of keys) processor.trySend(event);
    expect(held.calls).toHaveLength(lanes);
    expect(processor.stats().lanes).toHaveLength(lanes);
  });

  it('shares the capacity between the keys: a hot one can fill it', () => {
    const { processor, send } = watch<string>(() => NEVER, { key, concurrency: 2, capacity: 2 });
    const taken = ['x1', 'x2', 'x3', 'x4', 'y1'].map((event) => send(event));
    expect(taken).toEqual([true, true, true, true, false]);
    expect(processor.stats()).toMatchObject({ running: 1, waiting: 3, pending: 4 });
    expect(processor.stats().lanes).toEqual([{ key: 'x', pending: 4 }]);
  });

  it(
    'shows the five fullest lanes, and none when all is done',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { processor, send } = watch(held.handle, { key, concurrency: 2 });
      for (const event of ['a1', 'b1', 'b2', 'c1', 'c2', 'c3', 'd1', 'd2', 'e1', 'e2', 'f1', 'f2']) send(event);
      const { lanes } = processor.stats();
      expect(lanes).toHaveLength(5);
      expect(lanes![0]).toEqual({ key: 'c', pending: 3 });
      expect(lanes).not.toContainEqual({ key: 'a', pending: 1 });
      while (processor.stats().pending > 0) {
        for (const call of held.calls) call.succeed();
        await time.settle();
      }
      expect(processor.stats().lanes).toEqual([]);
    }),
  );

  it('has no lanes to show without a key', () => {
    const { processor } = watch<string>(() => NEVER, {});
    expect(processor.stats()).not.toHaveProperty('lanes');
  });
});

describe('a key that calls back', () => {
  it.each(PATHS)('may close the processor: its event is not taken ($path)', ({ via }) => {
    const { processor, [via]: send } = watch<string>(() => NEVER, {
      key: (event) => {
        processor.close();
        return event;
      },
    });
    expect(send('a')).toBe(false);
    expect(processor.stats()).toMatchObject({ state: 'closed', accepted: 0, rejected: 1, pending: 0 });
  });

  it.each(PATHS)('may send, and take the room that there was ($path)', ({ via }) => {
    const watched = watch<string>(() => NEVER, {
      key: (event) => {
        if (event === 'a') watched.send('b');
        return event;
      },
      capacity: 0,
    });
    expect(watched[via]('a')).toBe(false);
    expect(watched.processor.stats()).toMatchObject({ accepted: 1, running: 1, pending: 1 });
  });
});

describe('a key that throws', () => {
  const options = {
    name: 'keyed',
    key: (event: string): string => {
      if (event === 'bad') throw new Error('no key');
      return event;
    },
  };

  it("leaves a letter 'invalid-key' without an attempt, and harms nothing else", () => {
    const { processor, send, sendUnwatched, ended$, started$ } = watch<string>(() => undefined, options);
    const letters: DeadLetter<string>[] = [];
    const seen: string[] = [];
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    ended$.subscribe((end) => seen.push(end));
    started$.subscribe((event) => seen.push(`${event} started`));
    expect([send('bad'), send('good'), sendUnwatched('bad'), send('better')]).toEqual([false, true, false, true]);
    expect(seen).toEqual(['bad dead invalid-key', 'good started', 'good handled', 'better started', 'better handled']);
    expect(letters).toHaveLength(2);
    expect(letters[0]).toMatchObject({ event: 'bad', handler: 'keyed', reason: 'invalid-key', attempts: [] });
    expect(letters[0]!.error).toMatchObject({ message: 'no key' });
    expect(processor.stats()).toMatchObject({ accepted: 4, handled: 2, dead: 2, pending: 0 });
  });

  it('is told to a sender as the end of its event', async () => {
    const { processor } = watch<string>(() => undefined, options);
    const { settled: end } = await processor.send('bad');
    expect(await end).toMatchObject({ outcome: 'dead', reason: 'invalid-key', attempts: 0 });
  });

  it('is not retried: it would throw again', () => {
    const { processor, send } = watch<string>(() => undefined, { ...options, retry: { maxAttempts: 5 } });
    send('bad');
    expect(processor.stats()).toMatchObject({ dead: 1, retried: 0, pending: 0 });
  });
});
