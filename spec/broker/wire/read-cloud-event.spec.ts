import type { BrokerMessage, Codec } from 'millrace';
import { describe, expect, it } from 'vitest';
import { InvalidMessageError } from '../../../lib/broker/wire/invalid-message-error.ts';
import { readCloudEvent, readData } from '../../../lib/broker/wire/read-cloud-event.ts';

const ATTRIBUTES = { 'ce-specversion': '1.0', 'ce-id': 'e1', 'ce-type': 'order.placed', 'ce-source': 'shop' };

function binary(headers: Readonly<Record<string, string>> = {}, body = ''): BrokerMessage {
  return bare({ ...ATTRIBUTES, ...headers }, body);
}

function bare(headers: Readonly<Record<string, string>>, body: Uint8Array | string = ''): BrokerMessage {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return { id: 'm1', topic: 'orders', body: bytes, headers };
}

function structured(
  event: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): BrokerMessage {
  const whole = { specversion: '1.0', id: 'e1', type: 'order.placed', source: 'shop', ...event };
  return bare({ ...headers, 'content-type': 'application/cloudevents+json' }, JSON.stringify(whole));
}

function dataOf(message: BrokerMessage, ...codecs: readonly Codec[]): unknown {
  return readData(readCloudEvent(message, 0), codecs);
}

describe('a CloudEvent in binary mode', () => {
  it('is read with all its attributes, and its other headers as its own', () => {
    const message = binary({
      'ce-time': '2018-04-05T17:31:00.5Z',
      'ce-subject': 'o1',
      'ce-partitionkey': 'k',
      'ce-correlationid': 'c',
      'ce-causationid': 'a',
      'ce-dataschema': 'https://example.com/2',
      tenant: 'Größe 漢字 🚀',
      'content-type': 'application/json',
    });
    expect(readCloudEvent(message, 5)).toStrictEqual({
      id: 'e1',
      type: 'order.placed',
      time: Date.UTC(2018, 3, 5, 17, 31, 0, 500),
      source: 'shop',
      subject: 'o1',
      headers: {
        correlationId: 'c',
        causationId: 'a',
        'ce-dataschema': 'https://example.com/2',
        tenant: 'Größe 漢字 🚀',
      },
      content: { bytes: message.body, type: 'application/json' },
    });
  });

  it.each(['2018-04-05T19:31:00+02:00', '2018-04-05t17:31:00z', '2018-04-05T17:31:00.000000000Z'])(
    'may say its time as %s',
    (time) => {
      expect(readCloudEvent(binary({ 'ce-time': time }), 5).time).toBe(Date.UTC(2018, 3, 5, 17, 31));
    },
  );

  it("has its message's time if it says none, and else the time now", () => {
    expect(readCloudEvent({ ...binary(), time: 7 }, 5).time).toBe(7);
    expect(readCloudEvent({ ...binary(), time: 0 }, 5).time).toBe(0);
    expect(readCloudEvent(binary(), 5).time).toBe(5);
  });

  it.each(['ce-traceparent', 'traceparent'])('has its trace by %s', (name) => {
    expect(readCloudEvent(binary({ [name]: '00-1' }), 0).headers).toStrictEqual({ traceparent: '00-1' });
  });

  it('has the trace of whoever passed it on, if there are two', () => {
    for (const headers of [
      { traceparent: 'hop', 'ce-traceparent': 'origin' },
      { 'ce-traceparent': 'origin', traceparent: 'hop' },
    ]) {
      expect(readCloudEvent(binary(headers), 0).headers).toStrictEqual({ traceparent: 'hop' });
    }
  });

  it.each(['constructor', '__proto__'])('has a header named %s', (name) => {
    const headers = Object.fromEntries([...Object.entries(ATTRIBUTES), [name, 'x']]);
    expect(Object.entries(readCloudEvent(bare(headers), 0).headers)).toStrictEqual([[name, 'x']]);
  });
});

describe('a CloudEvent in structured mode', () => {
  it('is read from its body alone', () => {
    const message = structured(
      { time: '1970-01-01T00:00:01Z', subject: 'o1', correlationid: 'c', sampledrate: 30, isvip: true, data: { a: 1 } },
      { tenant: 'acme' },
    );
    expect(readCloudEvent(message, 5)).toStrictEqual({
      id: 'e1',
      type: 'order.placed',
      time: 1_000,
      source: 'shop',
      subject: 'o1',
      headers: { correlationId: 'c', 'ce-sampledrate': '30', 'ce-isvip': 'true', tenant: 'acme' },
      content: { data: { a: 1 } },
    });
  });

  it('may have attributes that are null, which say nothing', () => {
    const { headers, ...event } = readCloudEvent(structured({ subject: null, extra: null, data: null }), 5);
    expect(headers).toStrictEqual({});
    expect('subject' in event).toBe(false);
    expect(event.content).toStrictEqual({ data: null });
  });

  it('has a content type in any case, and with a charset', () => {
    const { body } = structured({ data: 1 });
    for (const type of ['application/cloudevents+json; charset=utf-8', 'Application/CloudEvents+JSON ;x=y']) {
      expect(dataOf(bare({ 'content-type': type }, body))).toBe(1);
    }
  });

  it.each([
    ['as it is', { data: { a: 1 } }, { a: 1 }],
    ['as a text that is JSON', { data: 'text', datacontenttype: 'application/json' }, 'text'],
    ['as a value of a format in JSON', { data: [1], datacontenttype: 'application/geo+json' }, [1]],
    ['as a text', { data: 'Grüße', datacontenttype: 'text/plain' }, 'Grüße'],
    ['as JSON in base64', { data_base64: btoa('{"a":1}'), datacontenttype: 'application/json' }, { a: 1 }],
    [
      'as bytes in base64',
      { data_base64: 'AP8B', datacontenttype: 'application/octet-stream' },
      Uint8Array.of(0, 255, 1),
    ],
    ['beside a base64 that is null', { data: 1, data_base64: null }, 1],
    ['not at all', {}, undefined],
  ])('has its data %s', (_, event, data) => {
    expect(dataOf(structured(event))).toStrictEqual(data);
  });

  it.each([
    ['base64 that is none', { data_base64: '%' }],
    ['base64 that is no text', { data_base64: 12 }],
    ['an attribute that is an object', { subject: {} }],
    ['no id', { id: null }],
    ['a time that is none', { time: 'noon' }],
    ['another version', { specversion: '0.3' }],
  ])('is refused with %s', (_, event) => {
    expect(() => readCloudEvent(structured(event), 0)).toThrow(InvalidMessageError);
  });

  it.each(['[]', 'null', '"text"', '{', ''])('is refused if its body is %s', (body) => {
    const message = bare({ 'content-type': 'application/cloudevents+json' }, body);
    expect(() => readCloudEvent(message, 0)).toThrow(InvalidMessageError);
  });

  it.each(['application/cloudevents-batch+json', 'application/cloudevents+avro', 'application/cloudevents'])(
    'is refused as %s, by name',
    (type) => {
      expect(() => readCloudEvent(bare({ ...ATTRIBUTES, 'content-type': type }, '[]'), 0)).toThrow(
        `content type '${type}'`,
      );
    },
  );
});

describe('a message that is no CloudEvent', () => {
  it.each([
    ['no headers', {}, 'ce-specversion, got headers none'],
    ['other headers', { tenant: 'a', x: 'b' }, 'ce-specversion, got headers tenant, x'],
    ['another version', { ...ATTRIBUTES, 'ce-specversion': '0.3' }, "version '0.3'"],
    ['no id', { ...ATTRIBUTES, 'ce-id': '' }, 'ce-id'],
    ['no type', { ...ATTRIBUTES, 'ce-type': '' }, 'ce-type'],
    ['no source', { ...ATTRIBUTES, 'ce-source': '' }, 'ce-source'],
    ['a time that is none', { ...ATTRIBUTES, 'ce-time': 'yesterday' }, 'RFC 3339'],
  ])('is refused with what it lacks: %s', (_, headers, said) => {
    const read = (): unknown => readCloudEvent(bare(headers), 0);
    expect(read).toThrow(InvalidMessageError);
    expect(read).toThrow(said);
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }));
  });
});

describe('data that is read', () => {
  it.each([
    ['application/json', '{"a":1}', { a: 1 }],
    ['application/json; charset=utf-8', '"ü"', 'ü'],
    ['APPLICATION/JSON', '1', 1],
    ['application/vnd.example+json', '[]', []],
    ['text/plain', 'Grüße', 'Grüße'],
    ['text/csv; header=present', 'a,b', 'a,b'],
    ['application/octet-stream', 'ab', Uint8Array.of(97, 98)],
  ])('is as its content type says: %s', (type, body, data) => {
    expect(dataOf(binary({ 'content-type': type }, body))).toStrictEqual(data);
  });

  it('is JSON without a content type, or nothing at all', () => {
    expect(dataOf(binary({}, '{"a":1}'))).toStrictEqual({ a: 1 });
    expect(dataOf(binary())).toBeUndefined();
  });

  it.each([
    ['JSON that is none', 'application/json', '{'],
    ['JSON of nothing', 'application/json', ''],
  ])('is refused with the cause: %s', (_, type, body) => {
    const read = (): unknown => dataOf(binary({ 'content-type': type }, body));
    expect(read).toThrow(InvalidMessageError);
    expect(read).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) as SyntaxError }));
  });

  it('is refused if it is no UTF-8, rather than changed', () => {
    const message = bare({ ...ATTRIBUTES, 'content-type': 'text/plain' }, Uint8Array.of(0xff, 0xfe));
    expect(() => dataOf(message)).toThrow(InvalidMessageError);
  });

  it('is refused if nobody knows its content type', () => {
    expect(() => dataOf(binary({ 'content-type': 'application/x-protobuf' }, 'x'))).toThrow(
      "got 'application/x-protobuf'; give the event, or the bus, a codec for it",
    );
  });

  it('is read by the first codec that has its content type, whatever its case and parameters', () => {
    const codec = (contentType: string, name: string): Codec => ({
      contentType,
      encode: () => new Uint8Array(),
      decode: () => name,
    });
    const message = binary({ 'content-type': 'Application/X-Pack; v=1' }, 'x');
    const codecs = [
      codec('application/other', 'other'),
      codec('application/X-pack', 'first'),
      codec('application/x-pack', 'second'),
    ];
    expect(dataOf(message, ...codecs)).toBe('first');
    expect(dataOf(binary({ 'content-type': 'application/json' }, '1'), codec('application/json', 'mine'))).toBe('mine');
  });

  it('is refused with the cause if its codec cannot read it', () => {
    const cause = new Error('no such format');
    const codec: Codec = {
      contentType: 'application/x-pack',
      encode: () => new Uint8Array(),
      decode: () => {
        throw cause;
      },
    };
    const read = (): unknown => dataOf(binary({ 'content-type': 'application/x-pack' }, 'x'), codec);
    expect(read).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE', cause }));
  });
});
