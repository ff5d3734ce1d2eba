import { type Codec, defineEvent, InvalidOptionError, payload } from 'millrace';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cloudEvent, type CloudEventOptions } from '../../../lib/broker/wire/cloud-event.ts';
import type { PlainMessage } from '../../../lib/core/message.ts';

const OPTIONS: CloudEventOptions = { source: 'billing' };

function eventOf(changes: Partial<PlainMessage> = {}): PlainMessage {
  return { id: 'e1', type: 'order.placed', time: 1_700_000_000_123, data: { total: 40 }, headers: {}, ...changes };
}

function textOf(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

describe('an event on the wire', () => {
  it('is a CloudEvent 1.0 in binary mode: attributes as headers, data as the body', () => {
    const message = cloudEvent(eventOf(), OPTIONS);
    expect(message).toMatchObject({ id: 'e1', topic: 'order.placed', time: 1_700_000_000_123 });
    expect(message.headers).toStrictEqual({
      'ce-specversion': '1.0',
      'ce-id': 'e1',
      'ce-type': 'order.placed',
      'ce-source': 'billing',
      'ce-time': '2023-11-14T22:13:20.123Z',
      'content-type': 'application/json',
    });
    expect(textOf(message.body)).toBe('{"total":40}');
    expect('key' in message).toBe(false);
  });

  it('says its own source, its subject, its key, and the version of its data', () => {
    const definition = defineEvent('order.placed', payload(), { dataSchema: 'https://example.com/order/2' });
    const message = cloudEvent(eventOf({ source: 'shop', subject: 'o1' }), { ...OPTIONS, key: 'k', definition });
    expect(message.key).toBe('k');
    expect(message.headers).toMatchObject({
      'ce-source': 'shop',
      'ce-subject': 'o1',
      'ce-partitionkey': 'k',
      'ce-dataschema': 'https://example.com/order/2',
    });
  });

  it('carries correlation and causation as extensions, the trace as itself, and other headers beside them', () => {
    const headers = { correlationId: 'c', causationId: 'a', traceparent: '00-1-2-01', tenant: 'acme', gone: undefined };
    const written = cloudEvent(eventOf({ headers }), OPTIONS).headers;
    expect(written).toMatchObject({
      'ce-correlationid': 'c',
      'ce-causationid': 'a',
      traceparent: '00-1-2-01',
      tenant: 'acme',
    });
    expect(Object.keys(written)).not.toContain('gone');
    expect(Object.keys(written)).not.toContain('correlationId');
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('carries a header named %s', (name) => {
    const headers = Object.fromEntries([[name, 'x']]);
    expect(Object.entries(cloudEvent(eventOf({ headers }), OPTIONS).headers)).toContainEqual([name, 'x']);
  });

  it('lets no header pass for an attribute that it is read by', () => {
    const headers = { 'content-type': 'text/xml', 'ce-subject': 's', 'ce-id': 'other', 'ce-partitionkey': 'k' };
    const written = cloudEvent(eventOf({ headers, data: undefined }), OPTIONS).headers;
    expect(written['ce-id']).toBe('e1');
    for (const name of ['content-type', 'ce-subject', 'ce-partitionkey']) expect(written[name]).toBeUndefined();
  });

  it('keeps extensions that are headers already, such as those of an event that came with them', () => {
    expect(cloudEvent(eventOf({ headers: { 'ce-sampledrate': '30' } }), OPTIONS).headers['ce-sampledrate']).toBe('30');
  });

  it.each([Number.NaN, Infinity, 8.64e15])('is refused with a time that RFC 3339 cannot say: %s', (time) => {
    expect(() => cloudEvent(eventOf({ time }), OPTIONS)).toThrow(InvalidOptionError);
  });
});

describe('data on the wire', () => {
  it('has no body and no content type if there is none', () => {
    const message = cloudEvent(eventOf({ data: undefined }), OPTIONS);
    expect(message.body).toHaveLength(0);
    expect(message.headers['content-type']).toBeUndefined();
  });

  it('is null where it is null', () => {
    expect(textOf(cloudEvent(eventOf({ data: null }), OPTIONS).body)).toBe('null');
  });

  it('passes through as it is if it is bytes', () => {
    const message = cloudEvent(eventOf({ data: Uint8Array.of(0, 255, 1) }), { ...OPTIONS, codec: reversing });
    expect(message.headers['content-type']).toBe('application/octet-stream');
    expect([...message.body]).toStrictEqual([0, 255, 1]);
  });

  it('is written by the codec of the bus', () => {
    const message = cloudEvent(eventOf({ data: 'abc' }), { ...OPTIONS, codec: reversing });
    expect(message.headers['content-type']).toBe('text/x-reversed');
    expect(textOf(message.body)).toBe('cba');
  });

  it('is written by the codec of its definition rather, bytes and nothing, too', () => {
    const definition = defineEvent('order.placed', payload(), { codec: constant });
    for (const data of ['abc', Uint8Array.of(1), undefined]) {
      const message = cloudEvent(eventOf({ data }), { ...OPTIONS, codec: reversing, definition });
      expect(message.headers['content-type']).toBe('application/x-constant');
      expect([...message.body]).toStrictEqual([7]);
    }
  });

  it.each([
    ['a Date', new Date(0), 'a Date', 'at'],
    ['a bigint', 1n, 'bigint', 'at'],
    ['a Map', new Map(), 'Map', 'at'],
    ['NaN', Number.NaN, 'NaN', 'at'],
    ['undefined in an array', [1, undefined], 'undefined', 'at.1'],
  ])('is refused with its path if JSON cannot keep it and no schema brings it back: %s', (_, at, found, path) => {
    const known = defineEvent('order.placed', payload<unknown>());
    for (const definition of [known, undefined]) {
      expect(() => cloudEvent(eventOf({ data: { at } }), { ...OPTIONS, definition })).toThrow(
        new RegExp(`data of 'order.placed' at ${path} .*${found.replace('a ', '')}`, 'u'),
      );
    }
  });

  it('is sent in its JSON form if a schema brings it back', () => {
    const definition = defineEvent('order.placed', z.object({ at: z.coerce.date() }));
    const message = cloudEvent(eventOf({ data: { at: new Date(0) } }), { ...OPTIONS, definition });
    expect(textOf(message.body)).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  it.each([
    ['a bigint', { at: 1n }],
    ['NaN', { at: Number.NaN }],
    ['an invalid Date', { at: new Date(Number.NaN) }],
    ['a function', () => 1],
  ])('is refused if JSON itself refuses it, schema or not: %s', (_, data) => {
    const definition = defineEvent('order.placed', z.any());
    expect(() => cloudEvent(eventOf({ data }), { ...OPTIONS, definition })).toThrow(
      expect.objectContaining({ code: 'NOT_JSON' }),
    );
  });
});

const reversing: Codec = {
  contentType: 'text/x-reversed',
  encode: (data) => new TextEncoder().encode(Array.from(String(data)).toReversed().join('')),
  decode: (bytes) => Array.from(new TextDecoder().decode(bytes)).toReversed().join(''),
};

const constant: Codec = {
  contentType: 'application/x-constant',
  encode: () => Uint8Array.of(7),
  decode: () => 'seven',
};
