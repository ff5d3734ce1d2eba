import {
  type BrokeredHandlerContext,
  createBrokeredBus,
  defineEvent,
  type EventMessage,
  memoryBroker,
  memoryBrokerStore,
  payload,
  type ReportedError,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { deliveringOtherwise } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';
import { HeldHandler } from '../../support/held-handler.ts';

type Held = HeldHandler<EventMessage<'tick', number>, BrokeredHandlerContext>;

const holding = (): Held => new HeldHandler<EventMessage<'tick', number>, BrokeredHandlerContext>();

describe('a handler that is unsubscribed', () => {
  it(
    'hands back what runs, waits, and is between attempts, at once, and writes no letters',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = recordingBroker({ broker: memoryBroker({ store }) });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      const handler = bus.on(Tick, held, { name: 'count', concurrency: 2, retry: { maxAttempts: 2, delayMs: 1_000 } });
      for (const data of [1, 2, 3, 4]) await bus.publish(Tick, data);
      await time.settle();
      held.call(0).fail(new Error('broken'));
      await time.settle();
      expect(handler.stats()).toMatchObject({ running: 2, betweenAttempts: 1, waiting: 1 });
      handler.unsubscribe();
      expect(handler.closed).toBe(true);
      expect(held.call(1).context.signal.aborted).toBe(true);
      await time.settle();
      expect(broker.nacked).toHaveLength(4);
      expect(broker.nacked.every(({ delayMs }) => delayMs === 0)).toBe(true);
      expect(handler.stats()).toMatchObject({ pending: 0, dead: 0, droppedBy: { 'handed-back': 4 } });
      expect(bus.stats()).toMatchObject({ deadLetters: { received: 0 }, handlers: [] });
      expect(store.stats().groups).toMatchObject([{ name: 'g--count', delayed: 4, inFlight: 0 }]);
    }),
  );

  it(
    'leaves what it had to the next one of its name, which may come at once',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: string[] = [];
      const handler = bus.on(Tick, () => new Promise(() => {}), { name: 'count' });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      handler.unsubscribe();
      bus.on(Tick, ({ data }, { deliveryCount }) => void seen.push(`${data} ${deliveryCount}`), { name: 'count' });
      await time.settle();
      expect(seen.toSorted()).toStrictEqual(['1 2', '2 2', '3 2']);
    }),
  );

  it(
    'is unsubscribed by its signal, by using, and before it has begun',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const controller = new AbortController();
      const handler = bus.on(Tick, () => undefined, { name: 'a', signal: controller.signal });
      {
        using _ = bus.on(Tick, () => undefined, { name: 'b' });
      }
      const never = bus.on(Tick, () => undefined, { name: 'c', signal: AbortSignal.abort() });
      expect([handler.closed, never.closed]).toStrictEqual([false, true]);
      controller.abort();
      expect(handler.closed).toBe(true);
      await time.settle();
      expect(bus.stats().handlers).toStrictEqual([]);
      expect(['g--a', 'g--b', 'g--c'].map((group) => store.deleteGroup(group))).toStrictEqual([true, true, true]);
    }),
  );
});

describe('a bus that drains', () => {
  it(
    'takes nothing more from its broker, finishes what it has, and settles it before it leaves',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = recordingBroker({ broker: memoryBroker({ store }) });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count', capacity: 2, retry: { maxAttempts: 2, delayMs: 100 } });
      for (const data of [1, 2, 3, 4, 5]) await bus.publish(Tick, data);
      await time.settle();
      const draining = bus.drain();
      expect(bus.stats().state).toBe('draining');
      held.call(0).fail(new Error('broken'));
      await time.advance(100);
      for (const index of [1, 2, 3]) {
        held.call(index).succeed();
        await time.settle();
      }
      expect(await draining).toMatchObject({
        completed: true,
        handled: 3,
        dead: 0,
        dropped: 0,
        abandoned: 0,
        durationMs: 100,
      });
      expect(held.calls).toHaveLength(4);
      expect(broker.acked).toHaveLength(3);
      expect(broker.nacked).toStrictEqual([]);
      expect(store.stats().groups).toMatchObject([{ waiting: 2, inFlight: 0 }]);
      expect(bus.stats()).toMatchObject({ state: 'closed', lost: 0 });
    }),
  );

  it(
    'waits until the broker has taken the last acknowledgement',
    virtualTest(async ({ time }) => {
      await using broker = deliveringOtherwise(memoryBroker(), (delivery) => ({
        ack: async () => {
          await new Promise((resolve) => setTimeout(resolve, 30));
          await delivery.ack();
        },
      }));
      const bus = createBrokeredBus(broker, { group: 'g' });
      const handler = bus.on(Tick, () => undefined, { name: 'drained' });
      await bus.publish(Tick, 1);
      await time.settle();
      await handler.drain();
      expect([time.now, broker.stats().inFlight, bus.stats().lost]).toStrictEqual([30, 0, 0]);
      bus.on(Tick, () => undefined, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      await bus.drain();
      expect([time.now, broker.stats().inFlight, bus.stats().lost]).toStrictEqual([60, 0, 0]);
    }),
  );

  it(
    'at its deadline hands back what is left, without letters, and says how much',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = recordingBroker({ broker: memoryBroker({ store }) });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count' });
      for (const data of [1, 2, 3]) await bus.publish(Tick, data);
      await time.settle();
      held.call(0).succeed();
      await time.settle();
      expect(await bus.drain({ deadlineMs: 50 })).toMatchObject({
        completed: false,
        handled: 0,
        dropped: 2,
        dead: 0,
        abandoned: 2,
      });
      expect(time.now).toBe(50);
      expect(held.call(1).context.signal.aborted).toBe(true);
      expect([broker.acked.length, broker.nacked.length]).toStrictEqual([1, 2]);
      expect(store.stats().groups).toMatchObject([{ delayed: 2, inFlight: 0 }]);
      expect(bus.stats().deadLetters.received).toBe(0);
    }),
  );

  it(
    'waits for letters',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      const bus = createBrokeredBus(broker, { group: 'g' });
      const failing = async (): Promise<never> => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error('broken');
      };
      bus.on(Tick, failing, { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(await bus.drain()).toMatchObject({ completed: true, dead: 1 });
      expect(await broker.letterStore('g').list()).toHaveLength(1);
      expect(broker.acked).toHaveLength(1);
    }),
  );

  it(
    'publishes what its handlers still emit',
    virtualTest(async ({ time }) => {
      const Tocked = defineEvent('tocked', payload<number>());
      await using broker = recordingBroker();
      const bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(
        Tick,
        async (event, context) => {
          await held.handle(event, context);
          context.emit(Tocked, event.data);
          await context.publish(Tocked, event.data + 1);
        },
        { name: 'count' },
      );
      await bus.publish(Tick, 1);
      await time.settle();
      const draining = bus.drain();
      expect(() => bus.emit(Tocked, 0)).toThrow('closed or draining');
      held.call(0).succeed();
      await draining;
      expect(broker.published.map(({ topic }) => topic)).toStrictEqual(['tick', 'tocked', 'tocked']);
    }),
  );

  it(
    'drains one handler alone, which has the same promises',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      const handler = bus.on(Tick, held, { name: 'count', capacity: 0 });
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.settle();
      const draining = handler.drain();
      held.call(0).succeed();
      expect(await draining).toMatchObject({ completed: true, handled: 1 });
      expect(handler.closed).toBe(true);
      expect(store.stats().groups).toMatchObject([{ waiting: 1, inFlight: 0 }]);
      expect(bus.stats().state).toBe('open');
    }),
  );

  it(
    'may be drained again, and closed, to no effect',
    virtualTest(async () => {
      await using broker = memoryBroker();
      const bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, () => undefined, { name: 'count' });
      await Promise.all([bus.drain(), bus.drain()]);
      bus.close();
      expect(await bus.drain()).toMatchObject({ completed: true });
    }),
  );
});

describe('a bus that closes', () => {
  it(
    'hands all back, leaves, and leaves its broker open',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      const bus = createBrokeredBus(broker, { group: 'g' });
      const held = holding();
      bus.on(Tick, held, { name: 'count' });
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.settle();
      bus.close();
      await time.settle();
      expect(held.call(0).context.signal.aborted).toBe(true);
      expect(store.stats().groups).toMatchObject([{ delayed: 2, inFlight: 0 }]);
      expect(broker.stats()).toMatchObject({ state: 'connected', inFlight: 0 });
      expect(() => bus.on(Tick, () => undefined, { name: 'late' })).toThrow(
        expect.objectContaining({ code: 'CLOSED' }),
      );
    }),
  );

  it(
    'reports what cannot be handed back',
    virtualTest(async ({ time }) => {
      await using broker = deliveringOtherwise(memoryBroker(), () => ({
        nack: () => Promise.reject(new Error('away')),
      }));
      const bus = createBrokeredBus(broker, { group: 'g' });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.on(Tick, () => new Promise(() => {}), { name: 'count' });
      await bus.publish(Tick, 1);
      await time.settle();
      bus.close();
      await time.settle();
      expect(errors).toMatchObject([{ kind: 'broker', handler: 'count', error: { message: 'away' } }]);
    }),
  );
});

describe('a handler that pauses', () => {
  it(
    'starts nothing, and keeps what it has taken',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 50 });
      const seen: number[] = [];
      const handler = bus.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
      handler.pause();
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.advance(500);
      expect(seen).toStrictEqual([]);
      expect(handler.stats()).toMatchObject({ state: 'paused', waiting: 2 });
      handler.resume();
      await time.settle();
      expect(seen).toStrictEqual([1, 2]);
      expect(broker.acked.map(({ deliveryCount }) => deliveryCount)).toStrictEqual([1, 1]);
    }),
  );
});
