import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import {
  copyMessage,
  type CreateId,
  createUuidV7,
  type DataOf,
  defineEvent,
  type EventDefinition,
  type EventMessage,
  type MessageHeaders,
  type MessageOf,
  payload,
  type PlainMessage,
  randomId,
} from 'millrace';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string; email: string }>());

describe('defineEvent', () => {
  it('infers the type literal and the data of a payload', () => {
    expectTypeOf(UserSignedUp).toEqualTypeOf<EventDefinition<'user.signed_up', { userId: string; email: string }>>();
    expectTypeOf(UserSignedUp.type).toEqualTypeOf<'user.signed_up'>();
    expectTypeOf<DataOf<typeof UserSignedUp>>().toEqualTypeOf<{ userId: string; email: string }>();
    expectTypeOf<MessageOf<typeof UserSignedUp>>().toEqualTypeOf<
      EventMessage<'user.signed_up', { userId: string; email: string }>
    >();
  });

  it('infers the data of a schema of zod, valibot and arktype', () => {
    interface Order {
      id: string;
      total: number;
    }
    const OfZod = defineEvent('order.placed', z.object({ id: z.string(), total: z.number() }));
    const OfValibot = defineEvent('order.placed', v.object({ id: v.string(), total: v.number() }));
    const OfArktype = defineEvent('order.placed', type({ id: 'string', total: 'number' }));
    expectTypeOf<DataOf<typeof OfZod>>().toEqualTypeOf<Order>();
    expectTypeOf<DataOf<typeof OfValibot>>().toEqualTypeOf<Order>();
    expectTypeOf<DataOf<typeof OfArktype>>().toEqualTypeOf<Order>();
  });

  it('infers the data of an async schema', () => {
    const Checked = defineEvent(
      'checked',
      v.objectAsync({
        id: v.pipeAsync(
          v.string(),
          v.checkAsync(async () => true),
        ),
      }),
    );
    expectTypeOf<DataOf<typeof Checked>>().toEqualTypeOf<{ id: string }>();
  });

  it('has the output of a transforming schema that takes its own output again', () => {
    const Dated = defineEvent('dated', z.object({ on: z.coerce.date() }));
    const Defaulted = defineEvent('defaulted', z.object({ name: z.string().default('stranger') }));
    const Trimmed = defineEvent('trimmed', z.string().trim());
    expectTypeOf<DataOf<typeof Dated>>().toEqualTypeOf<{ on: Date }>();
    expectTypeOf<DataOf<typeof Defaulted>>().toEqualTypeOf<{ name: string }>();
    expectTypeOf<DataOf<typeof Trimmed>>().toEqualTypeOf<string>();
  });

  it('refuses a transforming schema whose output cannot come back', () => {
    // @ts-expect-error a number is no valid input of a string
    defineEvent('counted', z.string().transform(Number));
    // @ts-expect-error the same, inside an object
    defineEvent('counted', z.object({ count: z.string().transform(Number) }));
    const tagsAsSet = z.array(z.string()).transform((tags) => new Set(tags));
    // @ts-expect-error a Set is no valid input of an array
    defineEvent('tagged', tagsAsSet);
    // @ts-expect-error a number is no valid input of a string
    defineEvent('counted', v.pipe(v.string(), v.transform(Number)));
    // @ts-expect-error a number is no valid input of a string
    defineEvent('counted', type('string').pipe(Number));
  });

  it('refuses what is no schema, and what is no type', () => {
    // @ts-expect-error a schema is missing
    defineEvent('order.placed');
    // @ts-expect-error a plain object is no Standard Schema
    defineEvent('order.placed', { id: 'string' });
    // @ts-expect-error a constructor is no Standard Schema
    defineEvent('order.placed', String);
    // @ts-expect-error a type is a text
    defineEvent(42, payload());
  });

  it('makes data that cannot be reassigned', () => {
    // @ts-expect-error a definition is frozen
    UserSignedUp.type = 'user.signed_up';
    // @ts-expect-error a definition is frozen
    UserSignedUp.schema = payload<{ userId: string; email: string }>();
  });

  it('distributes over a union of definitions', () => {
    const Renamed = defineEvent('user.renamed', payload<{ name: string }>());
    type Either = typeof Renamed | typeof UserSignedUp;
    expectTypeOf<MessageOf<Either>>().toEqualTypeOf<
      EventMessage<'user.renamed', { name: string }> | EventMessage<'user.signed_up', { userId: string; email: string }>
    >();
  });
});

describe('payload', () => {
  it('is a Standard Schema of its type', () => {
    expectTypeOf(payload<{ id: string }>()).toEqualTypeOf<StandardSchemaV1<{ id: string }, { id: string }>>();
  });
});

describe('a message', () => {
  const message = UserSignedUp.create({ userId: 'u1', email: 'ada@example.com' });

  it('made by hand has the data of its definition', () => {
    expectTypeOf(message).toEqualTypeOf<EventMessage<'user.signed_up', { userId: string; email: string }>>();
    // @ts-expect-error the email is missing
    UserSignedUp.create({ userId: 'u1' });
    // @ts-expect-error a time is a number
    UserSignedUp.create({ userId: 'u1', email: 'a@b.c' }, { time: new Date() });
    // @ts-expect-error an option that is none
    UserSignedUp.create({ userId: 'u1', email: 'a@b.c' }, { type: 'other' });
  });

  it('is readonly', () => {
    // @ts-expect-error readonly
    message.id = 'other';
    // @ts-expect-error readonly
    message.data = { userId: 'u2', email: 'a@b.c' };
    // @ts-expect-error readonly
    message.headers['tenant'] = 'acme';
  });

  it('has headers that are texts', () => {
    expectTypeOf(message.headers).toEqualTypeOf<MessageHeaders>();
    expectTypeOf(message.headers.correlationId).toEqualTypeOf<string | undefined>();
    expectTypeOf(message.headers['tenant']).toEqualTypeOf<string | undefined>();
    // @ts-expect-error a header is a text
    UserSignedUp.create({ userId: 'u1', email: 'a@b.c' }, { headers: { retries: 3 } });
  });

  it('becomes plain data of the same type', () => {
    expectTypeOf(message.toJSON()).toEqualTypeOf<PlainMessage<'user.signed_up', { userId: string; email: string }>>();
    expectTypeOf(message.toJSON()).not.toHaveProperty('toJSON');
  });

  it('is copied with its type', () => {
    expectTypeOf(copyMessage(message, { subject: 'u1' })).toEqualTypeOf<typeof message>();
    copyMessage(message, { data: { userId: 'u2', email: 'a@b.c' } });
    // @ts-expect-error data of another event
    copyMessage(message, { data: { orderId: 'o1' } });
    // @ts-expect-error the type stays
    copyMessage(message, { type: 'user.renamed' });
  });
});

describe('ids', () => {
  it('are made by functions of the time', () => {
    expectTypeOf(createUuidV7()).toEqualTypeOf<CreateId>();
    expectTypeOf(randomId).toEqualTypeOf<() => string>();
    expectTypeOf(randomId).toExtend<CreateId>();
  });
});
