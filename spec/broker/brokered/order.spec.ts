import { createBrokeredBus, defineEvent, memoryBroker, payload } from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Tick } from '../../support/events.ts';

const Moved = defineEvent('moved', payload<{ who: string; step: number }>());

describe('events of one key', () => {
  it(
    'are handled in order across retries and redelivery, while others go on',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', key: ({ data }) => (data as { who: string }).who });
      const seen: string[] = [];
      bus.on(
        Moved,
        ({ data: { who, step } }, { attempt, deliveryCount }) => {
          const isBroken = who === 'a' && step === 1 && (deliveryCount < 3 || attempt < 2);
          if (isBroken) throw new Error('broken');
          seen.push(`${time.now} ${who}${step}`);
        },
        {
          name: 'count',
          concurrency: 4,
          key: ({ data }) => data.who,
          retry: { maxAttempts: 2, delayMs: 10 },
          redelivery: { maxDeliveries: 4, delayMs: 100, multiplier: 1 },
        },
      );
      for (const step of [1, 2, 3]) for (const who of ['a', 'b']) await bus.publish(Moved, { who, step });
      await time.advance(1_000);
      expect(seen).toStrictEqual(['0 b1', '0 b2', '0 b3', '230 a1', '230 a2', '230 a3']);
    }),
  );

  it(
    'go on behind one that is dead',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', key: () => 'k' });
      const seen: number[] = [];
      bus.on(
        Tick,
        ({ data }) => {
          seen.push(data);
          if (data === 1) throw new Error('broken');
        },
        { name: 'count', key: () => 'k', redelivery: { maxDeliveries: 2, delayMs: 10 } },
      );
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.advance(100);
      expect(seen).toStrictEqual([1, 1, 2]);
    }),
  );
});

describe('a handler of batches', () => {
  it(
    'acknowledges all of a batch, or buries each',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: (readonly number[])[] = [];
      bus.on(
        Tick,
        async (events) => {
          const all = events.map(({ data }) => data);
          seen.push(all);
          await sleep(10);
          if (all.includes(3)) throw new Error('broken');
        },
        { name: 'count', batch: { maxSize: 2, maxWaitMs: 50 } },
      );
      for (const data of [1, 2, 3, 4, 5]) await bus.publish(Tick, data);
      await time.advance(5);
      expect(broker.acked).toStrictEqual([]);
      await time.advance(100);
      expect(seen).toStrictEqual([[1, 2], [3, 4], [5]]);
      expect(broker.acked).toHaveLength(5);
      const letters = await bus.deadLetters.list();
      expect(letters.map(({ event }) => event.data)).toStrictEqual([3, 4]);
    }),
  );

  it(
    'has each event delivered again by its own count, so that those of one batch may end differently',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      bus.on(
        Tick,
        (events, { deliveryCount }) => {
          seen.push(`${time.now}: ${events.map(({ data }) => data).join()} (${deliveryCount})`);
          throw new Error('broken');
        },
        { name: 'count', batch: { maxSize: 2, maxWaitMs: 20 }, redelivery: { maxDeliveries: 2, delayMs: 50 } },
      );
      await bus.publish(Tick, 1);
      await time.advance(60);
      await bus.publish(Tick, 2);
      await time.advance(500);
      expect(seen).toStrictEqual(['20: 1 (1)', '70: 2,1 (2)', '140: 2 (2)']);
      expect(broker.nacked).toHaveLength(2);
      expect(broker.acked).toHaveLength(2);
      expect(bus.stats().handlers[0]).toMatchObject({ accepted: 4, dead: 2, droppedBy: { 'handed-back': 2 } });
      expect((await bus.deadLetters.list()).map(({ event }) => event.data)).toStrictEqual([1, 2]);
    }),
  );

  it(
    'reads ahead as much as its batches hold',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, () => new Promise(() => {}), { name: 'count', concurrency: 2, batch: { maxSize: 3 }, capacity: 4 });
      for (let data = 0; data < 20; data++) await bus.publish(Tick, data);
      await time.settle();
      expect(broker.stats().inFlight).toBe(10);
      expect(bus.stats().handlers[0]).toMatchObject({ running: 6, waiting: 4 });
      bus.close();
    }),
  );
});

describe('a handler', () => {
  it(
    'never has more in this process than its slots and its capacity',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, () => new Promise(() => {}), { name: 'few', concurrency: 2, capacity: 3 });
      bus.on(Tick, () => new Promise(() => {}), { name: 'none', capacity: 0 });
      bus.on(Tick, () => new Promise(() => {}), { name: 'usual' });
      for (let data = 0; data < 300; data++) await bus.publish(Tick, data);
      await time.settle();
      expect(bus.stats().handlers.map(({ pending }) => pending)).toStrictEqual([5, 1, 257]);
      bus.close();
    }),
  );
});
