import { type Channel, createChannel } from 'millrace';
import { describe, expect, it } from 'vitest';
import { countAlive, heapAfter } from '../support/garbage.ts';
import { settled } from '../support/virtual-clock.ts';

// As the design has it: MILLRACE_FLOOD=2000000 npx vitest run spec/channel/flood.spec.ts
const ITEMS = Number(process.env['MILLRACE_FLOOD'] ?? 200_000);
const CAPACITY = 256;

interface Item {
  readonly index: number;
  /** So that whatever is kept weighs. */
  readonly text: string;
}

/** Ways to take items that are slower than their producer, and how each comes to its end. */
const CONSUMERS: readonly {
  name: string;
  start: (channel: Channel<Item>, see: () => void) => () => Promise<unknown>;
}[] = [
  {
    name: 'workers that yield',
    start: (channel, see) => {
      const handle = async (): Promise<void> => {
        await settled();
        see();
      };
      const workers = channel.process(handle, { concurrency: 16, retry: { maxAttempts: 3 } });
      return () => workers.drain();
    },
  },
  {
    name: 'workers that fail now and then, in order per key',
    start: (channel, see) => {
      const handle = ({ index }: Item, { attempt }: { attempt: number }): void => {
        if (index % 100 === 0 && attempt === 1) throw new Error('once');
        see();
      };
      const key = ({ index }: Item): number => index % 1_000;
      const workers = channel.process(handle, { concurrency: 16, key, retry: { delayMs: 0, maxAttempts: 2 } });
      return () => workers.drain();
    },
  },
  {
    name: 'workers in batches',
    start: (channel, see) => {
      const handle = async (items: readonly Item[]): Promise<void> => {
        await settled();
        for (let count = 0; count < items.length; count++) see();
      };
      const workers = channel.process(handle, { concurrency: 2, batch: { maxSize: 50 } });
      return () => workers.drain();
    },
  },
  {
    name: 'a loop that yields now and then',
    start: (channel, see) => {
      const loop = async (): Promise<void> => {
        for await (const { index } of channel) {
          if (index % 16 === 0) await settled();
          see();
        }
      };
      const ended = loop();
      return () => ended;
    },
  },
];

describe('a flood', { timeout: 120_000 }, () => {
  it.each(CONSUMERS)(
    `of ${ITEMS.toLocaleString('en')} items leaves the heap as it is: $name`,
    async ({ name, start }) => {
      const channel = createChannel<Item>({ capacity: CAPACITY });
      let seen = 0;
      const finish = start(channel, () => void seen++);
      // What the compiler needs is not the channel's.
      await send(channel, 0, ITEMS / 10);
      let grown = 0;
      let most = 0;
      for (let part = 1; part < 10; part++) {
        grown += await heapAfter(() => send(channel, (part * ITEMS) / 10, ITEMS / 10));
        most = Math.max(most, grown);
      }
      channel.close();
      await finish();
      expect(seen).toBe(ITEMS);
      expect(channel.stats()).toMatchObject({ accepted: ITEMS, handedOut: ITEMS, waiting: 0 });
      if (process.env['MILLRACE_FLOOD'] !== undefined) console.log(`${name}: ${(most / 1e6).toFixed(2)} MB at most`);
      expect(most).toBeLessThan(20_000_000);
    },
  );

  it('of items that trySend refuses leaves nothing of them', async () => {
    const channel = createChannel<Item>({ capacity: CAPACITY });
    const refused: WeakRef<object>[] = [];
    for (let index = 0; index < 1_000; index++) {
      const item = { index, text: 'refused' };
      if (!channel.trySend(item)) refused.push(new WeakRef(item));
    }
    expect(refused).toHaveLength(1_000 - CAPACITY);
    // Code that is being optimized may keep one for a while.
    expect(await countAlive(refused)).toBeLessThan(5);
    expect(channel.stats().waiting).toBe(CAPACITY);
  });

  it('leaves nothing of what was handed out, nor of producers that gave up', async () => {
    const channel = createChannel<Item>({ capacity: 8 });
    const gone: WeakRef<object>[] = [];
    const make = (index: number): Item => {
      const item = { index, text: 'gone' };
      gone.push(new WeakRef(item));
      return item;
    };
    for (let index = 0; index < 500; index++) {
      const controller = new AbortController();
      const sending = channel.send(make(index), { signal: controller.signal });
      controller.abort('enough');
      await Promise.allSettled([sending]);
    }
    const workers = channel.process(() => undefined);
    for (let index = 0; index < 500; index++) await channel.send(make(index));
    await settled();
    expect(workers.stats()).toMatchObject({ handled: 508, pending: 0 });
    expect(await countAlive(gone)).toBeLessThan(5);
  });
});

async function send(channel: Channel<Item>, from: number, count: number): Promise<void> {
  for (let index = from; index < from + count; index++) {
    await channel.send({ index, text: `item ${index} `.repeat(4) });
  }
}
