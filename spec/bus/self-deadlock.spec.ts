import { type BusHandlerContext, createEventBus, type EventBus, type EventMessage, type OnOptions } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { OrderPlaced, Tick, Tock } from '../support/events.ts';

type TickMessage = EventMessage<'tick', number>;

/** A handler of Tick that, for event 1, publishes `next` and waits for its report. */
function publishing(bus: EventBus, next: number, options: OnOptions<TickMessage>): unknown[] {
  const results: unknown[] = [];
  bus.on(
    Tick,
    async ({ data }, { publish }) => {
      if (data !== 1) return;
      const result = await publish(Tick, next).catch((error: unknown) => error);
      results.push(result);
    },
    { name: 'self', ...options },
  );
  return results;
}

const selfDeadlock = expect.objectContaining({
  name: 'MillraceError',
  code: 'SELF_DEADLOCK',
  message: expect.stringMatching(/handler 'self' .*context\.emit/u),
});

describe('a handler that would wait for itself for ever', () => {
  it.each<[situation: string, options: OnOptions<TickMessage>]>([
    ['has one slot', {}],
    ['has one slot, and no room at all', { capacity: 0 }],
    ['has one slot, and drops', { overflow: 'drop-newest', capacity: 0 }],
    ['has the same key', { concurrency: 4, key: () => 'same' }],
    ['has the same key, and it is NaN', { concurrency: 4, key: () => Number.NaN }],
    ['has another key, but one slot', { concurrency: 1, key: ({ data }) => data }],
  ])(
    'is told so at once, full or not: it %s',
    virtualTest(async ({ time }, _, options) => {
      const bus = createEventBus();
      const results = publishing(bus, 2, options);
      bus.emit(Tick, 1);
      await time.settle();
      expect(results).toStrictEqual([selfDeadlock]);
      expect(bus.stats()).toMatchObject({ emitted: 1, handlers: [{ accepted: 1, handled: 1, pending: 0 }] });
    }),
  );

  it(
    'has the whole text: expected, got, remedy',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const results = publishing(bus, 2, {});
      bus.emit(Tick, 1);
      await time.settle();
      expect((results[0] as Error).message).toBe(
        "Expected a publish that can end, got one that handler 'self' awaits while it holds the slot or lane that the event needs. Use context.emit, or a higher concurrency.",
      );
    }),
  );

  it(
    'is told so across another handler that waits in turn',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const results: unknown[] = [];
      bus.on(Tick, (_, { publish }) => publish(Tock, 1), { name: 'self' });
      bus.on(
        Tock,
        async (_, { publish }) => {
          results.push(await publish(Tick, 2).catch((error: unknown) => error));
        },
        { name: 'between' },
      );
      bus.emit(Tick, 1);
      await time.settle();
      expect(results).toStrictEqual([selfDeadlock]);
      expect(bus.stats().handlers.map(({ pending }) => pending)).toStrictEqual([0, 0]);
    }),
  );

  it('is told so across three handlers, and in a later attempt as in the first', async () => {
    const bus = createEventBus();
    const results: unknown[] = [];
    bus.on(Tick, (_, { publish }) => publish(Tock, 1), { name: 'self' });
    bus.on(
      Tock,
      (_, { publish, attempt }) => {
        if (attempt === 1) throw new Error('not yet');
        return publish(OrderPlaced, { id: 'o1', total: 1 });
      },
      { name: 'first between', retry: { maxAttempts: 2, delayMs: 0 } },
    );
    bus.on(
      OrderPlaced,
      async (_, { publish }) => {
        results.push(await publish(Tick, 2).catch((error: unknown) => error));
      },
      { name: 'second between' },
    );
    const { ok } = await bus.publish(Tick, 1);
    expect(results).toStrictEqual([selfDeadlock]);
    expect(ok).toBe(true);
  });

  it(
    'offers the event to nobody else either: a half-published event would be repeated',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: number[] = [];
      bus.on(Tick, ({ data }) => void seen.push(data));
      publishing(bus, 2, {});
      bus.emit(Tick, 1);
      await time.settle();
      expect(seen).toStrictEqual([1]);
    }),
  );
});

describe('a handler that waits for what can end', () => {
  it.each<[situation: string, options: OnOptions<TickMessage>]>([
    ['has a second slot', { concurrency: 2 }],
    ['has a second slot and another key', { concurrency: 2, key: ({ data }) => data }],
  ])(
    'gets its report: it %s',
    virtualTest(async ({ time }, _, options) => {
      const bus = createEventBus();
      const results = publishing(bus, 2, options);
      bus.emit(Tick, 1);
      await time.settle();
      expect(results).toStrictEqual([
        {
          stage: 'settled',
          ok: true,
          unhandled: false,
          handlers: [{ name: 'self', outcome: 'handled', attempts: 1 }],
        },
      ]);
    }),
  );

  it(
    'gets its report of an event for another handler',
    virtualTest(async () => {
      const bus = createEventBus();
      const seen: unknown[] = [];
      bus.on(Tock, () => timer(1), { name: 'other' });
      bus.on(Tick, async (_, { publish }) => void seen.push((await publish(Tock, 1)).ok), { name: 'self' });
      await bus.publish(Tick, 1);
      expect(seen).toStrictEqual([true]);
    }),
  );

  it(
    'gets its report of the same event when it was called by another handler that does not wait',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: unknown[] = [];
      bus.on(Tick, ({ data }, { emit }) => void (data === 1 && emit(Tock, 1)), { name: 'self' });
      bus.on(Tock, async (_, { publish }) => void seen.push((await publish(Tick, 2)).ok), { name: 'between' });
      await bus.publish(Tick, 1);
      await time.settle();
      expect(seen).toStrictEqual([true]);
    }),
  );

  it(
    'may emit to itself: the event waits behind the one in progress',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: number[] = [];
      bus.on(Tick, async ({ data }, { emit }: BusHandlerContext) => {
        if (data < 3) emit(Tick, data + 1);
        await time.advance(1);
        seen.push(data);
      });
      bus.emit(Tick, 1);
      await bus.drain();
      expect(seen).toStrictEqual([1, 2, 3]);
    }),
  );

  it(
    'supersedes itself with strategy switch, instead of waiting',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const results = publishing(bus, 2, { strategy: 'switch' });
      const first = bus.publish(Tick, 1);
      expect((await first).handlers).toMatchObject([{ outcome: 'dropped', reason: 'superseded' }]);
      await time.settle();
      expect(results).toMatchObject([{ ok: true }]);
    }),
  );

  it('drops what it sends itself with strategy exhaust, instead of waiting', async () => {
    const bus = createEventBus();
    const results = publishing(bus, 2, { strategy: 'exhaust' });
    const { ok } = await bus.publish(Tick, 1);
    expect(ok).toBe(true);
    expect(results).toMatchObject([{ ok: false, handlers: [{ outcome: 'dropped', reason: 'busy' }] }]);
  });
});
