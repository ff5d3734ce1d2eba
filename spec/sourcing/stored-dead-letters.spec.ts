import {
  createDeadLetterQueue,
  createEventBus,
  type DeadLetter,
  defineEvent,
  type EventMessage,
  type EventStore,
  memoryEventStore,
  payload,
  type RecordedEvent,
  StoreFormatError,
} from 'millrace';
import { describe, expect, it } from 'vitest';

interface Order {
  readonly id: string;
  readonly placedAt: Date;
  readonly totals: ReadonlyMap<string, bigint>;
}

const OrderPlaced = defineEvent('order.placed', payload<Order>());
const order: Order = { id: 'o1', placedAt: new Date(0), totals: new Map([['EUR', 5n]]) };

/** A bus as it is after a start of its program. */
const newBus = (store: EventStore) =>
  createEventBus({ deadLetters: createDeadLetterQueue({ store: store.deadLetters() }) });

/** A program that charges in vain, and is gone. */
async function diedWith(store: EventStore, ...orders: readonly Order[]): Promise<readonly EventMessage[]> {
  const bus = newBus(store);
  const messages: EventMessage[] = [];
  bus.on(
    OrderPlaced,
    (message) => {
      messages.push(message);
      throw new RangeError('no card', { cause: new Error('declined') });
    },
    { name: 'charge' },
  );
  for (const one of orders) await bus.publish(OrderPlaced, one, { subject: one.id });
  await bus.drain();
  return messages;
}

describe('dead letters in a store', () => {
  it('outlive their bus, whatever was in flight', async () => {
    const store = memoryEventStore();
    const [message] = await diedWith(store, order);
    const [letter] = await newBus(store).deadLetters.list();
    expect(letter).toMatchObject({ handler: 'charge', reason: 'exhausted', redriven: 0, attempts: [{ attempt: 1 }] });
    expect(letter!.error).toMatchObject({ name: 'RangeError', message: 'no card', cause: { message: 'declined' } });
    expect(letter!.event.toJSON()).toStrictEqual(message!.toJSON());
  });

  it('are redriven by a new bus to the handler of their name, as messages', async () => {
    const store = memoryEventStore();
    const sent = await diedWith(store, order, { ...order, id: 'o2' });
    const bus = newBus(store);
    const seen: EventMessage<'order.placed', Order>[] = [];
    bus.on(OrderPlaced, (message) => void seen.push(message), { name: 'charge' });
    bus.on(OrderPlaced, () => expect.unreachable('not its letter'), { name: 'other' });
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2, handled: 2 });
    expect(seen.map((message) => message.toJSON())).toStrictEqual(sent.map((message) => message.toJSON()));
    expect(seen[0]!.data.totals.get('EUR')).toBe(5n);
    expect(JSON.parse(JSON.stringify(seen[1]))).toMatchObject({ id: sent[1]!.id, subject: 'o2' });
    expect(await store.deadLetters().list()).toStrictEqual([]);
  });

  it('come in the order in which they died, and go one by one', async () => {
    const store = memoryEventStore();
    const orders = [
      { ...order, id: 'o1' },
      { ...order, id: 'o2' },
      { ...order, id: 'o3' },
    ];
    await diedWith(store, ...orders);
    const letters = store.deadLetters<EventMessage<'order.placed', Order>>();
    const list = await letters.list();
    expect(list.map(({ event }) => event.data.id)).toStrictEqual(['o1', 'o2', 'o3']);
    await letters.remove(list[1]!.id);
    await letters.remove('unknown');
    await letters.add({ ...list[0]!, redriven: 1 });
    expect((await letters.list()).map(({ event, redriven }) => [event.data.id, redriven])).toStrictEqual([
      ['o1', 1],
      ['o3', 0],
    ]);
  });

  it('of several queues are kept apart', async () => {
    const store = memoryEventStore();
    await diedWith(store, order);
    expect(await store.deadLetters('other').list()).toStrictEqual([]);
    expect(await store.deadLetters('default').list()).toHaveLength(1);
    expect(() => store.deadLetters('')).toThrow("Expected queue to be a text that is not empty, got ''.");
  });

  it('keep recorded events, and other items, as the plain data that they are', async () => {
    const store = memoryEventStore();
    await store.append('order-1', { type: 'order.placed', data: { id: 'o1' } });
    const letterOf = <Item>(event: Item): DeadLetter<Item> => ({
      id: `letter ${typeof event}`,
      event,
      reason: 'exhausted',
      error: undefined,
      attempts: [],
      time: 0,
      redriven: 0,
    });
    for await (const event of store.readAll()) {
      const letters = store.deadLetters<RecordedEvent>('projection');
      await letters.add(letterOf(event));
      expect(await letters.list()).toStrictEqual([letterOf(event)]);
    }
    for (const item of ['a text', undefined, { id: 'a', type: 'b' }]) {
      const letters = store.deadLetters<unknown>(`of ${typeof item}`);
      await letters.add(letterOf(item));
      expect(await letters.list()).toStrictEqual([letterOf(item)]);
    }
  });

  it('keep what probes have noted, which is there when they are redriven', async () => {
    const noted = { traceparent: '00-1-2-01', missing: undefined };
    const origins: unknown[] = [];
    const store = memoryEventStore();
    const [before, after] = [0, 1].map(() =>
      createEventBus({
        deadLetters: createDeadLetterQueue({ store: store.deadLetters() }),
        probe: { burying: () => noted, started: ({ origin }) => void origins.push(origin?.headers) },
      }),
    );
    before!.on(OrderPlaced, () => Promise.reject(new Error('no card')), { name: 'charge' });
    await before!.publish(OrderPlaced, order);
    await before!.drain();
    after!.on(OrderPlaced, () => undefined, { name: 'charge' });
    expect(await after!.deadLetters.redrive()).toMatchObject({ handled: 1 });
    expect(origins).toStrictEqual([undefined, noted]);
  });

  it('that are damaged are named', async () => {
    const store = memoryEventStore();
    await store.documents.put('dead-letter:default', 'l1', '{"event"');
    const listing = store.deadLetters().list();
    await expect(listing).rejects.toThrow(StoreFormatError);
    await expect(listing).rejects.toThrow(
      "Expected a dead letter in document 'l1' of 'dead-letter:default', got a text that is none. Restore it from a backup, or let go of it by documents.remove('dead-letter:default', 'l1').",
    );
  });
});
