import { type Channel, createChannel } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { Producer } from '../support/producer.ts';

/** A loop that keeps what it has seen. */
function loopOver(
  channel: AsyncIterable<string>,
  body?: (item: string) => unknown,
): { seen: string[]; ended: Promise<string> } {
  const seen: string[] = [];
  const loop = async (): Promise<string> => {
    for await (const item of channel) {
      seen.push(item);
      if ((await body?.(item)) === 'break') return 'broken out';
    }
    return 'ended';
  };
  return { seen, ended: loop() };
}

function channelOf(items: string, capacity = 10): Channel<string> {
  const channel = createChannel<string>({ capacity });
  for (const item of items) channel.trySend(item);
  return channel;
}

describe('a loop over a channel', () => {
  it(
    'gives items in order, and ends when the channel is closed and empty',
    virtualTest(async ({ time }) => {
      const channel = channelOf('ab');
      const { seen, ended } = loopOver(channel);
      await time.settle();
      channel.trySend('c');
      channel.trySend('d');
      channel.close();
      expect(await ended).toBe('ended');
      expect(seen).toEqual(['a', 'b', 'c', 'd']);
    }),
  );

  it(
    'takes the next item only when its body is done: producers wait for it',
    virtualTest(async ({ time }) => {
      const channel = channelOf('', 0);
      const producer = new Producer(channel);
      let goOn: () => void = () => undefined;
      const { seen } = loopOver(channel, () => new Promise<void>((resolve) => (goOn = resolve)));
      producer.sendAll('ab');
      await time.settle();
      expect({ seen, told: producer.told }).toEqual({ seen: ['a'], told: ['a taken'] });
      goOn();
      await time.settle();
      expect({ seen, told: producer.told }).toEqual({ seen: ['a', 'b'], told: ['a taken', 'b taken'] });
    }),
  );

  it('that is broken out of has what it took, and leaves the rest to others', async () => {
    const channel = channelOf('abcd');
    const first = loopOver(channel, (item) => (item === 'b' ? 'break' : undefined));
    expect(await first.ended).toBe('broken out');
    const second = loopOver(channel);
    channel.close();
    await second.ended;
    expect([first.seen, second.seen]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(channel.stats()).toMatchObject({ accepted: 4, handedOut: 4 });
  });

  it('that throws has what it took, and leaves the rest to others', async () => {
    const channel = channelOf('abc');
    const { ended } = loopOver(channel, () => {
      throw new Error('of the body');
    });
    await expect(ended).rejects.toThrow('of the body');
    expect(channel.stats()).toMatchObject({ handedOut: 1, waiting: 2 });
    expect(channel.trySend('d')).toBe(true);
  });

  it(
    'shares the items with other loops, each of which has each item once',
    virtualTest(async ({ time }) => {
      const channel = channelOf('', 0);
      const loops = [
        loopOver(channel, () => time.advance(1)),
        loopOver(channel, () => time.advance(1)),
        loopOver(channel, () => time.advance(1)),
      ];
      for (const item of 'abcdefghijkl') await channel.send(item);
      channel.close();
      expect(await Promise.all(loops.map(({ ended }) => ended))).toEqual(['ended', 'ended', 'ended']);
      const shares = loops.map(({ seen }) => seen);
      for (const share of shares) expect(share).toEqual(share.toSorted());
      expect(shares.map(({ length }) => length)).toEqual([4, 4, 4]);
      expect(shares.flat().toSorted().join('')).toBe('abcdefghijkl');
    }),
  );

  it('ends at once over a channel that is closed and empty', async () => {
    const channel = channelOf('');
    channel.close();
    const { seen, ended } = loopOver(channel);
    expect(await ended).toBe('ended');
    expect(seen).toEqual([]);
  });

  it('ends when the deadline of a drain gives up what waits', async () => {
    const channel = channelOf('ab');
    const { seen, ended } = loopOver(channel, () => channel.drain({ deadlineMs: 0 }));
    expect(await ended).toBe('ended');
    expect(seen).toEqual(['a']);
    expect(channel.stats()).toMatchObject({ handedOut: 1, abandoned: 1 });
  });
});

describe('an iterator', () => {
  it('may be asked several times at once: the answers are in order', async () => {
    const channel = channelOf('a');
    const iterator = channel[Symbol.asyncIterator]();
    const results = [iterator.next(), iterator.next(), iterator.next()];
    channel.trySend('b');
    channel.close();
    expect(await Promise.all(results)).toEqual([
      { value: 'a', done: false },
      { value: 'b', done: false },
      { value: undefined, done: true },
    ]);
  });

  it('that has returned is done, also where it was asked before; another one has the next item', async () => {
    const channel = channelOf('');
    const iterator = channel[Symbol.asyncIterator]();
    const asked = [iterator.next(), iterator.next()];
    const done = { value: undefined, done: true };
    expect(await iterator.return?.()).toEqual(done);
    channel.trySend('a');
    expect(await Promise.all([...asked, iterator.next()])).toEqual([done, done, done]);
    expect(await channel[Symbol.asyncIterator]().next()).toEqual({ value: 'a', done: false });
    expect(channel.stats()).toMatchObject({ accepted: 1, handedOut: 1 });
  });

  it('stays done when it has ended', async () => {
    const channel = channelOf('');
    const iterator = channel[Symbol.asyncIterator]();
    channel.close();
    for (let count = 0; count < 3; count++) expect(await iterator.next()).toEqual({ value: undefined, done: true });
  });

  it(
    'is its own iterator, so that loops can share it',
    virtualTest(async ({ time }) => {
      const channel = channelOf('abc');
      const iterator = channel[Symbol.asyncIterator]();
      expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
      const first = loopOver(iterator, () => time.advance(1));
      const second = loopOver(iterator, () => time.advance(1));
      channel.close();
      await Promise.all([first.ended, second.ended]);
      expect([first.seen, second.seen]).toEqual([['a', 'c'], ['b']]);
    }),
  );

  it('takes from a producer that waits, though workers hold all that there is room for', async () => {
    const channel = channelOf('', 1);
    // Of one lane: one is at work, one has its slot, and one more is all that may wait.
    const workers = channel.process(() => new Promise(() => undefined), { concurrency: 2, key: () => 'hot' });
    for (const item of 'abc') channel.trySend(item);
    expect(channel.trySend('d')).toBe(false);
    const producer = new Producer(channel);
    producer.send('d');
    expect(await channel[Symbol.asyncIterator]().next()).toEqual({ value: 'd', done: false });
    expect(producer.told).toEqual(['d taken']);
    workers.close();
  });
});
