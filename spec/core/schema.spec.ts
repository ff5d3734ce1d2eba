import { type } from 'arktype';
import { createEventBus, defineEvent, type EventDefinition, type EventMessage, SchemaError } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { firstValueFrom, timer } from 'rxjs';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';

interface Order {
  readonly id: string;
  readonly lines: readonly { readonly amount: number }[];
}

/** One event by each of the schema libraries that the README names. */
const orders: readonly [library: string, definition: EventDefinition<'order.placed', Order>][] = [
  [
    'zod',
    defineEvent(
      'order.placed',
      z.object({ id: z.string(), lines: z.array(z.object({ amount: z.number().positive() })) }),
    ),
  ],
  [
    'valibot',
    defineEvent(
      'order.placed',
      v.object({ id: v.string(), lines: v.array(v.object({ amount: v.pipe(v.number(), v.minValue(1)) })) }),
    ),
  ],
  ['arktype', defineEvent('order.placed', type({ id: 'string', lines: type({ amount: 'number > 0' }).array() }))],
];

const asyncOrders: readonly [library: string, definition: EventDefinition<'order.placed', { id: string }>][] = [
  [
    'zod',
    defineEvent(
      'order.placed',
      z.object({ id: z.string().refine(async (id) => (await isKnown(id)) || false, 'is unknown') }),
    ),
  ],
  [
    'valibot',
    defineEvent('order.placed', v.objectAsync({ id: v.pipeAsync(v.string(), v.checkAsync(isKnown, 'is unknown')) })),
  ],
];

async function isKnown(id: string): Promise<boolean> {
  await firstValueFrom(timer(1));
  return id.startsWith('o');
}

const valid: Order = { id: 'o1', lines: [{ amount: 5 }] };

describe.each(orders)('a schema of %s', (_, OrderPlaced) => {
  it('lets valid data in at the edge', () => {
    const bus = createEventBus();
    const seen: Order[] = [];
    bus.on(OrderPlaced, ({ data }) => void seen.push(data));
    expect(bus.ingest(OrderPlaced, valid)).toBe(true);
    expect(seen).toStrictEqual([valid]);
  });

  it('keeps path and message of each issue, in the error and in its text', async () => {
    const bus = createEventBus();
    bus.ingest(OrderPlaced, { id: 5, lines: [{ amount: 1 }, { amount: -1 }] });
    const [letter] = await bus.deadLetters.list();
    const error = letter!.error as SchemaError;
    expect(error).toBeInstanceOf(SchemaError);
    expect(error.code).toBe('SCHEMA');
    expect(error.issues.map(({ path }) => path)).toStrictEqual([['id'], ['lines', 1, 'amount']]);
    const [first, second] = error.issues.map(({ message }) => message);
    expect(first).toMatch(/string/iu);
    expect(error.message).toBe(
      `Expected data that fits the schema of 'order.placed', got id: ${first}; lines.1.amount: ${second}. Correct it at its source.`,
    );
  });

  it('says of data that is no object at all that the data itself is wrong', async () => {
    const bus = createEventBus();
    bus.ingest(OrderPlaced, 'nonsense');
    const [letter] = await bus.deadLetters.list();
    const error = letter!.error as SchemaError;
    expect(error.issues.map(({ path }) => path)).toStrictEqual([[]]);
    expect(error.message).toContain("'order.placed', got data: ");
  });

  it('checks nothing on a bare emit: schemas run at the edges', () => {
    const bus = createEventBus();
    const handler = vi.fn((event: EventMessage) => event.data);
    bus.on(OrderPlaced, handler);
    bus.emit(OrderPlaced, { id: 5 } as never);
    expect(handler).toHaveReturnedWith({ id: 5 });
  });
});

describe.each(asyncOrders)('an async schema of %s', (_, OrderPlaced) => {
  it(
    'is awaited by ingestAsync',
    virtualTest(async () => {
      const bus = createEventBus();
      const seen: string[] = [];
      bus.on(OrderPlaced, ({ data }) => void seen.push(data.id));
      const answers = [bus.ingestAsync(OrderPlaced, { id: 'o1' }), bus.ingestAsync(OrderPlaced, { id: 'x' })];
      expect(seen).toStrictEqual([]);
      expect(await Promise.all(answers)).toStrictEqual([expect.objectContaining({ ok: true }), false]);
      expect(seen).toStrictEqual(['o1']);
    }),
  );

  it(
    'keeps the issues of what it refuses',
    virtualTest(async () => {
      const bus = createEventBus();
      await bus.ingestAsync(OrderPlaced, { id: 'x' });
      const [letter] = await bus.deadLetters.list();
      expect((letter!.error as SchemaError).issues).toStrictEqual([{ message: 'is unknown', path: ['id'] }]);
    }),
  );

  it(
    'is refused by ingest, which names ingestAsync',
    virtualTest(async ({ time }) => {
      const bus = createEventBus();
      expect(() => bus.ingest(OrderPlaced, { id: 'o1' })).toThrow(
        expect.objectContaining({
          name: 'MillraceError',
          code: 'ASYNC_SCHEMA',
          message:
            "Expected the schema of 'order.placed' to answer at once, got a promise. Use ingestAsync(), which awaits it.",
        }),
      );
      await time.advance(1);
      expect(bus.stats()).toMatchObject({ emitted: 0, invalid: 0 });
    }),
  );
});

describe('an async schema of arktype', () => {
  it('does not exist: its morphs and narrows answer at once', () => {
    const narrowed = type('string').narrow((id) => id.startsWith('o'));
    expect(narrowed['~standard'].validate('o1')).toStrictEqual({ value: 'o1' });
  });
});

describe('a transforming schema', () => {
  const BirthdayKept = defineEvent('birthday.kept', z.object({ on: z.coerce.date() }));

  it("gives handlers the schema's output", () => {
    const bus = createEventBus();
    const seen: Date[] = [];
    bus.on(BirthdayKept, ({ data }) => void seen.push(data.on));
    bus.ingest(BirthdayKept, { on: '1815-12-10' });
    expect(seen).toStrictEqual([new Date('1815-12-10')]);
  });

  it('takes its own output again, so that a message can be checked twice', () => {
    const bus = createEventBus();
    const seen: Date[] = [];
    bus.on(BirthdayKept, ({ data }) => void seen.push(data.on));
    bus.ingest(BirthdayKept, { on: '1815-12-10' });
    bus.ingest(BirthdayKept, { on: seen[0] });
    expect(seen[1]).toStrictEqual(seen[0]);
  });

  it('fills in defaults', () => {
    const Greeted = defineEvent('greeted', v.object({ name: v.optional(v.string(), 'stranger') }));
    const bus = createEventBus();
    const seen: unknown[] = [];
    bus.on(Greeted, ({ data }) => void seen.push(data));
    bus.ingest(Greeted, {});
    expect(seen).toStrictEqual([{ name: 'stranger' }]);
  });
});

describe('a schema of any other make', () => {
  const standard = (validate: (raw: unknown) => unknown): EventDefinition<'any'> =>
    defineEvent('any', { '~standard': { version: 1, vendor: 'hand', validate: validate as never } });

  it('may give path segments as objects, and no path at all', async () => {
    const bus = createEventBus();
    const Any = standard(() => ({
      issues: [{ message: 'first', path: [{ key: 'a' }, 0, Symbol('s')] }, { message: 'second' }],
    }));
    bus.ingest(Any, 1);
    const [letter] = await bus.deadLetters.list();
    const error = letter!.error as SchemaError;
    expect(error.issues.map(({ path }) => path.map(String))).toStrictEqual([['a', '0', 'Symbol(s)'], []]);
    expect(error.message).toContain('got a.0.Symbol(s): first; data: second.');
  });

  it('may answer with any thenable', async () => {
    const bus = createEventBus();
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is the point
    const Any = standard((value) => ({ then: (resolve: (result: unknown) => void) => resolve({ value }) }));
    expect(await bus.ingestAsync(Any, 1)).toMatchObject({ ok: true });
    expect(bus.stats().emitted).toBe(1);
  });

  it('that throws by itself is a bug, not invalid data: its error passes on and no letter is written', async () => {
    const bus = createEventBus();
    const Any = standard(() => {
      throw new RangeError('bug');
    });
    expect(() => bus.ingest(Any, 1)).toThrow(new RangeError('bug'));
    await expect(bus.ingestAsync(Any, 1)).rejects.toThrow(new RangeError('bug'));
    expect(await bus.deadLetters.list()).toStrictEqual([]);
    expect(bus.stats().invalid).toBe(0);
  });
});
