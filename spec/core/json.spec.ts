import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonForm, jsonText, NotJsonError } from '../../lib/core/json.ts';

/** What is thrown. */
function refusalOf(value: unknown): NotJsonError {
  try {
    jsonText(value, 'data');
  } catch (error) {
    if (error instanceof NotJsonError) return error;
    throw error;
  }
  throw new Error('Expected a refusal, got none.');
}

class Money {
  readonly cents = 5;
}

const cycle: { list: unknown[] } = { list: [] };
cycle.list.push({ back: cycle });

const isKept = (value: number): boolean => !Object.is(value, -0);

/** Anything that programs have, but -0, of which JSON makes 0. */
const anything = fc.anything({
  values: [fc.string(), fc.integer(), fc.double().filter(isKept), fc.boolean(), fc.constantFrom(null, undefined)],
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withNullPrototype: true,
  withSparseArray: true,
});

describe('jsonText', () => {
  it('writes what comes back as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const same: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(jsonText(same, 'data'))).toStrictEqual(same);
      }),
    );
  });

  it('writes what comes back equal, whatever it is, or refuses it', () => {
    fc.assert(
      fc.property(anything, (value) => {
        let text: string;
        try {
          text = jsonText(value, 'data');
        } catch (error) {
          expect(error).toBeInstanceOf(NotJsonError);
          return;
        }
        // Not strictly: properties that are undefined are left out.
        expect(JSON.parse(text)).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, unknown, string, readonly (number | string)[]]>([
    ['undefined itself', undefined, 'undefined', []],
    ['NaN', { balance: NaN }, 'NaN', ['balance']],
    ['an infinite number', [1, -Infinity], '-Infinity', [1]],
    ['a bigint', { a: { b: [5n] } }, 'a bigint', ['a', 'b', 0]],
    ['a Date', { at: new Date(0) }, 'an instance of Date', ['at']],
    ['a Map', { map: new Map() }, 'an instance of Map', ['map']],
    ['a Set', [new Set()], 'an instance of Set', [0]],
    ['bytes', { bytes: new Uint8Array(2) }, 'an instance of Uint8Array', ['bytes']],
    ['an error', { error: new RangeError('x') }, 'an instance of RangeError', ['error']],
    ['an instance of a class', { price: new Money() }, 'an instance of Money', ['price']],
    [
      'an instance of a class without a name',
      {
        own: new (class {
          readonly price = 1;
        })(),
      },
      'an instance of a class',
      ['own'],
    ],
    ['an instance without a constructor', { own: withoutConstructor() }, 'an instance of a class', ['own']],
    ['a boxed number', { five: Object(5) }, 'an instance of Number', ['five']],
    ['a function', { toJSON: () => 1 }, 'a function', ['toJSON']],
    ['a symbol', [[Symbol('s')]], 'a symbol', [0, 0]],
    // oxlint-disable-next-line eslint/no-sparse-arrays -- that is what it is about
    ['a hole', { list: [1, , 3] }, 'undefined', ['list', 1]],
    ['undefined in an array', { list: [undefined] }, 'undefined', ['list', 0]],
    ['a cycle', cycle, 'a cycle', ['list', 0, 'back']],
  ])('refuses %s, and says where', (_, value, found, path) => {
    const error = refusalOf(value);
    expect(error).toMatchObject({ code: 'NOT_JSON', name: 'NotJsonError', path });
    const place = path.length === 0 ? 'data' : `data at ${path.join('.')}`;
    expect(error.message).toBe(
      `Expected ${place} to be what JSON can keep, got ${found}. Write it as text, number, boolean, null, array or plain object; or give its definition a schema that brings it back.`,
    );
  });

  it('leaves out properties that are undefined', () => {
    expect(jsonText({ a: undefined, b: 1 }, 'data')).toBe('{"b":1}');
  });

  it('takes what is there twice, which is no cycle', () => {
    const shared = { a: 1 };
    expect(JSON.parse(jsonText([shared, { shared }, shared], 'data'))).toStrictEqual([shared, { shared }, shared]);
  });

  it('takes objects without a prototype, and properties that objects have already', () => {
    expect(jsonText(Object.assign(Object.create(null), { a: 1 }), 'data')).toBe('{"a":1}');
    const text = '{"__proto__":{"a":1},"constructor":"b"}';
    expect(jsonText(JSON.parse(text), 'data')).toBe(text);
  });
});

describe('jsonForm', () => {
  it('is what JSON makes of a value', () => {
    const at = new Date(0);
    expect(jsonForm({ at, gone: undefined, price: new Money() }, 'data')).toStrictEqual({
      at: '1970-01-01T00:00:00.000Z',
      price: { cents: 5 },
    });
    expect(jsonForm(undefined, 'data')).toBeUndefined();
    expect(jsonForm(null, 'data')).toBeNull();
    expect(jsonForm([null, { none: null }], 'data')).toStrictEqual([null, { none: null }]);
  });

  it.each<[string, unknown, string, readonly string[]]>([
    ['NaN', { deep: { balance: NaN } }, 'NaN', ['balance']],
    ['an infinite number', Infinity, 'Infinity', []],
    ['an invalid Date', { at: new Date(NaN) }, 'an invalid Date', ['at']],
  ])('refuses %s, of which JSON would make null', (_, value, found, path) => {
    expect(() => jsonForm(value, 'data')).toThrow(new NotJsonError('data', found, path));
  });

  it.each<[string, unknown]>([
    ['a bigint', { a: 5n }],
    ['a cycle', cycle],
    ['a toJSON that throws', { toJSON: () => JSON.parse('}') }],
  ])('refuses what JSON refuses: %s', (_, value) => {
    expect(() => jsonForm(value, 'data')).toThrow(NotJsonError);
  });
});

function withoutConstructor(): object {
  return Object.create(Object.create(Object.create(null) as object) as object) as object;
}
