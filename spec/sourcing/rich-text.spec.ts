import * as fc from 'fast-check';
import { NotJsonError, SchemaError } from 'millrace';
import { describe, expect, it } from 'vitest';
import { readRichText, richText } from '../../lib/sourcing/rich-text.ts';

const back = (value: unknown): unknown => readRichText(richText(value, 'it'));

/** Trees of everything that comes back. */
const { tree } = fc.letrec<{ tree: unknown; error: Error }>((tie) => ({
  error: fc
    .record({
      message: fc.string(),
      name: fc.constantFrom('Error', 'RefusedError'),
      cause: tie('tree'),
      code: fc.string(),
    })
    .map(({ message, name, cause, code }) =>
      Object.defineProperty(Object.assign(new Error(message, { cause }), { code }), 'name', { value: name }),
    ),
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.boolean(),
    fc.bigInt(),
    fc.constantFrom(null, undefined),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array().map((bytes) => Uint8Array.from(bytes)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$', '__proto__', 'toJSON', 'stream')), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    fc.array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('tree'), { maxLength: 3 }).map((items) => new Set(items)),
    fc.record({ $: tie('tree') }, { noNullPrototype: true }),
    tie('error'),
  ),
}));

class Owner {
  readonly name = 'Ada';
}

const cycle: { name: string; self?: unknown } = { name: 'a' };
cycle.self = [cycle];

describe('rich text', () => {
  it('brings back any tree of plain data, Dates, Maps, Sets, bigints, bytes and errors', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(back(value)).toStrictEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it('is the JSON that JSON makes, where that is enough', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(JSON.parse(JSON.stringify(value)));
        fc.pre(!text.includes('"$"'));
        expect(richText(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['own names that mark it', { $: ['bigint', '5'] }],
    ['the same, deep', { $: { $: [{ $: undefined }] } }],
    ['an invalid Date', new Date(NaN)],
    ['a Date of 1970', new Date(0)],
    ['a zero with a sign', -0],
    ['a Map in a Map, with objects as keys', new Map([[{ a: 1 }, new Map([[1n, 'x']])]])],
    ['undefined', { a: undefined, b: [undefined] }],
    [
      'what is there twice',
      (() => {
        const shared = { a: 1 };
        return [shared, shared];
      })(),
    ],
  ])('brings back %s', (_, value) => {
    expect(back(value)).toStrictEqual(value);
  });

  it('brings back what programs look at in an error, again and again', () => {
    const cause = new SchemaError('a', [{ message: 'missing', path: ['b', 0] }]);
    const error = Object.assign(new RangeError('outer', { cause }), { status: 503 });
    const once = back(error) as typeof error;
    const twice = back(once) as typeof error;
    for (const one of [once, twice]) {
      expect(one).toBeInstanceOf(Error);
      expect(one).toMatchObject({ name: 'RangeError', message: 'outer', status: 503, stack: error.stack });
      expect(one.cause).toMatchObject({
        name: 'SchemaError',
        code: 'SCHEMA',
        issues: cause.issues,
        message: cause.message,
      });
      expect(Object.keys(one)).toStrictEqual(['status']);
    }
  });

  it('brings back the errors of an AggregateError', () => {
    const errors = [new Error('a'), new RangeError('b')];
    const one = back(new AggregateError(errors, 'all')) as AggregateError;
    expect(one).toMatchObject({ name: 'AggregateError', message: 'all' });
    expect(one.errors.map(String)).toStrictEqual(['Error: a', 'RangeError: b']);
  });

  it('refuses to read what it has not written', () => {
    for (const text of ['', '{', '{"$":5}', '{"$":["Temporal",1]}', '{"$":["bigint","x"]}', '{"$":["Map",5]}']) {
      expect(() => readRichText(text)).toThrow(Error);
    }
  });
});

describe('what cannot come back', () => {
  const cases: readonly [string, unknown, string, string, unknown][] = [
    [
      'an instance of a class',
      { owners: [new Owner()] },
      'an instance of Owner',
      'owners.0',
      { owners: [{ name: 'Ada' }] },
    ],
    ['a function', { run: () => 1 }, 'a function', 'run', { run: undefined }],
    ['a symbol', [Symbol('s')], 'a symbol', '0', [undefined]],
    ['a cycle', cycle, 'a cycle', 'self.0', { name: 'a', self: [undefined] }],
    [
      'what is in a Map',
      new Map([['a', new Owner()]]),
      'an instance of Owner',
      '0.1',
      new Map([['a', { name: 'Ada' }]]),
    ],
    [
      'what is in an error',
      new Error('x', { cause: new Owner() }),
      'an instance of Owner',
      'cause',
      expect.objectContaining({ cause: { name: 'Ada' } }),
    ],
    [
      'what says itself what it is in JSON',
      { at: new URL('http://a.test/') },
      'an instance of URL',
      'at',
      { at: 'http://a.test/' },
    ],
    [
      'other arrays of numbers',
      { list: new Float64Array(1) },
      'an instance of Float64Array',
      'list',
      { list: { 0: 0 } },
    ],
  ];

  it.each(cases)('is refused, with its place, where nothing may be lost: %s', (_, value, found, path) => {
    expect(() => richText(value, 'the state')).toThrow(NotJsonError);
    expect(() => richText(value, 'the state')).toThrow(
      `Expected the state at ${path} to be what JSON can keep, got ${found}. Write it as plain data; Dates, Maps, Sets, bigints and bytes come back, too.`,
    );
  });

  it.each(cases)('comes back as what can be kept of it, otherwise: %s', (_, value, _found, _path, rest) => {
    expect(readRichText(richText(value))).toEqual(rest);
  });
});
