import { createEventBus, type DeadLetter, defineEvent, type EventBus, type EventMessage, payload } from 'millrace';
import { type RecordedEnd, type Recording, record, waitFor } from 'millrace/testing';
import 'millrace/testing/jest';
import type { BusMatchers, Partly } from 'millrace/testing/matchers';
import 'millrace/testing/vitest';
import { expect as jestExpect } from 'expect';
import { describe, expect, expectTypeOf, it } from 'vitest';

const UserSignedUp = defineEvent(
  'user.signed_up',
  payload<{ userId: string; address: { city: string; zip: number } }>(),
);
const OrderPlaced = defineEvent('order.placed', payload<{ id: string; items: readonly { sku: string }[]; at: Date }>());
const Pinged = defineEvent('pinged', payload<void>());

type SignedUp = EventMessage<'user.signed_up', { userId: string; address: { city: string; zip: number } }>;
type Placed = EventMessage<'order.placed', { id: string; items: readonly { sku: string }[]; at: Date }>;

const bus = createEventBus();
const known = createEventBus({ events: [UserSignedUp, OrderPlaced] });

describe('a recording', () => {
  it('is typed by event, by list and by pattern', () => {
    const recorded = record(bus);
    expectTypeOf(recorded).toEqualTypeOf<Recording>();
    expectTypeOf(recorded.published(UserSignedUp)).toEqualTypeOf<readonly SignedUp[]>();
    expectTypeOf(recorded.published([UserSignedUp, OrderPlaced])).toEqualTypeOf<readonly (Placed | SignedUp)[]>();
    expectTypeOf(recorded.published('user.*')).toEqualTypeOf<readonly EventMessage[]>();
    expectTypeOf(recorded.published()).toEqualTypeOf<readonly EventMessage[]>();
    expectTypeOf(recorded.handled(UserSignedUp)).toEqualTypeOf<readonly RecordedEnd<SignedUp>[]>();
    expectTypeOf(recorded.dropped(UserSignedUp)).toEqualTypeOf<readonly RecordedEnd<SignedUp>[]>();
    expectTypeOf(recorded.settled(UserSignedUp)).toEqualTypeOf<readonly RecordedEnd<SignedUp>[]>();
    expectTypeOf(recorded.deadLettered(UserSignedUp)).toEqualTypeOf<readonly DeadLetter<SignedUp>[]>();
  });

  it('knows the events of a bus that knows them', () => {
    const recorded = record(known);
    expectTypeOf(recorded.published()).toEqualTypeOf<readonly (Placed | SignedUp)[]>();
    expectTypeOf(recorded.published('user.*')).toEqualTypeOf<readonly SignedUp[]>();
    // @ts-expect-error no event of this bus
    recorded.published(Pinged);
    // @ts-expect-error no event of this bus matches
    recorded.handled('user.renamed');
  });

  it('is of a bus only', () => {
    // @ts-expect-error a view cannot be recorded
    record(bus.asReadonly());
    // @ts-expect-error nor can nothing
    record();
  });
});

describe('waitFor', () => {
  it('resolves with the typed message, which where is given', async () => {
    const where = ({ data }: SignedUp): boolean => data.address.zip > 1;
    expectTypeOf(await waitFor(bus, UserSignedUp, { where })).toEqualTypeOf<SignedUp>();
    expectTypeOf(await waitFor(bus, [UserSignedUp, OrderPlaced])).toEqualTypeOf<Placed | SignedUp>();
    expectTypeOf(await waitFor(bus, '>')).toEqualTypeOf<EventMessage>();
    expectTypeOf(await waitFor(known, 'user.*')).toEqualTypeOf<SignedUp>();
    expectTypeOf(await waitFor(bus.asReadonly(), UserSignedUp)).toEqualTypeOf<SignedUp>();
    await waitFor(bus, UserSignedUp, { where: ({ data }) => data.userId === 'u1' });
    // @ts-expect-error no such property
    await waitFor(bus, UserSignedUp, { where: ({ data }) => data.name === 'u1' });
    // @ts-expect-error no event of this bus
    await waitFor(known, Pinged);
    // @ts-expect-error a where that answers later
    await waitFor(bus, UserSignedUp, { where: async () => true });
    // @ts-expect-error no such option
    await waitFor(bus, UserSignedUp, { timeout: 5 });
  });
});

describe('the matchers', () => {
  it('take a part of the data, in vitest', () => {
    expect(bus).toHaveEmitted(UserSignedUp);
    expect(bus).toHaveEmitted(UserSignedUp, { userId: 'u1' });
    expect(bus).toHaveEmitted(UserSignedUp, { address: { city: 'London' } });
    expect(bus).toHaveEmitted(UserSignedUp, { address: { zip: expect.any(Number) } });
    expect(bus).not.toHaveEmitted(OrderPlaced, { items: [{ sku: 's' }], at: new Date() });
    expect(bus).toHaveEmitted(Pinged);
    expect(bus).toHaveEmitted([UserSignedUp, OrderPlaced], { id: 'o1' });
    expect(bus).toHaveEmitted('user.*', { anything: 1 });
    expect(record(bus)).toHaveEmitted(UserSignedUp, { userId: 'u1' });
    // @ts-expect-error of another type
    expect(bus).toHaveEmitted(UserSignedUp, { userId: 1 });
    // @ts-expect-error of another type, deep down
    expect(bus).not.toHaveEmitted(UserSignedUp, { address: { zip: '1' } });
    // @ts-expect-error no such property
    expect(bus).toHaveEmitted(UserSignedUp, { user: 'u1' });
    // @ts-expect-error of another type, in a list
    expect(bus).toHaveEmitted(OrderPlaced, { items: [{ sku: 1 }] });
    // @ts-expect-error a date has no parts
    expect(bus).toHaveEmitted(OrderPlaced, { at: {} });
    // @ts-expect-error no event
    expect(bus).toHaveEmitted({ type: 'user.signed_up' });
  });

  it('take what is known of letters and ends', () => {
    expect(bus).toHaveDeadLettered(UserSignedUp, { handler: 'mail', reason: 'timeout', data: { userId: 'u1' } });
    expect(bus).toHaveDeadLettered(UserSignedUp, { handler: expect.stringContaining('mail') });
    expect(bus).toHaveSettled(UserSignedUp, { handler: 'mail', outcome: 'handled', attempts: 2 });
    expect(bus).not.toHaveSettled(UserSignedUp, { outcome: 'dropped', reason: 'busy', data: { userId: 'u1' } });
    // @ts-expect-error no such reason
    expect(bus).toHaveDeadLettered(UserSignedUp, { reason: 'busy' });
    // @ts-expect-error wrong data
    expect(bus).toHaveDeadLettered(UserSignedUp, { data: { userId: 1 } });
    // @ts-expect-error no such detail
    expect(bus).toHaveDeadLettered(UserSignedUp, { attempts: 2 });
    // @ts-expect-error no such outcome
    expect(bus).toHaveSettled(UserSignedUp, { outcome: 'rejected' });
    // @ts-expect-error no number
    expect(bus).toHaveSettled(UserSignedUp, { attempts: '2' });
  });

  it('know the events of a bus that knows them', () => {
    expect(known).toHaveEmitted(UserSignedUp, { userId: 'u1' });
    expect(known).toHaveEmitted('user.*', { userId: 'u1' });
    expect(record(known)).toHaveSettled(OrderPlaced);
    // @ts-expect-error no event of this bus
    expect(known).toHaveEmitted(Pinged);
    // @ts-expect-error no event of this bus matches
    expect(known).toHaveSettled('user.renamed');
    // @ts-expect-error of another type
    expect(known).toHaveEmitted('user.*', { userId: 1 });
  });

  it('are for a bus or its recording', () => {
    // @ts-expect-error no bus
    expect(5).toHaveEmitted(UserSignedUp);
    // @ts-expect-error a view cannot be recorded
    expect(bus.asReadonly()).toHaveEmitted(UserSignedUp);
  });

  it('are known to jest, too', () => {
    jestExpect(bus).toHaveEmitted(UserSignedUp, { userId: 'u1' });
    jestExpect(bus).toHaveEmitted(UserSignedUp, { userId: jestExpect.any(String) });
    jestExpect(bus).not.toHaveDeadLettered(UserSignedUp, { reason: 'timeout' });
    jestExpect(known).toHaveSettled(OrderPlaced, { handler: jestExpect.stringMatching('a') });
    // @ts-expect-error of another type
    jestExpect(bus).toHaveEmitted(UserSignedUp, { userId: 1 });
    // @ts-expect-error no event of this bus
    jestExpect(known).toHaveEmitted(Pinged);
  });

  it('can be typed by hand, for any other expect', () => {
    const matching = {} as BusMatchers<EventBus, Promise<void>>;
    expectTypeOf(matching.toHaveEmitted(UserSignedUp)).toEqualTypeOf<Promise<void>>();
    const part: Partly<{ a: { b: string } }> = { a: {} };
    expectTypeOf(part).not.toBeAny();
  });
});
