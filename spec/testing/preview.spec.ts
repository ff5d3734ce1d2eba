import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preview } from '../../lib/testing/preview.ts';

class Money {
  readonly amount = 4;
}

const ring: unknown[] = [];
ring.push(ring);

const everything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  stringUnit: 'binary',
} as const);

describe('a preview', () => {
  it.each<[string, unknown]>([
    ["'a'", 'a'],
    ["'it\\'s\\nhere, \\\\o/'", "it's\nhere, \\o/"],
    ['-0', -0],
    ['NaN', NaN],
    ['12n', 12n],
    ['undefined', undefined],
    ['Symbol(a)', Symbol('a')],
    ['null', null],
    ['[function max]', Math.max],
    [
      '[function]',
      (
        () => () =>
          1
      )(),
    ],
    ['2026-01-02T00:00:00.000Z', new Date('2026-01-02')],
    ['[invalid date]', new Date(NaN)],
    ['/a/gu', /a/gu],
    ['[TypeError: no]', new TypeError('no')],
    ['[Error: one\\ntwo\\r\\u2028]', new Error('one\ntwo\r\u2028')],
    ["[1, 'a', []]", [1, 'a', []]],
    ["{ a: 1, 'b-c': { d: [2] } }", { a: 1, 'b-c': { d: [2] } }],
    ['{}', {}],
    ['{ a: 1 }', Object.assign(Object.create(null) as object, { a: 1 })],
    ['Money { amount: 4 }', new Money()],
    ['Set { 1, 2 }', new Set([1, 2])],
    ["Map { 'a' => { b: 1 } }", new Map([['a', { b: 1 }]])],
    ['Uint8Array(3 bytes)', Uint8Array.of(1, 2, 3)],
    ['[[circular]]', ring],
    ['[[[[[…]]]]]', [[[[[[]]]]]]],
  ])('is short, and like the literal: %s', (text, value) => {
    expect(preview(value)).toBe(text);
  });

  it('shows twenty entries, and that there are more', () => {
    expect(preview(Array.from({ length: 20 }, () => 1))).not.toContain('…');
    expect(preview(Array.from({ length: 21 }, () => 1))).toMatch(/^\[(?:1, ){20}…\]$/u);
  });

  it('ends where it would be too long', () => {
    expect(preview('a'.repeat(600))).toBe(`'${'a'.repeat(498)}…`);
    expect(preview({ text: 'long' }, 8)).toBe('{ text:…');
  });

  it('is one line that is never too long, and the same each time, whatever the value is', () => {
    fc.assert(
      fc.property(fc.clone(everything, 2), fc.integer({ min: 1, max: 600 }), ([one, other], maxLength) => {
        const text = preview(one, maxLength);
        expect(text).toBe(preview(other, maxLength));
        expect(text.length).toBeLessThanOrEqual(maxLength);
        expect(text).not.toMatch(/[\n\r\u2028\u2029]/u);
      }),
      { numRuns: 2_000 },
    );
  });

  it('says so where a value cannot be read', () => {
    const hostile = {
      get name(): string {
        throw new Error('no');
      },
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect([preview(hostile), preview([hostile]), preview(proxy)]).toStrictEqual(Array(3).fill('[unreadable]'));
  });
});
