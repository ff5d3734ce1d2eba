import { createEventBus, defineEvent, InvalidOptionError, payload } from 'millrace';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserSignedUp } from '../support/events.ts';

describe('defineEvent', () => {
  it('keeps the type and the schema', () => {
    const schema = z.object({ id: z.string() });
    const OrderPlaced = defineEvent('order.placed', schema);
    expect(OrderPlaced.type).toBe('order.placed');
    expect(OrderPlaced.schema).toBe(schema);
  });

  it('is frozen: nothing of a definition can be reassigned', () => {
    expect(Object.isFrozen(UserSignedUp)).toBe(true);
    expect(() => Object.assign(UserSignedUp, { type: 'other' })).toThrow(TypeError);
    expect(UserSignedUp.type).toBe('user.signed_up');
  });

  it('holds no state: two buses that share a definition do not meet', () => {
    const [one, other] = [createEventBus(), createEventBus()];
    const seen: string[] = [];
    one.on(UserSignedUp, ({ data }) => void seen.push(`one ${data.userId}`));
    other.on(UserSignedUp, ({ data }) => void seen.push(`other ${data.userId}`));
    one.emit(UserSignedUp, { userId: 'u1' });
    expect(seen).toStrictEqual(['one u1']);
  });

  it.each(['a', 'user.signed_up', 'a.b.c.d', 'Order-Placed', 'größe.geändert', 'x1.y2', 'a/b:c'])(
    "takes the type '%s'",
    (type) => {
      expect(defineEvent(type, payload()).type).toBe(type);
    },
  );

  it.each(['', '.', 'a.', '.a', 'a..b', 'a b', 'a.\tb', 'a.*', '*', '>', 'a.>', 'a*b', 'a\n'])(
    'refuses the type %j, which no pattern could tell apart',
    (type) => {
      expect(() => defineEvent(type, payload())).toThrow(
        expect.objectContaining({
          name: 'InvalidOptionError',
          code: 'INVALID_TYPE',
          message: `Expected an event type of dot-separated tokens without spaces, '*' and '>', such as 'user.signed_up', got '${type}'.`,
        }),
      );
    },
  );

  it('refuses a type that is no text', () => {
    expect(() => defineEvent(42 as never, payload())).toThrow(/such as 'user\.signed_up', got 42\.$/u);
  });

  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['an object', {}, 'an object'],
    ['a text', 'string', "'string'"],
    ['a function', () => true, 'a function'],
    ['an object that only looks like a schema', { '~standard': {} }, 'an object'],
  ])('refuses a schema that is %s', (_, schema, shown) => {
    expect(() => defineEvent('order.placed', schema as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_OPTION',
        message: `Expected a Standard Schema (zod, valibot, arktype, …) for 'order.placed', got ${shown}. Use payload<T>() to check nothing.`,
      }),
    );
    expect(() => defineEvent('order.placed', schema as never)).toThrow(InvalidOptionError);
  });
});

describe('payload', () => {
  it('is a Standard Schema that lets everything through as it is', async () => {
    const { version, vendor, validate } = payload<unknown>()['~standard'];
    const data = { any: Symbol('thing') };
    expect({ version, vendor }).toStrictEqual({ version: 1, vendor: 'millrace' });
    const result = await validate(data);
    expect(result).toStrictEqual({ value: data });
  });
});

describe('create', () => {
  it('makes a message by hand, with the options that are given', () => {
    const message = UserSignedUp.create(
      { userId: 'u1' },
      { id: 'm1', time: 5, source: 'import', subject: 'u1', headers: { tenant: 'acme' } },
    );
    expect(message.toJSON()).toStrictEqual({
      id: 'm1',
      type: 'user.signed_up',
      time: 5,
      data: { userId: 'u1' },
      source: 'import',
      subject: 'u1',
      headers: { tenant: 'acme' },
    });
  });

  it("stamps the machine's time where none is given", () => {
    const before = Date.now();
    const { time } = UserSignedUp.create({ userId: 'u1' });
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('takes the time 0', () => {
    expect(UserSignedUp.create({ userId: 'u1' }, { time: 0 }).time).toBe(0);
  });

  it('does not check the data: schemas run at the edges', () => {
    const Counted = defineEvent('counted', z.number());
    expect(Counted.create('three' as never).data).toBe('three');
  });

  it('can be destructured', () => {
    // oxlint-disable-next-line typescript/unbound-method -- that it needs no `this` is the point
    const { create } = UserSignedUp;
    expect(create({ userId: 'u1' }).type).toBe('user.signed_up');
  });
});
