import { getEventListeners } from 'node:events';
import { type Channel, ClosedError, createChannel, type HandlerContext } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { Producer } from '../support/producer.ts';

/** A channel with what is in it, and a producer. */
function filledChannel(
  capacity: number,
  items = '',
): { channel: Channel<string>; producer: Producer; next: () => Promise<string> } {
  const channel = createChannel<string>({ capacity });
  for (const item of items) channel.trySend(item);
  const iterator = channel[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await iterator.next()).value;
  return { channel, producer: new Producer(channel), next };
}

describe('send', () => {
  it(
    'resolves at once while there is room',
    virtualTest(async ({ time }) => {
      const { channel, producer } = filledChannel(2);
      producer.sendAll('ab');
      await time.settle();
      expect(producer.told).toEqual(['a taken', 'b taken']);
      expect(channel.stats()).toMatchObject({ accepted: 2, waiting: 2, suspended: 0 });
    }),
  );

  it(
    'waits for room, first in, first out',
    virtualTest(async ({ time }) => {
      const { channel, producer, next } = filledChannel(1, 'a');
      producer.sendAll('bcd');
      await time.settle();
      expect(producer.told).toEqual([]);
      expect(channel.stats()).toMatchObject({ accepted: 1, waiting: 1, suspended: 3 });
      expect([await next(), await next()]).toEqual(['a', 'b']);
      expect(producer.told).toEqual(['b taken', 'c taken']);
      expect(channel.stats()).toMatchObject({ accepted: 3, handedOut: 2, waiting: 1, suspended: 1 });
    }),
  );

  it('hands an item to a consumer that waits, before it returns', () => {
    const channel = createChannel<string>({ capacity: 0 });
    const seen: string[] = [];
    channel.events().subscribe((item) => seen.push(item));
    void channel.send('a');
    expect(seen).toEqual(['a']);
    expect(channel.stats()).toMatchObject({ accepted: 1, handedOut: 1, waiting: 0 });
  });

  it('takes whatever is an item, undefined and rejected promises too', async () => {
    const rejected = Promise.reject(new Error('an item'));
    rejected.catch(() => undefined);
    const channel = createChannel<unknown>();
    const items = [undefined, null, 0, '', rejected];
    for (const item of items) await channel.send(item);
    const iterator = channel[Symbol.asyncIterator]();
    // Not awaited on its own: an item is given out as it is.
    for (const item of items) expect(await iterator.next()).toStrictEqual({ value: item, done: false });
  });

  it.each([{ capacity: 0 }, { capacity: 2 }])(
    'is not overtaken by trySend (capacity $capacity)',
    async ({ capacity }) => {
      const { channel, producer, next } = filledChannel(capacity, 'ab'.slice(0, capacity));
      producer.send('waits');
      expect(channel.trySend('overtakes')).toBe(false);
      for (let count = 0; count < capacity; count++) await next();
      expect(await next()).toBe('waits');
      expect(channel.stats()).toMatchObject({ rejected: 1, waiting: 0 });
    },
  );

  it(
    'lets as many in as there is room for',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const { channel, producer } = filledChannel(2, 'ab');
      producer.sendAll('cdefg');
      channel.process(held.handle, { concurrency: 3 });
      await time.settle();
      expect(held.calls.map(({ event }) => event)).toEqual(['a', 'b', 'c']);
      expect(producer.told).toEqual(['c taken', 'd taken', 'e taken']);
      expect(channel.stats()).toMatchObject({ waiting: 2, suspended: 2 });
    }),
  );
});

describe('a signal', () => {
  it(
    'ends the wait: the item was not taken, and the others keep their order',
    virtualTest(async ({ time }) => {
      const { channel, producer, next } = filledChannel(1, 'a');
      const controller = new AbortController();
      producer.send('b');
      producer.send('c', controller.signal);
      producer.send('d');
      controller.abort('changed my mind');
      await time.settle();
      expect(producer.told).toEqual(['c refused: changed my mind']);
      expect(channel.stats()).toMatchObject({ accepted: 1, suspended: 2, rejected: 0 });
      expect([await next(), await next(), await next()]).toEqual(['a', 'b', 'd']);
    }),
  );

  it(
    'that is aborted already lets nothing be offered',
    virtualTest(async ({ time }) => {
      const { channel, producer } = filledChannel(5);
      producer.send('a', AbortSignal.abort('too late'));
      await time.settle();
      expect(producer.told).toEqual(['a refused: too late']);
      expect(channel.stats()).toMatchObject({ accepted: 0, suspended: 0, rejected: 0 });
    }),
  );

  it(
    'cannot take back what was taken',
    virtualTest(async ({ time }) => {
      const { channel, producer, next } = filledChannel(1, 'a');
      const controller = new AbortController();
      producer.send('b', controller.signal);
      await next();
      controller.abort('too late');
      await time.settle();
      expect(producer.told).toEqual(['b taken']);
      expect(await next()).toBe('b');
      expect(channel.stats()).toMatchObject({ accepted: 2, handedOut: 2 });
    }),
  );

  it(
    'of one that is told while another is let in counts: it was aborted before it was taken',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>({ capacity: 0 });
      const producer = new Producer(channel);
      const controller = new AbortController();
      producer.send('a');
      producer.send('b', controller.signal);
      const seen: string[] = [];
      channel.events().subscribe((item) => {
        seen.push(item);
        controller.abort('no more');
      });
      await time.settle();
      expect(seen).toEqual(['a']);
      expect(producer.told).toEqual(['a taken', 'b refused: no more']);
    }),
  );

  it.each([
    { end: 'taken', finish: ({ next }: ReturnType<typeof filledChannel>) => void next() },
    { end: 'refused', finish: ({ channel }: ReturnType<typeof filledChannel>) => channel.close() },
    { end: 'aborted', finish: (_: unknown, controller: AbortController) => controller.abort() },
  ])(
    'keeps no listener of a producer that was $end',
    virtualTest(async ({ time }, { finish }) => {
      const filled = filledChannel(1, 'a');
      const controller = new AbortController();
      const { signal } = controller;
      filled.producer.send('b', signal);
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      finish(filled, controller);
      await time.settle();
      expect(filled.producer.told).toHaveLength(1);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }),
  );

  it('is given no listener where there is room', async () => {
    const { channel } = filledChannel(1);
    const { signal } = new AbortController();
    await channel.send('a', { signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('may be that of many who give up', async () => {
    const { channel, producer, next } = filledChannel(1, 'a');
    const controllers = Array.from({ length: 100 }, () => new AbortController());
    for (const [index, { signal }] of controllers.entries()) producer.send(`${index}`, signal);
    for (const [index, controller] of controllers.entries()) if (index !== 50) controller.abort();
    expect(channel.stats().suspended).toBe(1);
    expect([await next(), await next()]).toEqual(['a', '50']);
  });
});

describe('trySend', () => {
  it('says whether there was room', () => {
    const { channel } = filledChannel(2);
    expect(['a', 'b', 'c'].map((item) => channel.trySend(item))).toEqual([true, true, false]);
    expect(channel.stats()).toMatchObject({ accepted: 2, waiting: 2, rejected: 1 });
  });

  it('is always taken without a bound that was asked for', () => {
    const { channel } = filledChannel(Infinity);
    for (let count = 0; count < 10_000; count++) expect(channel.trySend('a')).toBe(true);
    expect(channel.stats()).toMatchObject({ capacity: Infinity, waiting: 10_000 });
  });

  it('finds 1,024 places where nothing was said', () => {
    const channel = createChannel<number>();
    const taken = Array.from({ length: 2_000 }, (_, index) => channel.trySend(index)).filter(Boolean);
    expect(taken).toHaveLength(1024);
    expect(channel.stats()).toMatchObject({ name: 'channel', capacity: 1024 });
  });
});

describe('capacity 0', () => {
  it(
    'hands items over from hand to hand: a producer waits for a consumer',
    virtualTest(async ({ time }) => {
      const { channel, producer, next } = filledChannel(0);
      expect(channel.trySend('nobody there')).toBe(false);
      producer.send('a');
      await time.settle();
      expect(producer.told).toEqual([]);
      expect(await next()).toBe('a');
      expect(producer.told).toEqual(['a taken']);
    }),
  );

  it('lets trySend reach a consumer that waits', async () => {
    const { channel, next } = filledChannel(0);
    const received = next();
    expect(channel.trySend('a')).toBe(true);
    expect(channel.trySend('b')).toBe(false);
    expect(await received).toBe('a');
  });

  it('gives workers no more than they have slots', () => {
    const held = new HeldHandler<string, HandlerContext>();
    const { channel } = filledChannel(0);
    const workers = channel.process(held.handle, { concurrency: 2 });
    expect(['a', 'b', 'c'].map((item) => channel.trySend(item))).toEqual([true, true, false]);
    expect(workers.stats()).toMatchObject({ running: 2, pending: 2, capacity: 0 });
  });
});

describe('close', () => {
  it(
    'takes nothing more',
    virtualTest(async ({ time }) => {
      const { channel, producer } = filledChannel(5, 'a');
      expect(channel.isClosed).toBe(false);
      channel.close();
      channel.close();
      expect(channel.isClosed).toBe(true);
      expect(channel.trySend('b')).toBe(false);
      producer.send('c');
      await time.settle();
      expect(producer.told).toEqual(['c refused: ClosedError']);
      expect(channel.stats()).toMatchObject({ state: 'closed', accepted: 1, waiting: 1, rejected: 2 });
    }),
  );

  it('hands out the rest', async () => {
    const { channel, next } = filledChannel(5, 'abc');
    channel.close();
    expect([await next(), await next(), await next(), await next()]).toEqual(['a', 'b', 'c', undefined]);
  });

  it(
    'refuses those who wait: nothing of theirs was taken',
    virtualTest(async ({ time }) => {
      const { channel, producer, next } = filledChannel(1, 'a');
      producer.sendAll('bc');
      channel.close();
      await time.settle();
      expect(producer.told).toEqual(['b refused: ClosedError', 'c refused: ClosedError']);
      expect(channel.stats()).toMatchObject({ accepted: 1, waiting: 1, suspended: 0, rejected: 2 });
      expect([await next(), await next()]).toEqual(['a', undefined]);
    }),
  );

  it('says what was closed, and what to do', async () => {
    const channel = createChannel<string>({ name: 'orders' });
    channel.close();
    await expect(channel.send('a')).rejects.toBeInstanceOf(ClosedError);
    await expect(channel.send('a')).rejects.toMatchObject({
      code: 'CLOSED',
      message:
        "Expected channel 'orders' to be open, got one that is closed or draining. Use it before close() and drain().",
    });
    expect(() => channel.process(() => undefined)).toThrow(ClosedError);
  });

  it(
    'prefers the reason of a signal that is aborted already',
    virtualTest(async ({ time }) => {
      const { channel, producer } = filledChannel(1);
      channel.close();
      producer.send('a', AbortSignal.abort('mine'));
      await time.settle();
      expect(producer.told).toEqual(['a refused: mine']);
    }),
  );
});

describe('several consumers', () => {
  it(
    'have each item once, whatever kind they are',
    virtualTest(async ({ time }) => {
      const channel = createChannel<number>({ capacity: 4 });
      const seen: Record<string, number[]> = { workers: [], loop: [], subscriber: [] };
      const workers = channel.process((item) => seen['workers']!.push(item), { concurrency: 2 });
      const loop = (async () => {
        for await (const item of channel) seen['loop']!.push(item);
      })();
      channel.events().subscribe((item) => seen['subscriber']!.push(item));
      for (let item = 0; item < 300; item++) {
        await channel.send(item);
        if (item % 10 === 0) await time.settle();
      }
      channel.close();
      await workers.drain();
      await loop;
      const all = Object.values(seen);
      for (const items of all) {
        expect(items.length).toBeGreaterThan(20);
        expect(items).toEqual(items.toSorted((one, other) => one - other));
      }
      expect(all.flat().toSorted((one, other) => one - other)).toEqual(
        Array.from({ length: 300 }, (_, index) => index),
      );
      expect(channel.stats()).toMatchObject({ accepted: 300, handedOut: 300, waiting: 0 });
    }),
  );

  it(
    'are served in the order in which they asked',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>();
      const served: string[] = [];
      const ask = async (name: string): Promise<void> => {
        const { value } = await channel[Symbol.asyncIterator]().next();
        served.push(`${name} ${String(value)}`);
      };
      for (const name of ['first', 'second', 'third']) void ask(name);
      for (const item of 'abc') channel.trySend(item);
      await time.settle();
      expect(served).toEqual(['first a', 'second b', 'third c']);
    }),
  );

  it('that are free come before workers that could only keep an item', () => {
    const held = new HeldHandler<string, HandlerContext>();
    const channel = createChannel<string>();
    channel.process(held.handle, { concurrency: 2, key: ([first]) => first });
    const seen: string[] = [];
    // All of one lane: it has a free slot, and would take others, but its slots are spoken for.
    for (const item of ['a1', 'a2']) channel.trySend(item);
    channel.events().subscribe((item) => seen.push(item));
    channel.trySend('a3');
    expect(seen).toEqual(['a3']);
  });
});

describe('stats', () => {
  it('count what came, what went and what waits', async () => {
    const { channel, producer, next } = filledChannel(2, 'ab');
    producer.sendAll('cd');
    channel.trySend('e');
    await next();
    expect(channel.stats()).toEqual({
      name: 'channel',
      state: 'open',
      accepted: 3,
      handedOut: 1,
      waiting: 2,
      abandoned: 0,
      rejected: 1,
      suspended: 1,
      capacity: 2,
      workers: [],
    });
  });

  it('tell of the workers that are there', () => {
    const channel = createChannel<string>({ name: 'orders', capacity: 7 });
    const unnamed = channel.process(() => undefined);
    using named = channel.process(() => undefined, { name: 'pack', concurrency: 3 });
    expect(channel.stats().workers).toMatchObject([
      { name: 'orders', concurrency: 1, capacity: 7 },
      { name: 'pack', concurrency: 3, capacity: 7 },
    ]);
    unnamed.close();
    expect(channel.stats().workers.map(({ name }) => name)).toEqual([named.name]);
  });
});
