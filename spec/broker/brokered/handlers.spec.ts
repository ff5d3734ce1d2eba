import {
  type BrokeredHandlerContext,
  createBrokeredBus,
  createDeadLetterQueue,
  type EventMessage,
  memoryBroker,
  memoryBrokerStore,
  type ReportedError,
} from 'millrace';
import { flaky, type RecordingBroker, recordingBroker, virtualTest } from 'millrace/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { changedBroker, deliveringOtherwise } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';
import { HeldHandler } from '../../support/held-handler.ts';

type Held = HeldHandler<EventMessage<'tick', number>, BrokeredHandlerContext>;

const holding = (): Held => new HeldHandler<EventMessage<'tick', number>, BrokeredHandlerContext>();

const failing = (): never => {
  throw new Error('broken');
};

/** What a broker was told, such as `ack 1` and `nack 2 +50`: of whom, and with which delay. */
function settlements({ acked, nacked }: RecordingBroker): readonly string[] {
  const name = ({ message: { body } }: { readonly message: { readonly body: Uint8Array } }): string =>
    new TextDecoder().decode(body);
  return [...acked.map((one) => `ack ${name(one)}`), ...nacked.map((one) => `nack ${name(one)} +${one.delayMs ?? 0}`)];
}

describe('an event is acknowledged', () => {
  it(
    'when its handler has ended, and not before',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count', concurrency: 2 });
      await bus.publish(Tick, 1);
      await bus.publish(Tick, 2);
      await time.settle();
      expect(broker.acked).toStrictEqual([]);
      held.call(1).succeed();
      await time.settle();
      expect(settlements(broker)).toStrictEqual(['ack 2']);
      expect(broker.acked[0]).toMatchObject({ group: 'g--count', deliveryCount: 1 });
      held.call(0).succeed();
      await time.settle();
      expect(settlements(broker)).toStrictEqual(['ack 2', 'ack 1']);
    }),
  );

  it(
    'when its dead letter is stored, and not before',
    virtualTest(async ({ time }) => {
      const inner = memoryBroker();
      const order: string[] = [];
      await using broker = recordingBroker({
        broker: changedBroker(inner, {
          letterStore: (name) => {
            const letters = inner.letterStore(name);
            return {
              list: () => letters.list(),
              remove: (id) => letters.remove(id),
              add: async (letter) => {
                order.push(`storing, ${broker.acked.length} acknowledged`);
                await sleep(50);
                await letters.add(letter);
                order.push(`stored, ${broker.acked.length} acknowledged`);
              },
            };
          },
        }),
      });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, failing, { name: 'count' });
      bus.deadLetters.subscribe(() => order.push(`told, ${broker.acked.length} acknowledged`));
      await bus.publish(Tick, 1);
      await time.advance(40);
      expect(bus.stats().handlers[0]).toMatchObject({ pending: 1, betweenAttempts: 1, dead: 0 });
      await time.advance(20);
      expect(order).toStrictEqual(['storing, 0 acknowledged', 'stored, 0 acknowledged', 'told, 0 acknowledged']);
      expect(settlements(broker)).toStrictEqual(['ack 1']);
    }),
  );

  it(
    'never, as long as its letter cannot be stored: its lease is renewed, and it stays pending',
    virtualTest(async ({ time }) => {
      const inner = memoryBroker();
      let isAway = true;
      await using broker = recordingBroker({
        broker: changedBroker(inner, {
          letterStore: (name) => {
            const letters = inner.letterStore(name);
            return {
              list: () => letters.list(),
              remove: (id) => letters.remove(id),
              add: async (letter) => {
                if (isAway) throw new Error('away');
                await letters.add(letter);
              },
            };
          },
        }),
      });
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 100 });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.on(Tick, failing, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.advance(60_000);
      expect(settlements(broker)).toStrictEqual([]);
      expect(bus.stats()).toMatchObject({ lost: 0, deadLetters: { storing: 1 }, handlers: [{ pending: 1, dead: 0 }] });
      expect(new Set(errors.map(({ kind }) => kind))).toStrictEqual(new Set(['dead-letter-store']));
      isAway = false;
      await time.advance(30_000);
      expect(settlements(broker)).toStrictEqual(['ack 1']);
      expect(broker.acked[0]!.deliveryCount).toBe(1);
    }),
  );

  it(
    'when a policy that was chosen has dropped it',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const held = { exhaust: holding(), switch: holding() };
      bus.on(Tick, held.exhaust, { name: 'exhaust', strategy: 'exhaust' });
      bus.on(Tick, held.switch, { name: 'switch', strategy: 'switch' });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      const ackedBy = (group: string): readonly string[] =>
        settlements({ ...broker, acked: broker.acked.filter((one) => one.group === group), nacked: [] });
      expect(ackedBy('g--exhaust')).toStrictEqual(['ack 2', 'ack 3']);
      expect(ackedBy('g--switch')).toStrictEqual(['ack 1', 'ack 2']);
      expect(held.switch.calls.map(({ event }) => event.data)).toStrictEqual([1, 2, 3]);
      expect(held.switch.call(0).context.signal.aborted).toBe(true);
      expect(bus.stats().handlers).toMatchObject([
        { name: 'exhaust', droppedBy: { busy: 2 }, pending: 1 },
        { name: 'switch', droppedBy: { superseded: 2 }, pending: 1 },
      ]);
      held.exhaust.call(0).succeed();
      held.switch.call(2).succeed();
    }),
  );
});

describe('a failed event', () => {
  it(
    'is tried again in memory first, without the broker',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(
        Tick,
        flaky<unknown>(() => {}, 'x x ok'),
        { name: 'count', retry: { maxAttempts: 3, delayMs: 10 } },
      );
      await bus.publish(Tick, 1);
      await bus.drain();
      expect(time.now).toBe(30);
      expect(settlements(broker)).toStrictEqual(['ack 1']);
    }),
  );

  it(
    'is delivered again by the broker, later and later, then dead',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      bus.on(
        Tick,
        (_, { attempt, deliveryCount }) => {
          seen.push(`${time.now}: delivery ${deliveryCount}, attempt ${attempt}`);
          failing();
        },
        {
          name: 'count',
          retry: { maxAttempts: 2, delayMs: 5 },
          redelivery: { maxDeliveries: 3, delayMs: 100, multiplier: 3 },
        },
      );
      await bus.publish(Tick, 1);
      await time.advance(1_000);
      expect(seen).toStrictEqual([
        '0: delivery 1, attempt 1',
        '5: delivery 1, attempt 2',
        '105: delivery 2, attempt 1',
        '110: delivery 2, attempt 2',
        '410: delivery 3, attempt 1',
        '415: delivery 3, attempt 2',
      ]);
      expect(settlements(broker)).toStrictEqual(['ack 1', 'nack 1 +100', 'nack 1 +300']);
      expect(bus.stats().handlers[0]).toMatchObject({
        accepted: 3,
        dead: 1,
        droppedBy: { 'handed-back': 2 },
        pending: 0,
      });
      const [letter] = await bus.deadLetters.list();
      expect(letter).toMatchObject({ reason: 'exhausted', attempts: [{ attempt: 1 }, { attempt: 2 }] });
      expect((await broker.letterStore('g').list())[0]!.headers['dead-letter-deliveries']).toBe('3');
    }),
  );

  it(
    'is handled by its redelivery, without a letter',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(
        Tick,
        flaky<unknown>(() => {}, 'x ok'),
        { name: 'count', redelivery: { maxDeliveries: 2 } },
      );
      await bus.publish(Tick, 1);
      await time.advance(1_000);
      expect(settlements(broker)).toStrictEqual(['ack 1', 'nack 1 +0']);
      expect(await bus.deadLetters.list()).toStrictEqual([]);
    }),
  );

  it(
    'lets others have its slot while it waits in the broker',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      bus.on(
        Tick,
        ({ data }, { deliveryCount }) => {
          seen.push(`${time.now}: ${data}`);
          if (data === 1 && deliveryCount === 1) failing();
        },
        { name: 'count', redelivery: { maxDeliveries: 2, delayMs: 100 } },
      );
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.advance(200);
      expect(seen).toStrictEqual(['0: 1', '0: 2', '0: 3', '100: 1']);
    }),
  );

  it(
    'is dead at once if it is not worth a retry, redelivery or not',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, failing, {
        name: 'count',
        retry: { retryIf: () => false },
        redelivery: { maxDeliveries: 5, delayMs: 10 },
      });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(settlements(broker)).toStrictEqual(['ack 1']);
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'rejected' }]);
    }),
  );

  it(
    'is dead at once if its key cannot be had',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, () => undefined, { name: 'count', key: failing, redelivery: { maxDeliveries: 5 } });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(settlements(broker)).toStrictEqual(['ack 1']);
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'invalid-key' }]);
    }),
  );

  it(
    'that takes too long is aborted, delivered again, and dead of its timeout',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count', timeoutMs: 50, redelivery: { maxDeliveries: 2, delayMs: 10 } });
      await bus.publish(Tick, 1);
      await time.advance(49);
      expect(held.call(0).context.signal.aborted).toBe(false);
      await time.advance(1);
      expect(held.call(0).context.signal.aborted).toBe(true);
      await time.advance(60);
      expect(settlements(broker)).toStrictEqual(['ack 1', 'nack 1 +10']);
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'timeout' }]);
    }),
  );

  it(
    'of one handler is no failure of another',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: number[] = [];
      bus.on(Tick, failing, { name: 'broken', redelivery: { maxDeliveries: 3, delayMs: 5 } });
      bus.on(Tick, ({ data }) => void seen.push(data), { name: 'whole' });
      await bus.publish(Tick, 1);
      await time.advance(100);
      expect(seen).toStrictEqual([1]);
      expect(broker.nacked.map(({ group }) => group)).toStrictEqual(['g--broken', 'g--broken']);
    }),
  );
});

describe('a poisonous event', () => {
  it(
    'is dead without being handled after so many deliveries: whoever handled it may not have survived it',
    virtualTest(
      async ({ time }) => {
        const store = memoryBrokerStore();
        await using broker = memoryBroker({ store });
        const seen: number[] = [];
        // Each of these processes dies of it, and hands nothing back by itself.
        for (const number of [1, 2, 3]) {
          const client = memoryBroker({ store });
          const bus = createBrokeredBus(client, { group: 'g', maxDeliveries: 3 });
          bus.on(Tick, () => new Promise(() => seen.push(number)), { name: 'count', from: 'earliest' });
          if (number === 1) await broker.publish({ id: 'a', topic: 'tick', body: new Uint8Array(), headers: HEADERS });
          await time.settle();
          await client.close();
        }
        await using bus = createBrokeredBus(broker, { group: 'g', maxDeliveries: 3 });
        bus.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
        await time.settle();
        expect(seen).toStrictEqual([1, 2, 3]);
        const [letter] = await bus.deadLetters.list();
        expect(letter).toMatchObject({
          handler: 'count',
          reason: 'exhausted',
          attempts: [],
          error: { code: 'EXHAUSTED' },
        });
        expect(String(letter!.error)).toContain("message 'a' to be settled within 3 deliveries, got delivery 4");
        expect(bus.stats()).toMatchObject({ invalid: 0, handlers: [{ accepted: 0 }] });
        expect(store.stats()).toMatchObject({ unsettled: 0 });
      },
      // Of those who have died.
      { pendingTimers: 'ignore' },
    ),
  );

  it(
    'may be delivered as often as its redelivery says, if that is more often',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', maxDeliveries: 1 });
      const seen: number[] = [];
      bus.on(
        Tick,
        (_, { deliveryCount }) => {
          seen.push(deliveryCount);
          failing();
        },
        { name: 'count', redelivery: { maxDeliveries: 3 } },
      );
      await bus.publish(Tick, 1);
      await time.advance(10);
      expect(seen).toStrictEqual([1, 2, 3]);
    }),
  );
});

const HEADERS = { 'ce-specversion': '1.0', 'ce-id': 'a', 'ce-type': 'tick', 'ce-source': 's' };

describe('a lease', () => {
  it(
    'is renewed for as long as an event is at work, waits for it, waits between attempts, or for a letter',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 30 });
      const held = holding();
      bus.on(Tick, held, { name: 'count', retry: { maxAttempts: 2, delayMs: 500 } });
      await bus.publish(Tick, 1);
      await bus.publish(Tick, 2);
      await time.advance(1_000);
      held.call(0).fail(new Error('broken'));
      await time.advance(1_000);
      held.call(1).succeed();
      await time.advance(1_000);
      held.call(2).succeed();
      await time.settle();
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1, 1, 2]);
      expect(broker.acked.map(({ deliveryCount }) => deliveryCount)).toStrictEqual([1, 1]);
      expect(bus.stats().lost).toBe(0);
    }),
  );

  it(
    'leaves no timer behind when nothing is unsettled',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      const bus = createBrokeredBus(broker, { group: 'g', leaseMs: 30 });
      bus.on(Tick, () => undefined, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      await bus.drain();
      // virtualTest fails if there is one.
    }),
  );

  it(
    'leaves no timer behind when a bus closes with events that wait',
    virtualTest(async ({ time }) => {
      const broker = memoryBroker();
      const bus = createBrokeredBus(broker, { group: 'g', leaseMs: 30 });
      bus.on(Tick, () => new Promise(() => {}), { name: 'count' });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      bus.close();
      await time.settle();
    }),
  );

  it(
    'that cannot be renewed is reported, and goes on',
    virtualTest(async ({ time }) => {
      let isAway = true;
      await using broker = deliveringOtherwise(memoryBroker(), (delivery) => ({
        extend: async () => {
          if (isAway) throw new Error('away');
          await delivery.extend();
        },
      }));
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 30 });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      const held = holding();
      bus.on(Tick, held, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.advance(15);
      isAway = false;
      await time.advance(1_000);
      expect(errors).toMatchObject([{ kind: 'broker', handler: 'count', error: { message: 'away' } }]);
      held.call(0).succeed();
      await time.settle();
      expect(bus.stats()).toMatchObject({ lost: 0, handlers: [{ handled: 1 }] });
    }),
  );
});

describe('a delivery that is lost', () => {
  it(
    'aborts the signal of its handler, and is counted',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      const client = memoryBroker({ store });
      await using bus = createBrokeredBus(client, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count', retry: { maxAttempts: 5, delayMs: 10 } });
      await bus.publish(Tick, 1);
      await time.settle();
      const { signal } = held.call(0).context;
      expect(signal.aborted).toBe(false);
      bus.errors.subscribe();
      await client.close();
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ code: 'DELIVERY_LOST' });
      held.call(0).fail(signal.reason);
      await time.advance(100);
      // Whoever has it now tries it again, not we.
      expect(held.calls).toHaveLength(1);
      expect(bus.stats()).toMatchObject({
        lost: 1,
        deadLetters: { received: 0 },
        handlers: [{ dead: 0, pending: 0, droppedBy: { 'handed-back': 1 } }],
      });
    }),
  );

  it(
    'is no letter, though its handler failed',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      const client = memoryBroker({ store });
      await using bus = createBrokeredBus(client, { group: 'g', deadLetters: createDeadLetterQueue() });
      bus.errors.subscribe();
      const held = holding();
      bus.on(Tick, held, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      await client.close();
      held.call(0).fail(new Error('broken'));
      await time.settle();
      expect(bus.stats()).toMatchObject({ lost: 1, deadLetters: { received: 0 } });
    }),
  );

  it(
    'is not handled if it had not started',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      const client = memoryBroker({ store });
      await using other = memoryBroker({ store });
      await using bus = createBrokeredBus(client, { group: 'g' });
      bus.errors.subscribe();
      const held = holding();
      bus.on(Tick, held, { name: 'count', retry: { maxAttempts: 3, delayMs: 10 }, breaker: { failureThreshold: 1 } });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      await using elsewhere = createBrokeredBus(other, { group: 'g' });
      const seen: string[] = [];
      elsewhere.on(Tick, ({ data }, { deliveryCount }) => void seen.push(`${data}, delivery ${deliveryCount}`), {
        name: 'count',
      });
      await client.close();
      held.call(0).succeed();
      await time.advance(100);
      expect(held.calls.map(({ event }) => event.data)).toStrictEqual([1]);
      expect(seen).toStrictEqual(['1, delivery 2', '2, delivery 2', '3, delivery 2']);
      expect(bus.stats()).toMatchObject({ lost: 3, deadLetters: { received: 0 }, handlers: [{ circuit: 'closed' }] });
      expect(store.stats().unsettled).toBe(0);
    }),
  );

  it(
    'is left out of a batch that had not started',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore({ order: 'none' });
      await using broker = deliveringOtherwise(memoryBroker({ store }), (delivery) => ({
        extend: async () => {
          const isLeftAlone = delivery.message.id === 'a' && delivery.deliveryCount === 1;
          if (!isLeftAlone) await delivery.extend();
        },
      }));
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 30 });
      const seen: (readonly string[])[] = [];
      const counts: number[] = [];
      const handler = bus.on(
        Tick,
        (events, { deliveryCount }) => {
          seen.push(events.map(({ id }) => id));
          counts.push(deliveryCount);
        },
        { name: 'count', batch: { maxSize: 3, maxWaitMs: 50 } },
      );
      handler.pause();
      for (const id of ['a', 'b']) await bus.publish(Tick, 1, { id });
      await time.advance(40);
      handler.resume();
      await time.advance(100);
      expect(seen).toStrictEqual([['b', 'a']]);
      expect(counts).toStrictEqual([2]);
      expect(bus.stats().lost).toBe(1);
      expect(store.stats().unsettled).toBe(0);
    }),
  );

  it(
    'is no batch if all of it was lost',
    virtualTest(async ({ time }) => {
      const client = memoryBroker();
      await using bus = createBrokeredBus(client, { group: 'g' });
      const seen: unknown[] = [];
      const handler = bus.on(Tick, (events) => void seen.push(events), { name: 'count', batch: { maxSize: 2 } });
      handler.pause();
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.settle();
      await client.close();
      handler.resume();
      await time.settle();
      expect(seen).toStrictEqual([]);
      expect(bus.stats()).toMatchObject({
        lost: 2,
        handlers: [{ handled: 0, dead: 0, droppedBy: { 'handed-back': 2 } }],
      });
    }),
  );
});
