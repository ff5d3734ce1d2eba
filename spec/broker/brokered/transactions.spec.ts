import {
  type BrokeredHandlerContext,
  createBrokeredBus,
  defineEvent,
  InvalidOptionError,
  memoryBroker,
  memoryBrokerStore,
  payload,
  type ReportedError,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { changedBroker, deliveringOtherwise } from '../../support/changed-broker.ts';
import { Tick } from '../../support/events.ts';

const Doubled = defineEvent('doubled', payload<number>());

describe('a transactional handler', () => {
  it(
    'has what it emits published with the acknowledgement of its event, and only then',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = recordingBroker({ broker: memoryBroker({ store }) });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: unknown[] = [];
      bus.on(
        Tick,
        async ({ data }, { emit }) => {
          expect(emit(Doubled, data * 2)).toBe(true);
          await sleep(50);
          emit(Doubled, data * 2 + 1, { id: 'second', headers: { tenant: 'acme' } });
        },
        { name: 'double', isTransactional: true },
      );
      bus.on(Doubled, (event) => void seen.push(event.toJSON()), { name: 'see' });
      await bus.publish(Tick, 5, { id: 'first' });
      await time.advance(49);
      expect(broker.published.map(({ topic }) => topic)).toStrictEqual(['tick']);
      expect(bus.stats().outgoing.waiting).toBe(0);
      await time.advance(1);
      expect(seen).toMatchObject([
        { data: 10, headers: { correlationId: 'first', causationId: 'first' } },
        { data: 11, id: 'second', headers: { correlationId: 'first', tenant: 'acme' } },
      ]);
      expect(bus.stats().emitted).toBe(3);
    }),
  );

  it(
    'publishes nothing of attempts that failed, nor of an event that is dead',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(
        Tick,
        ({ data }, { emit, attempt, deliveryCount }) => {
          emit(Doubled, data * 100 + deliveryCount * 10 + attempt);
          if (data === 2 || deliveryCount === 1 || attempt === 1) throw new Error('broken');
        },
        {
          name: 'double',
          isTransactional: true,
          retry: { maxAttempts: 2, delayMs: 1 },
          redelivery: { maxDeliveries: 2, delayMs: 10 },
        },
      );
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.advance(100);
      const outputs = broker.published.filter(({ topic }) => topic === 'doubled');
      expect(outputs.map(({ body }) => new TextDecoder().decode(body))).toStrictEqual(['122']);
      expect(broker.acked).toHaveLength(2);
      expect(await bus.deadLetters.list()).toMatchObject([{ event: { data: 2 } }]);
    }),
  );

  it(
    'publishes nothing of an event that is superseded, or handed back',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const handler = bus.on(
        Tick,
        (_, { emit }) => {
          emit(Doubled, 1);
          return new Promise(() => {});
        },
        { name: 'double', isTransactional: true, strategy: 'switch' },
      );
      for (const data of [1, 2]) await bus.publish(Tick, data);
      await time.settle();
      handler.unsubscribe();
      await time.settle();
      expect([broker.acked.length, broker.nacked.length]).toStrictEqual([1, 1]);
      expect(broker.published.map(({ topic }) => topic)).toStrictEqual(['tick', 'tick']);
    }),
  );

  it(
    'cannot send any more when its attempt is over: neither the next attempt nor another event sends it for it',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const contexts: BrokeredHandlerContext[] = [];
      bus.on(
        Tick,
        async (_, context) => {
          contexts.push(context);
          await sleep(context.attempt === 1 ? 1_000 : 20);
        },
        { name: 'double', isTransactional: true, timeoutMs: 50, retry: { maxAttempts: 2, delayMs: 0 } },
      );
      await bus.publish(Tick, 1);
      await time.advance(60);
      expect(contexts).toHaveLength(2);
      expect(() => contexts[0]!.emit(Doubled, 1)).toThrow(expect.objectContaining({ code: 'IN_TRANSACTION' }));
      contexts[1]!.emit(Doubled, 2);
      await time.advance(1_000);
      expect(() => contexts[1]!.emit(Doubled, 3)).toThrow('while it is at work');
      const outputs = broker.published.filter(({ topic }) => topic === 'doubled');
      expect(outputs.map(({ body }) => new TextDecoder().decode(body))).toStrictEqual(['2']);
    }),
  );

  it(
    'is refused context.publish, as nobody could wait for it; others are not',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, (_, { publish }) => publish(Doubled, 1), { name: 'double', isTransactional: true });
      bus.on(Tick, (_, { publish }) => publish(Doubled, 2), { name: 'plain' });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(await bus.deadLetters.list()).toMatchObject([{ handler: 'double', error: { code: 'IN_TRANSACTION' } }]);
      expect(broker.published.map(({ topic }) => topic)).toStrictEqual(['tick', 'doubled']);
    }),
  );

  it(
    'fails with what no broker could carry, at once',
    virtualTest(async ({ time }) => {
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(Tick, (_, { emit }) => void emit(Doubled, 1, { headers: { 'no name': 'x' } }), {
        name: 'double',
        isTransactional: true,
      });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(await bus.deadLetters.list()).toMatchObject([{ handler: 'double', error: { code: 'INVALID_OPTION' } }]);
    }),
  );

  it(
    'has its event again if the broker refuses what it has sent, and at last a letter',
    virtualTest(async ({ time }) => {
      const store = memoryBrokerStore();
      await using broker = deliveringOtherwise(memoryBroker({ store }), (delivery) => ({
        ack: async (options) => {
          if (options?.publish !== undefined) throw new InvalidOptionError('Too large.');
          await delivery.ack();
        },
      }));
      await using bus = createBrokeredBus(broker, { group: 'g', maxDeliveries: 3 });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      const counts: number[] = [];
      bus.on(
        Tick,
        (_, { emit, deliveryCount }) => {
          counts.push(deliveryCount);
          emit(Doubled, 1);
        },
        { name: 'double', isTransactional: true },
      );
      await bus.publish(Tick, 1);
      await time.advance(100);
      expect(counts).toStrictEqual([1, 2, 3]);
      expect(errors.map(({ kind, error }) => `${kind} ${(error as Error).message}`)).toStrictEqual(
        Array(3).fill('broker Too large.'),
      );
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'exhausted' }]);
      expect(store.stats().unsettled).toBe(0);
    }),
  );

  it(
    'has what it emits of a redriven event published before its letter is forgotten',
    virtualTest(async ({ time }) => {
      const inner = recordingBroker();
      let isAway = true;
      await using broker = changedBroker(inner, {
        publish: async (messages, options) => {
          if (isAway && [messages].flat()[0]!.topic === 'doubled') throw new Error('away');
          return inner.publish(messages, options);
        },
      });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      let isBroken = true;
      bus.on(
        Tick,
        ({ data }, { emit }) => {
          emit(Doubled, data * 2);
          if (isBroken) throw new Error('broken');
        },
        { name: 'double', isTransactional: true },
      );
      await bus.publish(Tick, 1);
      await time.settle();
      isBroken = false;
      expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 0, skipped: 1 });
      expect(await bus.deadLetters.list()).toHaveLength(1);
      isAway = false;
      expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(await bus.deadLetters.list()).toHaveLength(0);
      expect(inner.published.map(({ topic }) => topic)).toStrictEqual(['tick', 'doubled']);
    }),
  );
});
