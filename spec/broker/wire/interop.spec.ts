import { CloudEvent, type CloudEventV1, HTTP, Kafka } from 'cloudevents';
import { type BrokerMessage, createBrokeredBus, defineEvent, type EventMessage, memoryBroker, payload } from 'millrace';
import { recordingBroker } from 'millrace/testing';
import { describe, expect, it } from 'vitest';

interface Order {
  readonly id: string;
  readonly total: number;
}

const OrderPlaced = defineEvent('order.placed', payload<Order>(), { dataSchema: 'https://example.com/order/2' });
const PhotoTaken = defineEvent('photo.taken', payload<Uint8Array>());

/** The names of attributes as a protocol has them: what our adapters do with the prefix `ce-`. */
function named(headers: Readonly<Record<string, unknown>>, from: string, to: string): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name.startsWith(from) ? `${to}${name.slice(from.length)}` : name, String(value)]),
  );
}

/** What is on the wire of an event that our bus has published. */
async function published(
  send: (bus: ReturnType<typeof createBrokeredBus>) => Promise<unknown>,
): Promise<BrokerMessage> {
  await using broker = recordingBroker();
  await using bus = createBrokeredBus(broker, { group: 'billing' });
  await send(bus);
  return broker.published[0]!;
}

/** What our handlers are given of a message of somebody else. */
async function received(headers: Readonly<Record<string, string>>, body: Uint8Array | string): Promise<EventMessage> {
  await using broker = memoryBroker();
  await using bus = createBrokeredBus(broker, { group: 'billing', events: [OrderPlaced, PhotoTaken] });
  const handled = new Promise<EventMessage>((resolve, reject) => {
    bus.on([OrderPlaced, PhotoTaken], resolve, { name: 'charge' });
    bus.deadLetters.subscribe(({ error }) => reject(error));
  });
  await bus.ready;
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  await broker.publish({ id: 'm1', topic: 'order.placed', body: bytes, headers });
  return await handled;
}

/** An event that somebody else's program makes. */
function foreign(changes: Partial<CloudEventV1<unknown>> = {}): CloudEvent<unknown> {
  return new CloudEvent<unknown>({
    id: 'e1',
    type: 'order.placed',
    source: '/shop',
    subject: 'o1',
    time: '2024-02-29T12:00:00.000Z',
    dataschema: 'https://example.com/order/2',
    datacontenttype: 'application/json',
    partitionkey: 'o1',
    correlationid: 'c1',
    data: { id: 'o1', total: 40 },
    ...changes,
  });
}

const SENT = {
  specversion: '1.0',
  id: 'e1',
  type: 'order.placed',
  source: 'billing',
  subject: 'o1',
  time: '2024-02-29T12:00:00.000Z',
  dataschema: 'https://example.com/order/2',
  datacontenttype: 'application/json',
  partitionkey: 'o1',
  correlationid: 'c1',
  data: { id: 'o1', total: 40 },
};

const RECEIVED = {
  id: 'e1',
  type: 'order.placed',
  source: '/shop',
  subject: 'o1',
  time: Date.UTC(2024, 1, 29, 12),
  headers: { correlationId: 'c1', 'ce-dataschema': 'https://example.com/order/2' },
  data: { id: 'o1', total: 40 },
};

const publishOrder = (bus: ReturnType<typeof createBrokeredBus>): Promise<unknown> =>
  bus.publish(
    OrderPlaced,
    { id: 'o1', total: 40 },
    { id: 'e1', time: Date.UTC(2024, 1, 29, 12), subject: 'o1', headers: { correlationId: 'c1' } },
  );

describe('the CloudEvents SDK reads what a bus has published', () => {
  it('by its binding of HTTP', async () => {
    const { headers, body } = await published(publishOrder);
    const event = HTTP.toEvent({ headers, body: Buffer.from(body).toString() }) as CloudEvent<Order>;
    expect(event.validate()).toBe(true);
    expect(event.toJSON()).toEqual(SENT);
  });

  it('by its binding of Kafka', async () => {
    const { headers, body, key } = await published(publishOrder);
    const message = {
      headers: named(headers, 'ce-', 'ce_'),
      key,
      value: Buffer.from(body).toString(),
      body: undefined,
    };
    const event = Kafka.toEvent(message) as CloudEvent<Order>;
    expect(event.validate()).toBe(true);
    expect(event.toJSON()).toMatchObject(SENT);
  });

  it('bytes, too', async () => {
    const { headers, body } = await published((bus) => bus.publish(PhotoTaken, Uint8Array.of(0, 255, 1)));
    const event = HTTP.toEvent({ headers, body: Buffer.from(body) }) as CloudEvent<Buffer>;
    expect(event.validate()).toBe(true);
    expect([...event.data!]).toStrictEqual([0, 255, 1]);
  });
});

describe('a bus hands its handlers what the CloudEvents SDK has written', () => {
  it('in binary mode, by its binding of HTTP', async () => {
    const { headers, body } = HTTP.binary(foreign());
    expect(await received(named(headers, 'ce-', 'ce-'), body as string)).toMatchObject(RECEIVED);
  });

  it('in structured mode, by its binding of HTTP', async () => {
    const { headers, body } = HTTP.structured(foreign());
    expect(await received(named(headers, 'ce-', 'ce-'), body as string)).toMatchObject(RECEIVED);
  });

  it('in binary mode, by its binding of Kafka', async () => {
    const { headers, value } = Kafka.binary(foreign());
    expect(await received(named(headers, 'ce_', 'ce-'), JSON.stringify(value))).toMatchObject(RECEIVED);
  });

  it('in structured mode, by its binding of Kafka', async () => {
    const { headers, value } = Kafka.structured(foreign());
    expect(await received(named(headers, 'ce_', 'ce-'), value)).toMatchObject(RECEIVED);
  });

  it.each(['binary', 'structured'] as const)('bytes, in %s mode', async (mode) => {
    const datacontenttype = 'application/octet-stream';
    const { headers, body } = HTTP[mode](
      foreign({ type: 'photo.taken', datacontenttype, data: Uint8Array.of(0, 255, 1) }),
    );
    const event = await received(named(headers, 'ce-', 'ce-'), body as Uint8Array);
    expect(event.data).toStrictEqual(Uint8Array.of(0, 255, 1));
  });
});
