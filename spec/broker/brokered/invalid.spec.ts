import {
  type BrokerMessage,
  type Codec,
  createBrokeredBus,
  defineEvent,
  memoryBroker,
  memoryBrokerStore,
  type ReportedError,
} from 'millrace';
import { recordingBroker, virtualTest } from 'millrace/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { changedBroker } from '../../support/changed-broker.ts';
import { OrderPlaced, Tick } from '../../support/events.ts';
import { settled } from '../../support/virtual-clock.ts';

const ATTRIBUTES = { 'ce-specversion': '1.0', 'ce-id': 'e1', 'ce-type': 'tick', 'ce-source': 'shop' };

function raw(body: string, headers: Readonly<Record<string, string>> = ATTRIBUTES, topic = 'tick'): BrokerMessage {
  return { id: `m-${body}`, topic, body: new TextEncoder().encode(body), headers };
}

const text = ({ body }: BrokerMessage): string => new TextDecoder().decode(body);

describe('a message that a handler cannot be given', () => {
  it.each([
    ['is no CloudEvent', raw('hello', { tenant: 'acme' }), 'ce-specversion', 'tick', new TextEncoder().encode('hello')],
    ['has no headers at all', raw('hello', {}), 'headers none', 'tick', new TextEncoder().encode('hello')],
    ['has data that cannot be read', raw('{'), 'as it says', 'tick', new TextEncoder().encode('{')],
    [
      'has data of a type that nobody reads',
      raw('x', { ...ATTRIBUTES, 'content-type': 'x/y' }),
      `'x/y'`,
      'tick',
      new TextEncoder().encode('x'),
    ],
    ['is of another type than its topic', raw('1', { ...ATTRIBUTES, 'ce-type': 'tock' }), `'tock'`, 'tock', 1],
    [
      'is a batch',
      raw('[]', { 'content-type': 'application/cloudevents-batch+json' }),
      'one a message',
      'tick',
      new TextEncoder().encode('[]'),
    ],
  ])('since it %s is a letter with its bytes, and acknowledged', async (_, message, said, type, data) => {
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: unknown[] = [];
    const handler = bus.on(Tick, (event) => void seen.push(event), { name: 'count' });
    await broker.publish(message);
    await broker.publish(raw('7', { ...ATTRIBUTES, 'ce-id': 'e2' }));
    await settled();
    await bus.drain();
    expect(seen).toMatchObject([{ id: 'e2', data: 7 }]);
    expect(handler.stats()).toMatchObject({ accepted: 1, dead: 0 });
    expect(bus.stats().invalid).toBe(1);
    expect(broker.acked.map(({ message: { id } }) => id)).toStrictEqual([message.id, 'm-7']);
    const [stored] = await broker.letterStore('g').list();
    expect(text(stored!)).toBe(text(message));
    expect(stored!.headers).toMatchObject({
      ...message.headers,
      'dead-letter-reason': 'invalid',
      'dead-letter-handler': 'count',
      'dead-letter-message-id': message.id,
    });
    const [letter] = await bus.deadLetters.list();
    expect(letter).toMatchObject({
      handler: 'count',
      reason: 'invalid',
      attempts: [],
      error: { code: 'INVALID_MESSAGE' },
      event: { type, data },
    });
    expect(String(letter!.error)).toContain(said);
  });

  it('since it is not as its schema says is one with the issues, and its data as it came', async () => {
    const Paid = defineEvent('tick', z.object({ total: z.number() }));
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    bus.on(Paid, () => undefined, { name: 'count' });
    await broker.publish(raw('{"total":"x","more":1}'));
    await bus.drain();
    const [letter] = await bus.deadLetters.list();
    expect(letter).toMatchObject({
      reason: 'invalid',
      event: { id: 'e1', source: 'shop', data: { total: 'x', more: 1 } },
      error: { code: 'SCHEMA', issues: [{ path: ['total'] }] },
    });
  });

  it('is of an unknown type, on a bus that knows its events, also for a pattern', async () => {
    await using broker = memoryBroker();
    await using knowing = createBrokeredBus(broker, { group: 'a', events: [Tick] });
    await using open = createBrokeredBus(broker, { group: 'b' });
    const seen: unknown[] = [];
    knowing.on('*', ({ data }) => void seen.push(data), { name: 'count' });
    open.on('*', ({ data }) => void seen.push(data), { name: 'count' });
    await broker.publish(raw('1', { ...ATTRIBUTES, 'ce-type': 'tock' }, 'tock'));
    await knowing.drain();
    await open.drain();
    expect(seen).toStrictEqual([1]);
    expect(await knowing.deadLetters.list()).toMatchObject([{ reason: 'invalid', event: { type: 'tock', data: 1 } }]);
  });

  it('may be redriven when the schema is mended, by another process, too', async () => {
    const store = memoryBrokerStore();
    const body = '{"total":"5"}';
    {
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      bus.on(defineEvent('tick', z.object({ total: z.number() })), () => undefined, { name: 'count' });
      await broker.publish(raw(body, { ...ATTRIBUTES, tenant: 'acme', 'ce-subject': 's' }));
      await bus.drain();
    }
    await using broker = memoryBroker({ store });
    await using still = createBrokeredBus(broker, { group: 'g' });
    const broken = still.on(defineEvent('tick', z.object({ total: z.boolean() })), () => undefined, { name: 'count' });
    expect(await still.deadLetters.redrive()).toMatchObject({ redriven: 1, dead: 1 });
    expect(await still.deadLetters.list()).toMatchObject([
      { reason: 'invalid', redriven: 1, event: { data: { total: '5' } } },
    ]);
    expect(broken.stats()).toMatchObject({ redriven: 0 });
    await still.drain();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: unknown[] = [];
    bus.on(defineEvent('tick', z.object({ total: z.coerce.number() })), (event) => void seen.push(event.toJSON()), {
      name: 'count',
    });
    expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 1 });
    expect(seen).toMatchObject([{ id: 'e1', subject: 's', data: { total: 5 }, headers: { tenant: 'acme' } }]);
    expect(Object.keys((seen[0] as { headers: object }).headers)).toStrictEqual(['tenant']);
    expect(await broker.letterStore('g').list()).toStrictEqual([]);
  });

  it(
    'does not overtake, though its schema takes its time',
    virtualTest(async () => {
      const Slow = defineEvent(
        'tick',
        z.number().refine(async (total) => {
          await sleep(total === 1 ? 50 : 5);
          return total !== 2;
        }),
      );
      await using broker = memoryBroker();
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const seen: number[] = [];
      bus.on(Slow, ({ data }) => void seen.push(data), { name: 'count', concurrency: 8 });
      for (const data of [1, 2, 3]) await bus.publish(Slow, data);
      // What waits in the broker when the drain begins is left there.
      await sleep(200);
      await bus.drain();
      expect(seen).toStrictEqual([1, 3]);
      expect(await bus.deadLetters.list()).toMatchObject([{ reason: 'invalid', event: { data: 2 } }]);
    }),
  );

  it(
    'is finished by a drain that begins meanwhile, its letter or its schema, of a bus or of one handler',
    virtualTest(async () => {
      const Slow = defineEvent(
        'tick',
        z.number().refine(async (total) => {
          await sleep(50);
          return total !== 2;
        }),
      );
      for (const of of ['bus', 'handler'] as const) {
        for (const data of [1, 2]) {
          await using broker = recordingBroker();
          await using bus = createBrokeredBus(broker, { group: 'g' });
          const seen: number[] = [];
          const handler = bus.on(Slow, (event) => void seen.push(event.data), { name: 'count' });
          await bus.publish(Slow, data);
          await sleep(10);
          expect(await (of === 'bus' ? bus : handler).drain()).toMatchObject({ completed: true });
          expect([of, data, seen]).toStrictEqual([of, data, data === 1 ? [1] : []]);
          expect(broker.acked).toHaveLength(1);
          expect(await bus.deadLetters.list()).toHaveLength(data - 1);
        }
      }
    }),
  );

  it(
    'is waited for until the deadline only',
    virtualTest(async ({ time }) => {
      const Stuck = defineEvent(
        'tick',
        z.number().refine(() => new Promise<boolean>(() => {})),
      );
      const store = memoryBrokerStore();
      await using broker = memoryBroker({ store });
      await using bus = createBrokeredBus(broker, { group: 'g' });
      const handler = bus.on(Stuck, () => undefined, { name: 'count' });
      await bus.publish(Stuck, 1);
      await time.settle();
      await handler.drain({ deadlineMs: 100 });
      expect(time.now).toBe(100);
      expect(store.stats().groups).toMatchObject([{ waiting: 1, inFlight: 0 }]);
    }),
  );

  it(
    'is not acknowledged while its letter cannot be stored, and nothing overtakes it',
    virtualTest(async ({ time }) => {
      const inner = memoryBroker();
      let isAway = true;
      await using broker = recordingBroker({
        broker: changedBroker(inner, {
          letterStore: (name) => {
            const letters = inner.letterStore(name);
            return {
              list: () => letters.list(),
              remove: (id) => letters.remove(id),
              add: async (letter) => {
                if (isAway) throw new Error('away');
                await letters.add(letter);
              },
            };
          },
        }),
      });
      await using bus = createBrokeredBus(broker, { group: 'g', leaseMs: 50 });
      const errors: ReportedError[] = [];
      bus.errors.subscribe((error) => errors.push(error));
      bus.on(Tick, () => undefined, { name: 'count' });
      await broker.publish(raw('{'));
      await time.advance(1_000);
      expect(broker.acked).toStrictEqual([]);
      expect(errors.length).toBeGreaterThan(2);
      isAway = false;
      await time.advance(30_000);
      expect(broker.acked).toMatchObject([{ deliveryCount: 1 }]);
    }),
  );

  it('is a letter with an id, though createId throws', async () => {
    await using broker = memoryBroker();
    let isBroken = false;
    await using bus = createBrokeredBus(broker, {
      group: 'g',
      createId: () => {
        if (isBroken) throw new Error('no ids left');
        return 'id';
      },
    });
    const errors: ReportedError[] = [];
    bus.errors.subscribe((error) => errors.push(error));
    bus.on(Tick, () => undefined, { name: 'count' });
    isBroken = true;
    await broker.publish(raw('{'));
    await bus.drain();
    expect(await bus.deadLetters.list()).toHaveLength(1);
    expect(errors.map(({ kind }) => kind)).toStrictEqual(['policy']);
  });
});

describe('data that a handler is given', () => {
  it('is what its schema makes of it: Dates are brought back', async () => {
    const Signed = defineEvent('signed', z.object({ at: z.coerce.date() }));
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: unknown[] = [];
    bus.on(Signed, ({ data }) => void seen.push(data), { name: 'count' });
    await bus.publish(Signed, { at: new Date(5) });
    await bus.drain();
    expect(seen).toStrictEqual([{ at: new Date(5) }]);
  });

  it('is read by the codec of its definition, then by that of the bus, then as JSON', async () => {
    const codec = (name: string): Codec => ({
      contentType: `application/x-${name}`,
      encode: (data) => new TextEncoder().encode(JSON.stringify([name, data])),
      decode: (bytes) => (JSON.parse(new TextDecoder().decode(bytes)) as readonly unknown[])[1],
    });
    const Own = defineEvent('own', z.number(), { codec: codec('own') });
    await using broker = recordingBroker();
    await using bus = createBrokeredBus(broker, { group: 'g', codec: codec('bus') });
    const seen: unknown[] = [];
    for (const [name, event] of Object.entries({ Own, Tick })) {
      bus.on(event as typeof Tick, ({ data }) => void seen.push(data), { name });
    }
    await bus.publish(Own, 1);
    await bus.publish(Tick, 2);
    await broker.publish(raw('3'));
    await bus.drain();
    expect(seen).toStrictEqual([1, 2, 3]);
    expect(broker.published.map(({ headers }) => headers['content-type'])).toStrictEqual([
      'application/x-own',
      'application/x-bus',
      undefined,
    ]);
  });

  it('is bytes as they were', async () => {
    const Photo = defineEvent('photo', z.instanceof(Uint8Array));
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: unknown[] = [];
    bus.on(Photo, ({ data }) => void seen.push([...data]), { name: 'count' });
    await bus.publish(Photo, Uint8Array.of(0, 255));
    await bus.drain();
    expect(seen).toStrictEqual([[0, 255]]);
  });

  it('comes in an event that prints and copies like any other', async () => {
    await using broker = memoryBroker();
    await using bus = createBrokeredBus(broker, { group: 'g' });
    const seen: unknown[] = [];
    bus.on(OrderPlaced, (event) => void seen.push([Object.keys(event), event.toJSON()]), { name: 'count' });
    await bus.publish(OrderPlaced, { id: 'o', total: 1 }, { id: 'a', time: 5, headers: { tenant: 'ü 🚀' } });
    await bus.drain();
    const plain = {
      id: 'a',
      type: 'order.placed',
      time: 5,
      source: 'g',
      data: { id: 'o', total: 1 },
      headers: { tenant: 'ü 🚀' },
    };
    expect(seen).toStrictEqual([[Object.keys(OrderPlaced.create({ id: 'o', total: 1 })), plain]]);
  });
});
