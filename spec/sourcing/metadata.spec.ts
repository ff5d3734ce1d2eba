import { createEventBus, createRepository, defineAggregate, defineEvent, memoryEventStore, payload } from 'millrace';
import { describe, expect, it } from 'vitest';
import { Account, create, deposit } from '../support/account.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const Ordered = defineEvent('order.placed', payload<{ id: string }>());

/** The headers of the event that an account is created by. */
async function headersOf(options: object): Promise<object> {
  await using store = memoryEventStore();
  const accounts = createRepository(store, Account);
  const { events } = await accounts.execute('ada', create('Ada'), options);
  const recorded = await store.findEvent(events[0]!.id);
  expect(recorded!.headers).toEqual(events[0]!.headers);
  return recorded!.headers;
}

describe('the headers of events', () => {
  it('are none, if nothing is known', async () => {
    expect(await headersOf({})).toStrictEqual({});
  });

  it('begin a correlation with the message that has none: its id', async () => {
    const message = Ordered.create({ id: 'o1' });
    expect(await headersOf({ causedBy: message })).toStrictEqual({
      correlationId: message.id,
      causationId: message.id,
    });
  });

  it('go on with the correlation and the trace of the message', async () => {
    const message = Ordered.create(
      { id: 'o1' },
      { id: 'm2', headers: { correlationId: 'm1', causationId: 'm0', traceparent, tenant: 'x' } },
    );
    expect(await headersOf({ causedBy: message })).toStrictEqual({
      correlationId: 'm1',
      causationId: 'm2',
      traceparent,
    });
  });

  it('are those of the options before those of the cause, and those of the event before both', async () => {
    const headers = { traceparent: 'mine', user: 'u1', tenant: undefined };
    const causedBy = { id: 'm2', headers: { traceparent } };
    const common = { correlationId: 'm2', causationId: 'm2', traceparent: 'mine', user: 'u1' };
    expect(await headersOf({ causedBy, headers })).toStrictEqual(expect.objectContaining(common));
    const Noted = defineAggregate({
      name: 'note',
      initial: 0,
      decide: () => [
        { type: 'noted', data: 0, headers: { user: 'u2' } },
        { type: 'noted', data: 1 },
      ],
      evolve: (count) => count,
    });
    const { events } = await createRepository(memoryEventStore(), Noted).execute('1', {}, { causedBy, headers });
    expect(events.map((event) => event.headers)).toMatchObject([{ ...common, user: 'u2' }, common]);
  });

  it('tie a command to a message of a bus, and the next one to a recorded event', async () => {
    await using store = memoryEventStore();
    const accounts = createRepository(store, Account);
    const bus = createEventBus({ createId: () => 'order' });
    bus.on(Ordered, async (message) => {
      await accounts.execute('ada', create('Ada'), { causedBy: message });
    });
    expect((await bus.publish(Ordered, { id: 'o1' }, { headers: { traceparent } })).ok).toBe(true);
    for await (const first of store.readStream('account-ada')) {
      expect(first.headers).toStrictEqual({ correlationId: 'order', causationId: 'order', traceparent });
      const { events } = await accounts.execute('ada', deposit(1), { causedBy: first });
      expect(events[0]!.headers).toStrictEqual({ correlationId: 'order', causationId: first.id, traceparent });
      break;
    }
  });

  it('keep source and subject of a message that decide has made, and its id', async () => {
    const made = Ordered.create({ id: 'o1' }, { source: 'shop', subject: 'o1', headers: { tenant: 'x' } });
    const Orders = defineAggregate({
      name: 'order',
      events: [Ordered],
      initial: 0,
      decide: () => made,
      evolve: (count) => count + 1,
    });
    await using store = memoryEventStore();
    await createRepository(store, Orders).execute('o1', {});
    expect(await store.findEvent(made.id)).toMatchObject({ ...made.toJSON(), stream: 'order-o1' });
  });
});
