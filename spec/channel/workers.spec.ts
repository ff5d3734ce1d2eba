import {
  type ChannelWorkers,
  ClosedError,
  createChannel,
  createDeadLetterQueue,
  type HandlerContext,
  type Probe,
  type ReportedError,
} from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { filter, NEVER, of, tap, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { countAlive } from '../support/garbage.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { Producer } from '../support/producer.ts';
import { playing } from '../support/watch.ts';
import { watchBatchChannel, watchChannel } from '../support/watched-channel.ts';

const firstLetter = ([letter]: string): unknown => letter;

/** Workers whose calls end when the spec says so. */
function heldWorkers(capacity: number, concurrency = 1) {
  const held = new HeldHandler<string, HandlerContext>();
  const channel = createChannel<string>({ capacity });
  const workers = channel.process(held.handle, { concurrency });
  return { channel, workers, held, started: () => held.calls.map(({ event }) => event) };
}

describe('workers', () => {
  it(
    'take an item whenever a slot is free',
    marbles((m) => {
      const sent = '   (abcd)---e';
      const started = '(ab)-(cd)e';
      const { channel, started$ } = watchChannel(playing(m, { a: '-----|', b: '-----|', c: '-----|', d: '-|' }), {
        concurrency: 2,
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
    }),
  );

  it('begin with what waits already, before process returns', () => {
    const channel = createChannel<string>();
    for (const item of 'abc') channel.trySend(item);
    const seen: string[] = [];
    channel.process((item) => seen.push(item));
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('may be an object, and may return an Observable', () => {
    const channel = createChannel<string>();
    const seen: string[] = [];
    const workers = channel.process({
      handle: (item) => of(item, item.toUpperCase()).pipe(tap((value) => seen.push(value))),
    });
    channel.trySend('a');
    expect(workers.stats()).toMatchObject({ handled: 1 });
    expect(seen).toEqual(['a', 'A']);
  });

  it('handle a backlog in a loop, however long it is', async () => {
    const channel = createChannel<number>({ capacity: Infinity });
    for (let item = 0; item < 100_000; item++) channel.trySend(item);
    let sum = 0;
    const workers = channel.process((item) => void (sum += item));
    await channel.drain();
    expect(workers.stats()).toMatchObject({ state: 'closed', handled: 100_000 });
    expect(sum).toBe(4_999_950_000);
  });

  it('may send to their own channel: what they send waits behind what is there', () => {
    const channel = createChannel<number>();
    const steps: string[] = [];
    channel.process((item) => {
      steps.push(`begin ${item}`);
      if (item < 3) channel.trySend(item + 1);
      steps.push(`end ${item}`);
    });
    channel.trySend(1);
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('of several pools share the items, and a pool that is busy leaves them to others', () => {
    const slow = new HeldHandler<string, HandlerContext>();
    const channel = createChannel<string>();
    const quick: string[] = [];
    channel.process(slow.handle);
    channel.process((item) => quick.push(item));
    for (const item of 'abcd') channel.trySend(item);
    expect(slow.calls.map(({ event }) => event)).toEqual(['a']);
    expect(quick).toEqual(['b', 'c', 'd']);
  });

  it('have names of their own, that of the channel without one, and may not share one', () => {
    const channel = createChannel<string>({ name: 'orders' });
    const unnamed = [channel.process(() => undefined), channel.process(() => undefined)];
    const named = channel.process(() => undefined, { name: 'pack' });
    expect([...unnamed, named].map(({ name }) => name)).toEqual(['orders', 'orders', 'pack']);
    expect(() => channel.process(() => undefined, { name: 'pack' })).toThrow(
      "Expected the name of each pool of workers of a channel to be unique, got a second 'pack'. Letters are redriven by name: choose another.",
    );
    named.close();
    expect(() => channel.process(() => undefined, { name: 'pack' })).not.toThrow();
  });

  it('cannot be started where nothing can come any more, but can be for the rest', async () => {
    const channel = createChannel<string>();
    channel.trySend('a');
    channel.close();
    const workers = channel.process(() => undefined);
    expect(workers.stats()).toMatchObject({ handled: 1 });
    await workers.drain();
    expect(() => channel.process(() => undefined)).toThrow(ClosedError);
  });
});

describe('the capacity', () => {
  it(
    'is for what waits beyond the slots, wherever it waits: a hot key does not pull in more',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const channel = createChannel<string>({ capacity: 1 });
      const workers = channel.process(held.handle, { concurrency: 2, key: firstLetter });
      const producer = new Producer(channel);
      producer.sendAll(['b1', 'a1', 'a2', 'a3', 'a4', 'a5']);
      held.call(0).succeed();
      await time.settle();
      // One is at work, one has the other slot, one more may wait.
      expect(producer.told).toEqual(['b1 taken', 'a1 taken', 'a2 taken', 'a3 taken']);
      expect(workers.stats()).toMatchObject({ running: 1, pending: 3, capacity: 1 });
      expect(channel.stats()).toMatchObject({ waiting: 0, suspended: 2 });
    }),
  );

  it(
    'is also for what waits between attempts, beyond the slots',
    marbles((m) => {
      const sent = '    abc--d----e';
      const taken = '   abc-------e';
      const started = ' abc----abce';
      const { channel, started$ } = watchChannel(playing(m, { a: ['#', '-|'], b: ['#', '-|'], c: ['#', '|'] }), {
        concurrency: 2,
        retry: { delayMs: 7 },
        channel: { capacity: 1, scheduler: m.scheduler },
      });
      m.expect(m.hot(sent).pipe(filter((item) => channel.trySend(item)))).toBeObservable(taken);
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'has a place again when workers are closed, though their letters are still being stored',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>({
        capacity: 1,
        deadLetters: createDeadLetterQueue({
          store: { add: () => new Promise(() => undefined), remove: () => undefined, list: () => [] },
        }),
      });
      const workers = channel.process(() => NEVER, { key: firstLetter, concurrency: 2 });
      const producer = new Producer(channel);
      producer.sendAll(['a1', 'a2', 'a3', 'a4']);
      workers.close();
      await time.settle();
      expect(producer.told).toContain('a4 taken');
      expect(channel.stats()).toMatchObject({ waiting: 1, suspended: 0 });
    }),
  );
});

describe('an item that fails', () => {
  it(
    'is tried again, and leaves its slot to others meanwhile',
    marbles((m) => {
      const sent = '    ab-c';
      const started = ' ab-c-a';
      const letters = ' -------A';
      const { channel, started$, letters$ } = watchChannel(playing(m, { a: ['-#', '--#'], b: '--|', c: '|' }), {
        concurrency: 2,
        retry: { maxAttempts: 2, delayMs: 4 },
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
      m.expect(letters$).toBeObservable(letters, { A: 'a exhausted' });
    }),
  );

  it(
    'keeps its order with one slot; what comes meanwhile waits in the channel, for whoever is free',
    marbles((m) => {
      const sent = '    ab-c------';
      const started = ' a----a--c';
      const reader = '  --b';
      const { channel, started$ } = watchChannel(playing(m, { a: ['#', '---|'] }), {
        retry: { delayMs: 5 },
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
      m.expect(channel.events(), '--^!').toBeObservable(reader);
    }),
  );

  it(
    'is dead by its time limit, and frees the slot',
    marbles((m) => {
      const sent = '    ab';
      const started = ' a--b';
      const letters = ' ---A--B';
      const { channel, started$, letters$ } = watchChannel(() => NEVER, {
        timeoutMs: 3,
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
      m.expect(letters$).toBeObservable(letters, { A: 'a timeout', B: 'b timeout' });
    }),
  );

  it(
    'keeps the order of its key, while other keys flow on',
    marbles((m) => {
      const sent = '    (abAc)';
      const started = ' (abc)-A';
      const { channel, started$ } = watchChannel(playing(m, { a: '------|' }), {
        concurrency: 3,
        key: (item) => item.toLowerCase(),
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'opens a circuit: workers hold back, others go on',
    marbles((m) => {
      const sent = '    ab-c-d----';
      const started = ' ab--------c';
      const others = '  -----d';
      const { channel, started$ } = watchChannel(playing(m, { a: '#', b: '#' }), {
        breaker: { failureThreshold: 2, resetAfterMs: 9 },
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started);
      m.expect(channel.events(), '----^').toBeObservable(others);
    }),
  );

  it(
    'has a letter where its key cannot be told, and the workers go on meanwhile',
    virtualTest(async ({ time }) => {
      let store: () => void = () => undefined;
      const channel = createChannel<string>({
        deadLetters: createDeadLetterQueue({
          store: {
            add: () => new Promise<void>((resolve) => (store = resolve)),
            remove: () => undefined,
            list: () => [],
          },
        }),
      });
      const seen: string[] = [];
      const workers = channel.process((item) => seen.push(item), {
        key: (item) => {
          if (item === 'x') throw new Error('no key');
          return item;
        },
      });
      for (const item of 'xab') channel.trySend(item);
      expect(seen).toEqual(['a', 'b']);
      store();
      await time.settle();
      expect(workers.stats()).toMatchObject({ handled: 2, dead: 1, pending: 0 });
    }),
  );
});

describe('dead letters of workers', () => {
  it('say who failed, and why', async () => {
    const channel = createChannel<string>({ createId: () => 'an id' });
    channel.process(() => throwError(() => new Error('broken')), { name: 'pack' });
    channel.trySend('a');
    expect(await channel.deadLetters.list()).toMatchObject([
      {
        id: 'an id',
        event: 'a',
        handler: 'pack',
        reason: 'exhausted',
        error: { message: 'broken' },
        attempts: [{ attempt: 1 }],
        redriven: 0,
      },
    ]);
  });

  it('come back to the workers of that name, also to others that have it now', async () => {
    const channel = createChannel<string>();
    const failing = channel.process(() => throwError(() => 'no'), { name: 'pack' });
    channel.trySend('a');
    failing.close();
    expect(await channel.deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
    const seen: string[] = [];
    const workers = channel.process((item) => seen.push(item), { name: 'pack' });
    expect(await channel.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 1 });
    expect(seen).toEqual(['a']);
    expect(workers.stats()).toMatchObject({ accepted: 0, redriven: 1, handled: 1 });
    expect(channel.stats()).toMatchObject({ accepted: 1, handedOut: 1 });
  });

  it('of workers without a name come back as long as those live', async () => {
    const channel = createChannel<string>();
    let isBroken = true;
    const workers = channel.process(() => (isBroken ? throwError(() => 'no') : undefined));
    channel.trySend('a');
    channel.trySend('b');
    isBroken = false;
    expect(await channel.deadLetters.redrive({ limit: 1 })).toMatchObject({ handled: 1 });
    workers.close();
    expect(await channel.deadLetters.redrive()).toMatchObject({ skipped: 1 });
  });

  it('come back after the channel was closed, too, as long as its workers are there', async () => {
    const channel = createChannel<string>();
    let isBroken = true;
    const workers = channel.process(() => (isBroken ? throwError(() => 'no') : undefined), { name: 'pack' });
    channel.trySend('a');
    channel.close();
    isBroken = false;
    expect(await channel.deadLetters.redrive()).toMatchObject({ handled: 1 });
    await workers.drain();
    expect(await channel.deadLetters.list()).toEqual([]);
  });

  it(
    'wait for room like any producer, and come before those who send',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const channel = createChannel<string>({ capacity: 1 });
      const workers = channel.process(held.handle, { name: 'pack' });
      for (const item of 'xyz') {
        channel.trySend(item);
        held.call(-1).fail('once');
        await time.settle();
      }
      channel.trySend('a');
      const producer = new Producer(channel);
      producer.sendAll('bc');
      const redriven = channel.deadLetters.redrive();
      await time.settle();
      // One at work, one waits: nothing else is let in.
      expect(channel.stats()).toMatchObject({ waiting: 1, suspended: 1 });
      expect(workers.stats()).toMatchObject({ pending: 1, suspended: 3 });
      while (held.open.size > 0) {
        held.call(-1).succeed();
        await time.settle();
        const { waiting } = channel.stats();
        expect(waiting + Math.max(0, workers.stats().pending - 1)).toBeLessThanOrEqual(1);
      }
      expect(await redriven).toMatchObject({ redriven: 3, handled: 3 });
      expect(held.calls.slice(4).map(({ event }) => event)).toEqual(['x', 'y', 'z', 'b', 'c']);
    }),
  );

  it.each([
    { name: 'watched', options: { probe: { accepted: () => undefined } } },
    { name: 'not watched', options: {} },
  ])(
    'that wait for room make no overflow of what has waited in the channel ($name)',
    virtualTest(async ({ time }, { options }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const channel = createChannel<string>({ capacity: 1, ...options });
      channel.process(held.handle, { name: 'pack', concurrency: 2, key: firstLetter });
      for (const item of ['a8', 'a9']) {
        channel.trySend(item);
        held.call(-1).fail('once');
        await time.settle();
      }
      for (const item of ['a1', 'b1', 'c1']) channel.trySend(item);
      const redriven = channel.deadLetters.redrive();
      await time.settle();
      // One letter takes the slot that is free, in the lane of what is at work. The other has no room, but the item has.
      held.call(-1).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event)).toEqual(['a8', 'a9', 'a1', 'b1', 'c1']);
      while (held.open.size > 0) {
        for (const call of held.open) call.succeed();
        await time.settle();
      }
      expect(await redriven).toMatchObject({ handled: 2 });
      expect(await channel.deadLetters.list()).toEqual([]);
    }),
  );
});

describe('pause', () => {
  it(
    'takes and starts nothing more, and what is at work goes on; resume goes on in order',
    marbles((m) => {
      const sent = '    a-b-c----d';
      const pause = '   -p';
      const resume = '  ------r';
      const started = ' a-----bc-d';
      const { channel, workers, started$ } = watchChannel(playing(m, { a: '---|', b: '-|', c: '-|' }), {
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.hot(pause).subscribe(() => workers.pause());
      m.hot(resume).subscribe(() => workers.resume());
      m.expect(started$).toBeObservable(started);
      m.flush();
      expect(workers.stats()).toMatchObject({ state: 'open', handled: 4 });
    }),
  );

  it('leaves the items to others, and keeps the bound', () => {
    const { channel, workers, started } = heldWorkers(2, 2);
    workers.pause();
    for (const item of 'abc') channel.trySend(item);
    expect(started()).toEqual([]);
    expect(channel.stats()).toMatchObject({ waiting: 2, rejected: 1 });
    const seen: string[] = [];
    channel.events().subscribe((item) => seen.push(item));
    expect(seen).toEqual(['a', 'b']);
    workers.resume();
    channel.trySend('d');
    expect({ seen, started: started() }).toEqual({ seen: ['a', 'b'], started: ['d'] });
  });

  it(
    'within an attempt keeps the order of what is sent before and after resume',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      const started: string[] = [];
      const workers: ChannelWorkers = channel.process(
        (item, { attempt }) => {
          started.push(`${item} ${attempt}`);
          if (item !== 'first') return;
          if (attempt === 1) throw new Error('once');
          workers.pause();
          channel.trySend('paused');
          workers.resume();
          channel.trySend('resumed');
        },
        { concurrency: 2, retry: { delayMs: 5 } },
      );
      channel.trySend('first');
      // At the second attempt, they ask for another item already.
      await time.advance(5);
      expect(started).toEqual(['first 1', 'first 2', 'paused 1', 'resumed 1']);
    }),
  );

  it(
    'lets those in who wait for room, when what was at work has ended',
    virtualTest(async ({ time }) => {
      const { channel, workers, held } = heldWorkers(0);
      channel.trySend('a');
      const producer = new Producer(channel);
      producer.send('b');
      workers.pause();
      held.call(0).succeed();
      await time.settle();
      expect(producer.told).toEqual([]);
      workers.resume();
      await time.settle();
      expect(producer.told).toEqual(['b taken']);
    }),
  );
});

describe('batches', () => {
  it(
    'are of what there is room for in a slot: full, or after a while',
    marbles((m) => {
      const sent = '    abc-d-----e';
      const started = ' --x------y';
      const { channel, started$ } = watchBatchChannel(playing(m, { abc: '--|' }), {
        batch: { maxSize: 3, maxWaitMs: 5 },
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$, '^---------!').toBeObservable(started, { x: 'abc', y: 'd' });
    }),
  );

  it(
    'count the time that an item has waited in the channel',
    marbles((m) => {
      const sent = '    ab-c----';
      const started = ' -x------y';
      const { channel, started$ } = watchBatchChannel(playing(m, { ab: '-------|' }), {
        batch: { maxSize: 2, maxWaitMs: 4 },
        channel: { scheduler: m.scheduler },
      });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(started$).toBeObservable(started, { x: 'ab', y: 'c' });
    }),
  );

  it(
    'count from the first of them on the time of what waited before there were any',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      for (const item of 'abcde') channel.trySend(item);
      await time.advance(100);
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const batches = (): string[] => held.calls.map(({ event }) => event.join(''));
      channel.process(held.handle, { name: 'first', batch: { maxSize: 2, maxWaitMs: 10 } });
      await time.advance(5);
      channel.process(held.handle, { name: 'second', batch: { maxSize: 2, maxWaitMs: 10 } });
      expect(batches()).toEqual(['ab', 'cd']);
      held.call(0).succeed();
      await time.advance(4);
      expect(batches()).toEqual(['ab', 'cd']);
      await time.advance(1);
      expect(batches()).toEqual(['ab', 'cd', 'e']);
    }),
  );

  it('may be as many as there are slots, and hold what is in them', () => {
    const channel = createChannel<number>({ capacity: 1 });
    const batches: (readonly number[])[] = [];
    const workers = channel.process(
      (items) => {
        batches.push(items);
        return NEVER;
      },
      { batch: { maxSize: 3, maxWaitMs: Infinity }, concurrency: 2 },
    );
    const taken = Array.from({ length: 10 }, (_, item) => item).filter((item) => channel.trySend(item));
    expect(batches).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    expect(taken).toHaveLength(7);
    expect(workers.stats()).toMatchObject({ running: 6, pending: 6 });
  });

  it('go as they are when the channel is closed and empty: nothing more can come', async () => {
    const channel = createChannel<string>();
    const batches: (readonly string[])[] = [];
    const workers = channel.process((items) => batches.push(items), { batch: { maxSize: 3, maxWaitMs: Infinity } });
    for (const item of 'abcd') channel.trySend(item);
    expect(batches).toEqual([['a', 'b', 'c']]);
    channel.close();
    expect(batches).toEqual([['a', 'b', 'c'], ['d']]);
    expect(workers.stats()).toMatchObject({ state: 'open', handled: 4, pending: 0 });
  });

  it(
    'go as they are when the last item of a closed channel comes to them',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<readonly string[], HandlerContext>();
      const channel = createChannel<string>();
      channel.process(held.handle, { batch: { maxSize: 2, maxWaitMs: Infinity } });
      for (const item of 'abc') channel.trySend(item);
      channel.close();
      held.call(0).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event)).toEqual([['a', 'b'], ['c']]);
    }),
  );

  it('are tried again together, and have a letter for each item', async () => {
    const channel = createChannel<string>();
    const attempts: string[] = [];
    channel.process(
      (items, { attempt }) => {
        attempts.push(`${attempt}: ${items.join('')}`);
        throw new Error('no');
      },
      { name: 'store', batch: { maxSize: 2 }, retry: { maxAttempts: 2, delayMs: 0 } },
    );
    channel.trySend('a');
    channel.trySend('b');
    await channel.drain();
    expect(attempts).toEqual(['1: ab', '2: ab']);
    const letters = await channel.deadLetters.list();
    expect(letters.map(({ event, handler }) => `${event} ${handler}`)).toEqual(['a store', 'b store']);
  });
});

describe('a probe', () => {
  it('sees what workers do', () => {
    const steps: string[] = [];
    const probe: Probe = {
      accepted: ({ event }) => steps.push(`accepted ${String(event)}`),
      started: ({ handler, attempts }) => steps.push(`started ${handler} ${attempts}`),
      settled: (_, { outcome }) => steps.push(outcome),
      drained: (handler) => steps.push(`drained ${handler}`),
    };
    const channel = createChannel<string>({ probe });
    const workers = channel.process((item) => (item === 'b' ? throwError(() => 'no') : undefined), { name: 'pack' });
    channel.trySend('a');
    channel.trySend('b');
    void workers.drain();
    expect(steps).toEqual([
      'accepted a',
      'started pack 1',
      'handled',
      'accepted b',
      'started pack 1',
      'dead',
      'drained pack',
    ]);
  });
});

describe('errors', () => {
  it('are those of workers that have no other home, and of their letters', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const errors: ReportedError[] = [];
    const channel = createChannel<string>({ probe: { accepted: boom }, createId: boom });
    channel.errors.subscribe((error) => errors.push(error));
    channel.deadLetters.subscribe(boom);
    channel.process(boom, { retry: { retryIf: boom } });
    channel.trySend('a');
    channel.close();
    expect(errors.map(({ kind }) => kind)).toEqual(['probe', 'policy', 'policy', 'dead-letter-subscriber']);
    expect(await channel.deadLetters.list()).toHaveLength(1);
  });

  it(
    'are still passed on while workers of a closed channel are at work',
    virtualTest(async ({ time }) => {
      const kinds: string[] = [];
      const { channel, held } = heldWorkers(1);
      channel.errors.subscribe(({ kind }) => kinds.push(kind));
      channel.deadLetters.subscribe(() => {
        throw new Error('full mailbox');
      });
      channel.trySend('a');
      channel.close();
      held.call(0).fail();
      await time.settle();
      expect(kinds).toEqual(['dead-letter-subscriber']);
    }),
  );
});

describe('close of workers', () => {
  it('aborts what is at work, makes letters of what they took, and leaves the rest in the channel', async () => {
    const held = new HeldHandler<string, HandlerContext>();
    const channel = createChannel<string>();
    const workers = channel.process(held.handle, { concurrency: 2, key: firstLetter });
    for (const item of ['a1', 'a2', 'b1', 'c1', 'c2']) channel.trySend(item);
    workers.close();
    workers.close();
    expect(workers.closed).toBe(true);
    expect(held.calls.map(({ context }) => context.signal.aborted)).toEqual([true, true]);
    const letters = await channel.deadLetters.list();
    expect(letters.map(({ event, reason }) => `${event} ${reason}`)).toEqual([
      'a1 abandoned',
      'b1 abandoned',
      'a2 abandoned',
    ]);
    expect(channel.stats()).toMatchObject({ state: 'open', waiting: 2, abandoned: 0 });
    const seen: string[] = [];
    channel.events().subscribe((item) => seen.push(item));
    expect(seen).toEqual(['c1', 'c2']);
  });

  it('gives them nothing more, not even what is sent meanwhile', () => {
    const channel = createChannel<string>();
    const workers = channel.process(
      (_, { signal }) => {
        signal.addEventListener('abort', () => channel.trySend('from the listener'));
        return NEVER;
      },
      { concurrency: 2 },
    );
    channel.deadLetters.subscribe(() => channel.trySend('from the letter'));
    channel.trySend('a');
    workers.close();
    expect(channel.stats()).toMatchObject({ accepted: 3, handedOut: 1, waiting: 2 });
    expect(workers.stats()).toMatchObject({ accepted: 1, rejected: 0 });
  });

  it(
    'is what a scope does that ends, and await using drains',
    virtualTest(async () => {
      const channel = createChannel<string>();
      let inner: ChannelWorkers;
      {
        using workers = channel.process(() => NEVER);
        inner = workers;
        channel.trySend('a');
      }
      expect(inner.stats()).toMatchObject({ state: 'closed', dead: 1 });
      {
        await using workers = channel.process(() => timer(1));
        inner = workers;
        channel.trySend('b');
      }
      expect(inner.stats()).toMatchObject({ state: 'closed', handled: 1 });
    }),
  );

  it('of a channel that lives on lets go of the consumers that come and go', async () => {
    const channel = createChannel<string>();
    const gone: WeakRef<object>[] = [];
    for (let count = 0; count < 100; count++) {
      const workers = channel.process(() => undefined);
      const subscription = channel.events().subscribe();
      const iterator = channel[Symbol.asyncIterator]();
      const asked = iterator.next();
      gone.push(new WeakRef(workers), new WeakRef(subscription), new WeakRef(iterator));
      workers.close();
      subscription.unsubscribe();
      await iterator.return?.();
      await asked;
    }
    expect(await countAlive(gone)).toBeLessThan(5);
    expect(channel.trySend('a')).toBe(true);
  });
});
