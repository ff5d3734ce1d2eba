import * as fc from 'fast-check';
import { CloudEvent, Kafka as CloudEvents } from 'cloudevents';
import { Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { partitionOf } from '../../lib/kafka/murmur2.ts';
import { MOST_BEYOND, readBeyond, writeBeyond } from '../../lib/kafka/settled-offsets.ts';
import { BytePool } from '../../lib/kafka/byte-pool.ts';
import { elsewhere, fromWire as fromPool, type Outbound, toWire } from '../../lib/kafka/wire.ts';
import type { KafkaIncoming } from '../../lib/kafka/kafka-client.ts';
import type { BrokerMessage } from 'millrace';

const message: BrokerMessage = { id: 'e1', topic: 'orders', body: Uint8Array.of(1, 2), headers: {}, time: 5 };

const pool = new BytePool();
const fromWire = (record: KafkaIncoming, topic: string, partition: number): BrokerMessage =>
  fromPool(record, topic, partition, pool);

/** What comes for what was sent. */
function received({ key, value, headers, timestamp }: Outbound): KafkaIncoming {
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text as string)] as const);
  return { offset: '7', timestamp, key, value, headers: Object.fromEntries(bytes) };
}

describe('a message on the wire', () => {
  it('comes as it was published', () => {
    const header = fc.tuple(fc.stringMatching(/^[!-~]+$/), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(
        fc.record({
          id: fc.stringMatching(/^\S+$/u),
          body: fc.uint8Array(),
          headers: fc
            .array(header)
            .map((entries) => Object.fromEntries(entries.filter(([name]) => name !== '__proto__'))),
          time: fc.oneof(fc.nat(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
        }),
        fc.option(fc.stringMatching(/^\S+$/u), { nil: undefined }),
        (fields, key) => {
          const published = { ...fields, topic: 'orders', ...(key !== undefined && { key }) };
          expect(fromWire(received(toWire(published, 'app.')), 'orders', 3)).toStrictEqual({
            ...published,
            time: fields.time + 0,
          });
          const moved = elsewhere(published, '_millrace.letters.x', 99);
          expect(moved.topic).toBe('_millrace.letters.x');
          expect(fromWire(received(moved), moved.topic, 0)).toStrictEqual({ ...published, time: fields.time + 0 });
        },
      ),
    );
  });

  it('has the names of the binding of CloudEvents to Kafka', () => {
    const event = new CloudEvent({
      id: 'e1',
      type: 'orders',
      source: '/shop',
      subject: 'o-1',
      datacontenttype: 'application/json',
      data: { total: 3 },
    });
    const { headers: all, body } = CloudEvents.binary(event);
    // What is not there is not written.
    const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const { 'content-type': contentType, ...attributes } = headers as Record<string, string>;
    const incoming = { offset: '0', timestamp: '5', key: null, value: Buffer.from(String(body)), headers };
    const read = fromWire(incoming, 'orders', 0);
    expect(read.id).toBe('e1');
    expect(read.headers).toMatchObject({
      'ce-type': 'orders',
      'ce-source': '/shop',
      'ce-subject': 'o-1',
      'content-type': contentType,
    });
    expect(toWire(read, '').headers).toStrictEqual({ 'content-type': contentType, ...attributes });
  });

  it('keeps headers apart that would be read as attributes or as ours', () => {
    const headers = { ce_type: 'mine', 'ce-type': 'attribute', 'millrace-id': 'fake', 'millrace-header-x': 'y' };
    const { headers: written } = toWire({ ...message, headers }, '');
    expect(written).toMatchObject({ ce_type: 'attribute', 'millrace-id': 'e1' });
    expect(fromWire(received(toWire({ ...message, headers }, '')), 'orders', 0)).toMatchObject({ id: 'e1', headers });
  });

  it('may be of another program: its id is its place, and of headers of one name the last counts', () => {
    const headers = { 'two words': Buffer.from('x'), twice: [Buffer.from('1'), Buffer.from('2')] };
    const foreign: KafkaIncoming = { offset: '7', timestamp: '1000', key: Buffer.from('k'), value: null, headers };
    expect(fromWire(foreign, 'orders', 3)).toStrictEqual({
      id: 'orders/3/7',
      topic: 'orders',
      key: 'k',
      body: new Uint8Array(),
      headers: { 'two%20words': 'x', twice: '2' },
      time: 1000,
    });
    expect(fromWire({ offset: '8', timestamp: '1', key: null, value: Buffer.from('b') }, 'orders', 0)).toStrictEqual({
      id: 'orders/0/8',
      topic: 'orders',
      body: Uint8Array.of(98),
      headers: {},
      time: 1,
    });
  });
});

it('puts keys into the partitions that other clients choose', () => {
  const partition = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 64 }), (text, count) => {
      const key = Buffer.from(text);
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
      const chosen = partition({ topic: 't', partitionMetadata, message: { key, value: null } } as never);
      expect(partitionOf(key, count)).toBe(chosen);
    }),
  );
});

describe('what is settled beyond a place', () => {
  it('is read as it was written, within the bytes that Kafka keeps', () => {
    const offsets = fc.array(fc.nat(MOST_BEYOND - 1), { maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(1e15), offsets, fc.nat(50_000), (place, distances, seen) => {
        const settled = distances.map((distance) => place + distance);
        const text = writeBeyond(place, settled, place + seen);
        expect(Buffer.byteLength(text)).toBeLessThan(4_096);
        expect(readBeyond(place, text)).toStrictEqual({ settled: new Set(settled), seenTo: place + seen });
      }),
    );
  });

  it('is nothing where another program has written', () => {
    const nothing = { settled: new Set(), seenTo: 5 };
    for (const text of ['', null, undefined, 'event-id-3', 'millrace1:']) {
      expect(readBeyond(5, text)).toStrictEqual(nothing);
    }
  });
});
