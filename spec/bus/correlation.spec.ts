import { createEventBus, type EventMessage } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { OrderPlaced, Tick, Tock } from '../support/events.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('what a handler sends by its context', () => {
  it('carries the id of its event as the cause, and the first id of the chain as correlation', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on('>', (event) => void seen.push(event));
    bus.on(Tick, (_, { emit }) => void emit(Tock, 1));
    bus.on(Tock, (_, { emit }) => void emit(OrderPlaced, { id: 'o1', total: 1 }));
    bus.emit(Tick, 1);
    const [tick, tock, order] = seen as [EventMessage, EventMessage, EventMessage];
    expect(tick.headers).toStrictEqual({});
    expect(tock.headers).toStrictEqual({ correlationId: tick.id, causationId: tick.id });
    expect(order.headers).toStrictEqual({ correlationId: tick.id, causationId: tock.id });
  });

  it(
    'does so by publish as by emit, and after an await as before',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const seen: EventMessage[] = [];
      bus.on(Tock, (event) => void seen.push(event));
      bus.on(Tick, async (_, context) => {
        await time.advance(1);
        await context.publish(Tock, 1);
        context.emit(Tock, 2);
      });
      await bus.publish(Tick, 1, { id: 'm1' });
      const expected = { correlationId: 'm1', causationId: 'm1' };
      expect(seen.map(({ headers }) => headers)).toStrictEqual([expected, expected]);
    }),
  );

  it('keeps a correlation and a trace that came from outside', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tock, (event) => void seen.push(event));
    bus.on(Tick, (_, { emit }) => void emit(Tock, 1));
    bus.emit(Tick, 1, { id: 'm1', headers: { correlationId: 'request-7', traceparent, tenant: 'acme' } });
    expect(seen[0]!.headers).toStrictEqual({ correlationId: 'request-7', causationId: 'm1', traceparent });
  });

  it('lets the headers that are given win, and adds them', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tock, (event) => void seen.push(event));
    bus.on(Tick, (_, { emit }) => {
      emit(Tock, 1, { subject: 's', headers: { correlationId: 'mine', tenant: 'acme' } });
    });
    bus.emit(Tick, 1, { id: 'm1' });
    expect(seen[0]!.subject).toBe('s');
    expect(seen[0]!.headers).toStrictEqual({ correlationId: 'mine', causationId: 'm1', tenant: 'acme' });
  });

  it(
    'is of its own event in every attempt, and for every event',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      const causes: unknown[] = [];
      bus.on(Tock, ({ headers }) => void causes.push(headers.causationId));
      bus.on(
        Tick,
        async (_, { emit, attempt }) => {
          emit(Tock, attempt);
          await time.advance(1);
          if (attempt === 1) throw new Error('not yet');
        },
        { concurrency: 2, retry: { maxAttempts: 2, delayMs: 0 } },
      );
      await Promise.all([bus.publish(Tick, 1, { id: 'm1' }), bus.publish(Tick, 2, { id: 'm2' })]);
      expect(causes.map(String).toSorted((one, other) => one.localeCompare(other))).toStrictEqual([
        'm1',
        'm1',
        'm2',
        'm2',
      ]);
    }),
  );

  it('is of its own event also for a handler that keeps the context for later', () => {
    const bus = createEventBus();
    const causes: unknown[] = [];
    const later: (() => void)[] = [];
    bus.on(Tock, ({ headers }) => void causes.push(headers.causationId));
    bus.on(Tick, (_, context) => void later.push(() => context.emit(Tock, 1)));
    bus.emit(Tick, 1, { id: 'm1' });
    bus.emit(Tick, 2, { id: 'm2' });
    for (const send of later) send();
    expect(causes).toStrictEqual(['m1', 'm2']);
  });

  it('stays on a redriven event, which is the same message', async () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    let isBroken = true;
    bus.on(Tick, (_, { emit }) => void emit(Tock, 1));
    bus.on(
      Tock,
      ({ headers }) => {
        if (isBroken) throw new Error('broken');
        seen.push(headers.causationId);
      },
      { name: 'tock' },
    );
    bus.emit(Tick, 1, { id: 'm1' });
    isBroken = false;
    await bus.deadLetters.redrive();
    expect(seen).toStrictEqual(['m1']);
  });
});

describe('what is sent by the bus itself', () => {
  it('starts a chain of its own, also inside a handler', () => {
    const bus = createEventBus();
    const seen: EventMessage[] = [];
    bus.on(Tock, (event) => void seen.push(event));
    bus.on(Tick, () => void bus.emit(Tock, 1));
    bus.emit(Tick, 1);
    expect(seen[0]!.headers).toStrictEqual({});
  });
});
