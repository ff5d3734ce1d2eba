import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedMessage } from '../../../lib/broker/check-message.ts';
import { cloudEvent, PLACED } from '../../../lib/broker/wire/cloud-event.ts';
import { readCloudEvent, readData } from '../../../lib/broker/wire/read-cloud-event.ts';
import type { PlainMessage } from '../../../lib/core/message.ts';

// More by hand: MILLRACE_RUNS=20000 npx vitest run spec/broker/wire/round-trip.spec.ts
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 500);

/** Well-formed, as UTF-8 has nothing else. */
const text = fc.string({ unit: 'binary', maxLength: 30 });
const ascii = fc.string({
  unit: fc.constantFrom(...Array.from({ length: 94 }, (_, code) => String.fromCodePoint(33 + code))),
  minLength: 1,
});
const headerName = fc.oneof(
  ascii,
  fc.constantFrom(
    'correlationId',
    'causationId',
    'traceparent',
    '__proto__',
    'constructor',
    'ce-custom',
    'Content-Type',
  ),
);
// The wire names of ours are ours.
const isOwn = (name: string): boolean =>
  !PLACED.has(name) && !/^ce-(?:correlationid|causationid|traceparent)$/u.test(name);

// Parsed, as JSON has neither -0 nor objects without a prototype.
const json = fc.json({ stringUnit: 'binary' }).map((value): unknown => JSON.parse(value));

const events: fc.Arbitrary<PlainMessage> = fc.record(
  {
    id: text.filter((id) => id.trim() !== ''),
    type: fc.constantFrom('order.placed', 'größe.geändert'),
    time: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
    source: text.filter((source) => source.trim() !== ''),
    data: fc.oneof(json, fc.uint8Array({ maxLength: 40 }), fc.constant(undefined)),
    headers: fc
      .array(fc.tuple(headerName.filter(isOwn), text), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries)),
  },
  { noNullPrototype: true },
);

describe('whatever an event holds', () => {
  it('what is read is what was written, subject and key or not', () => {
    fc.assert(
      fc.property(
        events,
        fc.option(
          text.filter((name) => name.trim() !== ''),
          { nil: undefined },
        ),
        (plain, subject) => {
          const event = subject === undefined ? plain : { ...plain, subject };
          const written = checkedMessage(cloudEvent(event, { source: 'bus', key: subject }), 0);
          const { content, ...envelope } = readCloudEvent(written, -1);
          expect({ ...envelope, data: readData({ ...envelope, content }, []) }).toStrictEqual(event);
          expect(Object.entries(envelope.headers)).toStrictEqual(Object.entries(event.headers));
          expect(written.key).toBe(subject);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('reads any bytes with any headers, or says that it cannot by one kind of error', () => {
    const types = fc.constantFrom('application/json', 'application/cloudevents+json', 'text/plain', 'x/y', '', ';');
    const attribute = fc.oneof(text, fc.constantFrom('1.0', '', '2020-01-01T00:00:00Z'));
    const names = fc.constantFrom(...PLACED, 'tenant', '__proto__');
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.json().map((value) => new TextEncoder().encode(value)),
      fc
        .dictionary(
          fc.constantFrom('specversion', 'id', 'type', 'source', 'time', 'data', 'data_base64', 'datacontenttype'),
          fc.oneof(fc.jsonValue(), fc.constant('1.0')),
        )
        .map((value) => new TextEncoder().encode(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, attribute)), fc.option(types), body, (entries, type, bytes) => {
        const headers = Object.fromEntries(type === null ? entries : [...entries, ['content-type', type]]);
        try {
          const event = readCloudEvent({ id: 'm', topic: 't', body: bytes, headers }, 0);
          readData(event, []);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_MESSAGE' });
        }
      }),
      { numRuns: RUNS },
    );
  });
});
