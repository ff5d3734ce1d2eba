import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isStrictlyEqual } from '../../lib/testing/strict-equality.ts';

class Point {
  readonly x: number;

  constructor(x: number) {
    this.x = x;
  }
}

class NamedError extends Error {
  override readonly name = 'NamedError';
}

/** Values of which many differ in one thing only; made anew each time, so that no two are the same object. */
const makeLeaves = (): readonly unknown[] =>
  [
    [undefined, null, true, false, 0, -0, 1, NaN, '', 'a', '0', 1n, Symbol.iterator],
    [Object(1), Object(2), Object('a'), Object('b'), Object(true), Object(false)],
    [new Date(0), new Date(1), new Date(NaN), /a/u, /a/g, /b/u],
    [new Error('a'), new Error('b'), new TypeError('a'), new Error('a', { cause: 1 }), new NamedError('a')],
    [new AggregateError([1], 'a'), new AggregateError([2], 'a'), Object.assign(new Error('a'), { code: 1 })],
    [Uint8Array.of(1), Uint8Array.of(2), Uint16Array.of(1), Uint8Array.of(1).buffer, Uint8Array.of(2).buffer],
    [new DataView(Uint8Array.of(1).buffer), new DataView(Uint8Array.of(2).buffer)],
    [[], {}, Object.create(null), hidden(), new Point(0), new Point(1), { x: 1 }, Math.max],
    [[undefined], sparse(), [0], ['0'], { 0: 0 }, { a: undefined }, { [Symbol.iterator]: 1 }],
    [new Set(), new Map(), new Set([1]), new Set([2]), new Map([[1, 1]]), new Map([[1, 2]]), new Map([[2, 1]])],
    [new Set([[1]]), new Map([[[1], [1]]]), new URL('https://example.com/a'), new URL('https://example.com/b')],
  ].flat(1);

const hidden = (): object => Object.defineProperty({}, 'hidden', { value: 1 });

function sparse(): unknown[] {
  const array: unknown[] = [];
  array.length = 1;
  return array;
}

const WRAPPERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  itself: (value) => value,
  'in an array': (value) => [0, value],
  'in an object': (value) => ({ a: value }),
  'in a class': (value) => Object.assign(new Point(0), { value }),
  'in a set': (value) => new Set([value]),
  'in a map': (value) => new Map([['a', value]]),
  'as a key of a map': (value) => new Map([[value, 'a']]),
  'as a cause': (value) => new Error('a', { cause: value }),
};

/** Keeps what is alike out of a set: vitest takes one item of a set for several that are equal to it. */
const comparator = isStrictlyEqual;

/** Small values of few names and numbers, so that they are alike often. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    tie('list'),
    tie('record'),
    tie('set'),
    tie('map'),
  ),
  leaf: fc.constantFrom<unknown>(null, 0, -0, NaN, 'a', new Date(0)),
  list: fc.array(tie('any'), { maxLength: 2 }),
  record: fc.dictionary(fc.constantFrom('a', 'b'), tie('any'), { maxKeys: 2 }),
  set: fc.uniqueArray(tie('any'), { maxLength: 2, comparator }).map((items) => new Set(items)),
  map: fc
    .uniqueArray(fc.tuple(tie('any'), tie('any')), { maxLength: 2, comparator, selector: ([key]) => key })
    .map((entries) => new Map(entries)),
})).any;

describe('strict equality', () => {
  it.each(Object.entries(WRAPPERS))('is what toStrictEqual of vitest says, %s', (where, wrap) => {
    // In sets and maps, vitest no longer tells an undefined property from a missing one.
    const isFair = (leaf: unknown): boolean => !/set|map/u.test(where) || !hasUndefinedProperty(leaf);
    const disputed: unknown[] = [];
    for (const actual of makeLeaves().filter(isFair).map(wrap)) {
      for (const expected of makeLeaves().filter(isFair).map(wrap)) {
        const isEqual = isStrictlyEqual(actual, expected);
        if (isEqual !== isEqualForVitest(actual, expected)) disputed.push({ actual, expected, isEqual });
      }
    }
    expect(disputed).toEqual([]);
  });

  it('tells an undefined property from a missing one everywhere', () => {
    for (const wrap of Object.values(WRAPPERS)) {
      expect(isStrictlyEqual(wrap({}), wrap({ a: undefined }))).toBe(false);
      expect(isStrictlyEqual(wrap({ a: undefined }), wrap({}))).toBe(false);
    }
  });

  it('is what toStrictEqual of vitest says, for values that are made by chance', () => {
    fc.assert(
      fc.property(value, value, (actual, expected) => {
        expect(isStrictlyEqual(actual, expected)).toBe(isEqualForVitest(actual, expected));
      }),
      { numRuns: 3_000 },
    );
  });

  it('has each item of a set, and each entry of a map, stand for one', () => {
    const [one, other] = [() => new Set<unknown>([{}, {}]), () => new Set<unknown>([null, {}])];
    expect(isStrictlyEqual(one(), one())).toBe(true);
    expect(isStrictlyEqual(one(), other())).toBe(false);
    expect(isStrictlyEqual(other(), one())).toBe(false);
    const toMap = (keys: ReadonlySet<unknown>) => new Map([...keys].map((key) => [key, 1]));
    expect(isStrictlyEqual(toMap(one()), toMap(other()))).toBe(false);
  });

  it('holds between a value and its copy', () => {
    const all = { withDate: true, withMap: true, withSet: true, withTypedArray: true, withBigInt: true } as const;
    fc.assert(
      fc.property(
        fc.clone(fc.anything({ ...all, withSparseArray: true, withNullPrototype: true }), 2),
        ([one, other]) => {
          expect(isStrictlyEqual(one, other)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('comes to an end where values hold themselves', () => {
    const makeRing = (length: number): object => {
      const first: { next?: object } = {};
      let last = first;
      for (let index = 1; index < length; index++) last = last.next = {};
      last.next = first;
      return first;
    };
    expect(isStrictlyEqual(makeRing(2), makeRing(2))).toBe(true);
    expect(isStrictlyEqual([makeRing(2), 1], [makeRing(2), 2])).toBe(false);
  });

  it('lets asymmetric matchers of the runner stand for what is expected, at any depth', () => {
    const order = { id: 'o1', lines: [{ price: 0.1 + 0.2, at: new Date() }] };
    const matching = {
      id: expect.any(String) as unknown,
      lines: [{ price: expect.closeTo(0.3) as unknown, at: expect.anything() as unknown }],
    };
    expect(isStrictlyEqual(order, matching)).toBe(true);
    expect(isStrictlyEqual({ ...order, id: 1 }, matching)).toBe(false);
    expect(isStrictlyEqual({ ...order, more: 1 }, expect.objectContaining({ id: 'o1' }))).toBe(true);
    expect(isStrictlyEqual(new Set(['a']), new Set([expect.any(String)]))).toBe(true);
    expect(isStrictlyEqual(new Map([['a', 1]]), new Map([['a', expect.any(String)]]))).toBe(false);
    expect(isStrictlyEqual(matching, order)).toBe(false);
  });

  it('takes nothing for an asymmetric matcher that only comes as one', () => {
    expect(isStrictlyEqual(expect.any(String), 'a')).toBe(false);
  });
});

function hasUndefinedProperty(leaf: unknown): boolean {
  return leaf?.constructor === Object && Object.values(leaf).includes(undefined);
}

function isEqualForVitest(actual: unknown, expected: unknown): boolean {
  try {
    expect(actual).not.toStrictEqual(expected);
    return false;
  } catch {
    return true;
  }
}
