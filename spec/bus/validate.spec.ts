import { createEventBus, createEventSubject, defineEvent, type EventBus, SchemaError } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { firstValueFrom, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const OrderPlaced = defineEvent('order.placed', z.object({ id: z.string(), on: z.coerce.date() }));
const OrderChecked = defineEvent(
  'order.checked',
  z.object({
    id: z.string().refine(async (id) => {
      await firstValueFrom(timer(1));
      return id.startsWith('o');
    }, 'is unknown'),
  }),
);
const day = new Date('2026-01-01');

function validating(): { readonly bus: EventBus; readonly seen: unknown[] } {
  const bus = createEventBus({ validate: true });
  const seen: unknown[] = [];
  bus.on('>', ({ data }) => void seen.push(data));
  return { bus, seen };
}

describe('a bus with validate', () => {
  it('checks the data of every emit, and throws what the schema says', () => {
    const { bus, seen } = validating();
    expect(() => bus.emit(OrderPlaced, { id: 5, on: day } as never)).toThrow(SchemaError);
    expect(bus.emit(OrderPlaced, { id: 'o1', on: day })).toBe(true);
    expect(seen).toStrictEqual([{ id: 'o1', on: day }]);
    expect(bus.stats()).toMatchObject({ emitted: 1, invalid: 0 });
  });

  it('checks the data of every publish, and rejects: nothing was offered', async () => {
    const { bus, seen } = validating();
    await expect(bus.publish(OrderPlaced, { id: 5, on: day } as never)).rejects.toMatchObject({
      code: 'SCHEMA',
      issues: [{ path: ['id'] }],
    });
    expect(seen).toStrictEqual([]);
    expect(bus.stats().emitted).toBe(0);
    expect(await bus.deadLetters.list()).toStrictEqual([]);
  });

  it("gives handlers the schema's output", () => {
    const { bus, seen } = validating();
    bus.emit(OrderPlaced, { id: 'o1', on: '2026-01-01', more: true } as never);
    expect(seen).toStrictEqual([{ id: 'o1', on: day }]);
  });

  it('checks what handlers emit too: the handler fails', async () => {
    const { bus } = validating();
    bus.on(OrderPlaced, (_, { emit }) => void emit(OrderPlaced, { id: 5 } as never), { name: 'careless' });
    bus.emit(OrderPlaced, { id: 'o1', on: day });
    expect(await bus.deadLetters.list()).toMatchObject([{ handler: 'careless', error: { code: 'SCHEMA' } }]);
  });

  it('checks what its subjects emit and publish', async () => {
    const { bus } = validating();
    const subject = bus.subject(OrderPlaced);
    expect(() => subject.emit({ id: 5 } as never)).toThrow(SchemaError);
    await expect(subject.publish({ id: 5 } as never)).rejects.toThrow(SchemaError);
  });
});

describe('an async schema on a bus with validate', () => {
  it(
    'is refused by emit, which names publish',
    virtualTest(async ({ time }) => {
      const { bus, seen } = validating();
      expect(() => bus.emit(OrderChecked, { id: 'o1' })).toThrow(
        expect.objectContaining({
          code: 'ASYNC_SCHEMA',
          message:
            "Expected the schema of 'order.checked' to answer at once, got a promise. Use publish(), which awaits it.",
        }),
      );
      await time.advance(1);
      expect(seen).toStrictEqual([]);
    }),
  );

  it(
    'that rejects the data after emit has thrown raises no unhandled rejection',
    virtualTest(async ({ time }) => {
      const { bus } = validating();
      expect(() => bus.emit(OrderChecked, { id: 'x' })).toThrow();
      // A rejection that nobody handles fails a virtual test.
      await time.advance(1);
      expect(bus.stats()).toMatchObject({ emitted: 0 });
    }),
  );

  it(
    'is awaited by publish',
    virtualTest(async () => {
      const { bus, seen } = validating();
      await expect(bus.publish(OrderChecked, { id: 'x' })).rejects.toMatchObject({
        issues: [{ path: ['id'], message: 'is unknown' }],
      });
      const report = bus.publish(OrderChecked, { id: 'o1' });
      expect(seen).toStrictEqual([]);
      expect(await report).toMatchObject({ ok: true });
      expect(seen).toStrictEqual([{ id: 'o1' }]);
    }),
  );

  it(
    'lets publish reject if the bus is closed while it answers',
    virtualTest(async () => {
      const { bus, seen } = validating();
      const report = bus.publish(OrderChecked, { id: 'o1' });
      bus.close();
      await expect(report).rejects.toMatchObject({ code: 'CLOSED' });
      expect(seen).toStrictEqual([]);
    }),
  );

  it(
    'lets publish reject if its signal is aborted while it answers: nothing is offered',
    virtualTest(async ({ time }) => {
      const { bus, seen } = validating();
      const controller = new AbortController();
      const report = bus.publish(OrderChecked, { id: 'o1' }, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(report).rejects.toThrow('enough');
      await time.advance(1);
      expect(seen).toStrictEqual([]);
    }),
  );

  it(
    'lets publish reject with SELF_DEADLOCK, too',
    virtualTest(async () => {
      const bus = createEventBus({ validate: true });
      const results: unknown[] = [];
      bus.on(OrderChecked, async (_, { publish }) => {
        results.push(await publish(OrderChecked, { id: 'o2' }).catch((error: unknown) => error));
      });
      await bus.publish(OrderChecked, { id: 'o1' });
      expect(results).toMatchObject([{ code: 'SELF_DEADLOCK' }]);
    }),
  );
});

describe('without validate', () => {
  it('nothing is checked, neither by emit nor by publish', async () => {
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(OrderPlaced, ({ data }) => void seen.push(data));
    bus.emit(OrderPlaced, 1 as never);
    await bus.publish(OrderPlaced, 2 as never);
    expect(seen).toStrictEqual([1, 2]);
  });
});

describe('a subject that stands alone, with validate', () => {
  it('checks as a bus does', () => {
    const subject = createEventSubject(OrderPlaced, { validate: true });
    const seen: unknown[] = [];
    subject.subscribe(({ data }) => seen.push(data));
    expect(() => subject.emit({ id: 5 } as never)).toThrow(SchemaError);
    subject.emit({ id: 'o1', on: day });
    expect(seen).toStrictEqual([{ id: 'o1', on: day }]);
  });
});
