import {
  BrokerUnavailableError,
  ClosedError,
  createBrokeredBus,
  createUuidV7,
  defineEvent,
  InvalidOptionError,
  memoryBroker,
  memoryEventStore,
  type EventMessage,
  relay,
  TopologyError,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changedBroker } from '../../support/changed-broker.ts';
import { OrderPlaced, Tick } from '../../support/events.ts';

const Paid = defineEvent('order.paid', z.object({ total: z.number().min(1) }));

/** What rejects. */
function throwing(error: Error): () => Promise<never> {
  return async () => {
    throw error;
  };
}

describe('what is published', () => {
  it('is confirmed by the broker, with its id and its place', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    bus.on(Tick, () => undefined, { name: 'count' });
    await bus.publish(Tick, 1, { id: 'a' });
    expect(await bus.publish(Tick, 2, { id: 'b' })).toStrictEqual({
      stage: 'confirmed',
      ok: true,
      unhandled: false,
      id: 'b',
      isDuplicate: false,
      sequence: 2,
    });
  });

  it('is confirmed once only if it has the id of another', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const seen: number[] = [];
    bus.on(Tick, ({ data }) => void seen.push(data), { name: 'count' });
    expect((await bus.publish(Tick, 1, { id: 'a' })).isDuplicate).toBe(false);
    const again = await bus.publish(Tick, 2, { id: 'a' });
    expect(again).toStrictEqual({ stage: 'confirmed', ok: true, unhandled: false, id: 'a', isDuplicate: true });
    await bus.drain();
    expect(seen).toStrictEqual([1]);
  });

  it('is unhandled where the broker knows that nobody will get it', async () => {
    await using broker = memoryBroker({ historySize: 0 });
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    expect(await bus.publish(Tick, 1)).toMatchObject({ ok: true, unhandled: true });
    bus.on(Tick, () => undefined, { name: 'count' });
    expect(await bus.publish(Tick, 1)).toMatchObject({ ok: true, unhandled: false });
  });

  it('has the id, the time and the source of the bus, and the subject for its key', async () => {
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', source: 'desk', createId: createUuidV7() });
    const { id } = await bus.publish(Tick, 1, { subject: 's' });
    expect(id).toMatch(/-7...-/u);
    expect(broker.published[0]).toMatchObject({ id, topic: 'tick', key: 's', headers: { 'ce-source': 'desk' } });
  });

  it('has the group for its source, and the key that the bus makes', async () => {
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', key: ({ data }) => `k${String(data)}` });
    await bus.publish(Tick, 1, { subject: 's' });
    expect(broker.published[0]).toMatchObject({ key: 'k1', headers: { 'ce-source': 'billing' } });
  });

  it(
    'waits for the confirmation',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'ok@20ms' });
      await using bus = createBrokeredBus(broker, { group: 'billing' });
      await bus.publish(Tick, 1);
      expect(time.now).toBe(20);
    }),
  );

  it('comes out of an event store by a relay, and to the handlers with what is known of it', async () => {
    await using store = memoryEventStore({ name: 'ledger' });
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const seen: EventMessage[] = [];
    bus.on('order.*', (event) => void seen.push(event), { name: 'audit' });
    await bus.ready;
    await using outbox = relay(store, broker);
    const { ids } = await store.append('order-1', [
      { type: 'order.placed', data: { id: 'o1' }, headers: { correlationId: 'c' } },
      { type: 'order.paid', data: { total: 40 } },
    ]);
    await outbox.caughtUp();
    await bus.drain();
    expect(seen.map(({ id, type, data }) => [id, type, data])).toStrictEqual([
      [ids[0], 'order.placed', { id: 'o1' }],
      [ids[1], 'order.paid', { total: 40 }],
    ]);
    expect(seen[0]).toMatchObject({
      source: 'ledger',
      headers: { correlationId: 'c', stream: 'order-1', streamVersion: '1' },
    });
  });

  it('comes out of an event store by a relay to the bus, confirmed before the relay goes on', async () => {
    await using store = memoryEventStore();
    await using broker = recordingBroker({ publishing: 'x ok' });
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const { ids } = await store.append(
      'order-1',
      [1, 2].map((data) => ({ type: 'tick', data })),
    );
    await using outbox = relay(store, bus, { events: [Tick], retry: { delayMs: 1 } });
    await outbox.caughtUp();
    expect(broker.published.map(({ id }) => id)).toStrictEqual(ids);
    expect(broker.refused.map(({ id }) => id)).toStrictEqual([ids[0]]);
  });
});

describe('a publish is rejected', () => {
  it('with its id if it is unknown whether the broker has it, and works when it is made again with that id', async () => {
    await using broker = recordingBroker({ publishing: 'x ok' });
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const publishing = bus.publish(Tick, 1, { id: 'a' });
    await expect(publishing).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: expect.any(Error) as Error });
    await expect(publishing).rejects.toThrow(`Publish it again with this id: publish(event, data, { id: 'a' }).`);
    expect(await bus.publish(Tick, 1, { id: 'a' })).toMatchObject({ ok: true, id: 'a' });
  });

  it('with an id that was made for it', async () => {
    await using broker = recordingBroker({ publishing: 'x' });
    await using bus = createBrokeredBus(broker, { group: 'billing', createId: () => 'made' });
    await expect(bus.publish(Tick, 1)).rejects.toThrow(`event 'made'`);
  });

  it.each([
    new BrokerUnavailableError('Nothing was sent.'),
    new TopologyError('There is no such stream.'),
    new InvalidOptionError('The message is too large.'),
    new ClosedError('the broker'),
  ])('as the broker says if it knows that it has nothing: $name', async (error) => {
    await using broker = changedBroker(memoryBroker(), { publish: throwing(error) });
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    await expect(bus.publish(Tick, 1)).rejects.toBe(error);
  });

  it('when the bus is closed, or drained, or its broker is closed', async () => {
    const broker = memoryBroker();
    const bus = createBrokeredBus(broker, { group: 'billing' });
    const drained = createBrokeredBus(broker, { group: 'billing' });
    const other = createBrokeredBus(broker, { group: 'billing' });
    bus.close();
    await drained.drain();
    await broker.close();
    for (const one of [bus, drained, other]) {
      await expect(one.publish(Tick, 1)).rejects.toMatchObject({ code: 'CLOSED' });
    }
    expect(() => bus.emit(Tick, 1)).toThrow(ClosedError);
    other.close();
  });

  it(
    'with the reason of its signal, before or while it waits',
    virtualTest(async ({ time }) => {
      await using broker = recordingBroker({ publishing: 'hang ok' });
      await using bus = createBrokeredBus(broker, { group: 'billing' });
      const reason = new Error('enough');
      await expect(bus.publish(Tick, 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(broker.published.length + broker.refused.length).toBe(0);
      const controller = new AbortController();
      const publishing = bus.publish(Tick, 1, { signal: controller.signal });
      const rejected = expect(publishing).rejects.toBe(reason);
      await time.advance(10);
      controller.abort(reason);
      await rejected;
    }),
  );

  it('with the path to what JSON cannot keep, and the broker is not asked', async () => {
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    const data = { id: 'o1', total: Number.NaN };
    await expect(bus.publish(OrderPlaced, data)).rejects.toMatchObject({ code: 'NOT_JSON', path: ['total'] });
    expect(() => bus.emit(OrderPlaced, data)).toThrow(expect.objectContaining({ code: 'NOT_JSON' }));
    expect(broker.published).toStrictEqual([]);
  });

  it('by its schema with validate, and only then', async () => {
    await using broker = recordingBroker();
    await using careful = createBrokeredBus(broker, { group: 'billing', validate: true });
    await using trusting = createBrokeredBus(broker, { group: 'shop' });
    await expect(careful.publish(Paid, { total: 0 })).rejects.toMatchObject({ code: 'SCHEMA' });
    expect(() => careful.emit(Paid, { total: 0 })).toThrow(expect.objectContaining({ code: 'SCHEMA' }));
    expect(broker.published).toStrictEqual([]);
    await trusting.publish(Paid, { total: 0 });
    expect(broker.published).toHaveLength(1);
  });

  it('by emit with an async schema, which names publish', async () => {
    const Slow = defineEvent(
      'slow',
      z.string().refine(async (text) => text !== 'x'),
    );
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', validate: true });
    expect(() => bus.emit(Slow, 'a')).toThrow('publish()');
    await bus.publish(Slow, 'a');
    await expect(bus.publish(Slow, 'x')).rejects.toMatchObject({ code: 'SCHEMA' });
    expect(broker.published).toHaveLength(1);
  });

  it('if the bus knows its events, and this is none of them', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing', events: [Tick] });
    // @ts-expect-error not one of its events
    await expect(bus.publish(OrderPlaced, { id: 'o', total: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' });
  });
});

describe('data from outside', () => {
  it('is published if its schema takes it, and a letter if not', async () => {
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    expect(bus.ingest(Paid, { total: 5 })).toBe(true);
    expect(await bus.ingestAsync(Paid, { total: 6 })).toMatchObject({ stage: 'confirmed' });
    expect(bus.ingest(Paid, { total: 0 })).toBe(false);
    expect(await bus.ingestAsync(Paid, { total: 'x' })).toBe(false);
    await bus.deadLetters.flush();
    const letters = await bus.deadLetters.list();
    expect(letters.map(({ reason, handler, event }) => [reason, handler, event.data])).toStrictEqual([
      ['invalid', undefined, { total: 0 }],
      ['invalid', undefined, { total: 'x' }],
    ]);
    expect(bus.stats().invalid).toBe(2);
    await bus.drain();
    expect(broker.published.map(({ body }) => new TextDecoder().decode(body))).toStrictEqual([
      '{"total":5}',
      '{"total":6}',
    ]);
  });

  it('is offered again from its letter, and is a letter again if it is still wrong, also what JSON cannot keep', async () => {
    let least = 1;
    const Mended = defineEvent(
      'order.paid',
      z.object({ total: z.any().refine((total) => typeof total === 'bigint' || total >= least) }),
    );
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'billing' });
    bus.ingest(Mended, { total: 0 });
    bus.ingest(Mended, { total: new Map([[1, 2n]]) });
    await bus.deadLetters.flush();
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 2, dead: 2 });
    const letters = await bus.deadLetters.list();
    expect(letters.map(({ event, redriven }) => [event.data, redriven])).toStrictEqual([
      [{ total: 0 }, 1],
      [{ total: new Map([[1, 2n]]) }, 1],
    ]);
    least = 0;
    expect(await bus.deadLetters.redrive()).toMatchObject({ handled: 1, dead: 1 });
    expect(broker.published).toHaveLength(1);
    expect((await bus.deadLetters.list()).map(({ event }) => event.data)).toStrictEqual([
      { total: new Map([[1, 2n]]) },
    ]);
  });
});
