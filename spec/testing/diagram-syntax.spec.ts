import * as fc from 'fast-check';
import { InvalidOptionError } from 'millrace';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { parseDiagram, parseSubscription } from '../../lib/testing/virtual/diagram-syntax.ts';
import type { Moment } from '../../lib/testing/virtual/moment.ts';

/** A diagram and what it says. */
interface Drawn {
  readonly text: string;
  readonly moments: readonly Moment[];
  readonly durationMs: number;
}

type Part = (at: number) => Drawn;

const next = (at: number, value: unknown): Moment => ({ at, notification: { kind: 'N', value } });
const ends: Readonly<Record<string, Moment['notification']>> = {
  '|': { kind: 'C' },
  '#': { kind: 'E', error: 'error' },
};

const letter = fc.constantFrom(...Array.from('abcxyzAZ$é🚀'));
const pause: fc.Arbitrary<Part> = fc
  .integer({ min: 1, max: 5 })
  .map((durationMs) => () => ({ text: '-'.repeat(durationMs), moments: [], durationMs }));
const space: fc.Arbitrary<Part> = fc
  .constantFrom(' ', '  ', '\t', '\n')
  .map((text) => () => ({ text, moments: [], durationMs: 0 }));
const time: fc.Arbitrary<Part> = fc
  .record({ amount: fc.integer({ min: 0, max: 900 }), unit: fc.constantFrom('ms', 's', 'm') })
  .map(({ amount, unit }) => () => ({
    text: ` ${amount}${unit} `,
    moments: [],
    durationMs: amount * { ms: 1, s: 1_000, m: 60_000 }[unit],
  }));
const value: fc.Arbitrary<Part> = letter.map((text) => (at) => ({ text, moments: [next(at, text)], durationMs: 1 }));
const group: fc.Arbitrary<Part> = fc.array(letter, { minLength: 1, maxLength: 4 }).map((letters) => (at) => ({
  text: `(${letters.join('')})`,
  moments: letters.map((each) => next(at, each)),
  durationMs: letters.length + 2,
}));
const end: fc.Arbitrary<Part> = fc.constantFrom('', '|', '#', '(a|)', '(bc#)').map((text) => (at) => {
  const marks = Array.from(text.replaceAll(/[()]/gu, ''));
  const moments = marks.map((mark) => (ends[mark] ? { at, notification: ends[mark] } : next(at, mark)));
  return { text, moments, durationMs: text.length };
});
const body = fc.array(fc.oneof(pause, space, time, value, group), { maxLength: 12 });

/** A well-formed cold diagram. */
const cold = fc.tuple(body, end).map(([parts, last]) => draw([...parts, last]));
/** A well-formed hot one with a `^`, before which RxJS allows no time. */
const hot = fc
  .tuple(fc.array(fc.oneof(pause, space, value, group), { maxLength: 5 }), body, end)
  .map(([before, after, last]) => {
    const past = draw(before);
    const future = draw([...after, last], 1);
    return {
      text: `${past.text}^${future.text}`,
      past: past.moments.length,
      moments: [
        ...past.moments.map(({ at, notification }) => ({ at: at - past.durationMs, notification })),
        ...future.moments,
      ],
    };
  });

function draw(parts: readonly Part[], from = 0): Drawn {
  let [at, text] = [from, ''];
  const moments: Moment[] = [];
  for (const part of parts) {
    const drawn = part(at);
    at += drawn.durationMs;
    text += drawn.text;
    moments.push(...drawn.moments);
  }
  return { text, moments, durationMs: at - from };
}

/** What RxJS itself makes of a diagram, in its run mode. */
function stock(kind: 'cold' | 'hot', marbles: string): readonly Moment[] {
  const scheduler = new TestScheduler(() => {});
  const messages = scheduler.run((helpers) => helpers[kind](marbles).messages);
  return messages.map(({ frame, notification }) => ({
    at: frame,
    notification: JSON.parse(JSON.stringify(notification)),
  }));
}

describe('a diagram', () => {
  it('says what it was drawn from', () => {
    fc.assert(
      fc.property(cold, ({ text, moments }) => {
        expect(parseDiagram('cold', text)).toStrictEqual(moments);
      }),
      { numRuns: 1_000 },
    );
  });

  it('says the same to RxJS, which knows no other white space than a space, and a time only before one', () => {
    fc.assert(
      fc.property(cold, ({ text, moments }) => {
        expect(stock('cold', `${text.replaceAll(/\s/gu, ' ')} `)).toStrictEqual(moments);
      }),
      { numRuns: 300 },
    );
  });

  it('of a hot source begins at its ^', () => {
    fc.assert(
      fc.property(hot, ({ text, moments }) => {
        expect(parseDiagram('hot', text)).toStrictEqual(moments);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of a hot source says the same to RxJS, as far as RxJS can count what is before the ^', () => {
    fc.assert(
      fc.property(
        hot.filter(({ text }) => !/\S\s+[^]*\^|🚀[^]*\^/u.test(text)),
        ({ text, moments, past }) => {
          // Groups before the beginning are taken apart by RxJS; nobody hears them.
          expect(stock('hot', `${text.replaceAll(/\s/gu, ' ')} `).slice(past)).toStrictEqual(moments.slice(past));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is either refused with its place, or means what RxJS says it means', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('cold', 'hot'),
        fc.string({ unit: fc.constantFrom(...Array.from('--aab1259ms.()|#^! ')), maxLength: 14 }),
        (kind, text) => {
          let moments: readonly Moment[];
          try {
            moments = parseDiagram(kind, text);
          } catch (error) {
            expectPointer(error, text);
            return;
          }
          if (/\S\s+[^]*\^/u.test(text)) return;
          const heard = (all: readonly Moment[]): readonly Moment[] => all.filter(({ at }) => at >= 0);
          expect(heard(moments)).toStrictEqual(heard(stock(kind, `${text} `)));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('takes values for letters, and anything for an error, also what is falsy', () => {
    const values = { a: undefined, b: { id: 1 } };
    expect(parseDiagram('cold', 'ab', values)).toStrictEqual([next(0, undefined), next(1, values.b)]);
    for (const error of [0, '', false, null, new Error('late')]) {
      expect(parseDiagram('cold', '-#', undefined, error)).toStrictEqual([
        { at: 1, notification: { kind: 'E', error } },
      ]);
    }
    expect(parseDiagram('cold', '#')).toStrictEqual([{ at: 0, notification: ends['#'] }]);
  });

  it('knows a time at its end, which RxJS takes for letters', () => {
    expect(parseDiagram('cold', '2ms')).toStrictEqual([]);
    expect(parseDiagram('cold', 'a 1.5s b|')).toStrictEqual([
      next(0, 'a'),
      next(1_501, 'b'),
      { at: 1_502, notification: ends['|'] },
    ]);
  });

  it('leaves RxJS as it was, whatever comes', () => {
    const before = TestScheduler.frameTimeFactor;
    parseDiagram('cold', 'a-b|');
    expect(() => parseDiagram('cold', '(a')).toThrow();
    expect(TestScheduler.frameTimeFactor).toBe(before);
  });
});

describe('a malformed diagram', () => {
  it.each([
    {
      marbles: '-(ab',
      at: 4,
      expected: "Expected the ')' of the group that began at 1 at 4 of the marble diagram, got its end.",
    },
    { marbles: '-a)', at: 2, expected: "Expected a '(' before its ')' at 2" },
    { marbles: '((a)', at: 1, expected: 'Expected no group within the group that began at 0 at 1' },
    { marbles: '(a-b)', at: 2, expected: 'Expected no time within the group that began at 0 at 2' },
    { marbles: '(a 5ms b)', at: 3, expected: 'Expected no time within the group that began at 0 at 3' },
    { marbles: 'a|b', at: 2, expected: 'Expected nothing after the end at 1 at 2' },
    { marbles: 'a#|', at: 2, expected: 'Expected nothing after the end at 1 at 2' },
    { marbles: 'a|-(b)', at: 3, expected: 'Expected nothing after the end at 1 at 3' },
    { marbles: '(a|b)', at: 3, expected: 'Expected nothing after the end at 2 at 3' },
    { marbles: 'a--!', at: 3, expected: "Expected no '!', which only subscriptions have, at 3" },
    { marbles: '-^a', at: 1, expected: "Expected no '^', which only hot sources and subscriptions have, at 1" },
    { marbles: 'a9ms b', at: 1, expected: 'Expected a time to stand between spaces, or it is read as letters, at 1' },
    { marbles: '9ms|', at: 0, expected: 'Expected a time to stand between spaces, or it is read as letters, at 0' },
  ])('shows where: $marbles', ({ marbles, at, expected }) => {
    expect(() => parseDiagram('cold', marbles)).toThrow(expected);
    expect(() => parseDiagram('cold', marbles)).toThrow(`\n  ${marbles}\n  ${' '.repeat(at)}^`);
  });

  it.each([
    { marbles: '-^-^', at: 3, expected: "Expected one '^' only, which was at 1, at 3" },
    { marbles: '5ms ^a', at: 4, expected: "Expected '-' and no written time before '^' at 4" },
    { marbles: '(a^)', at: 2, expected: "Expected no '^' within the group that began at 0 at 2" },
  ])('of a hot source shows where: $marbles', ({ marbles, at, expected }) => {
    expect(() => parseDiagram('hot', marbles)).toThrow(expected);
    expect(() => parseDiagram('hot', marbles)).toThrow(`\n  ${marbles}\n  ${' '.repeat(at)}^`);
  });

  it.each([
    { marbles: '-a-!', at: 1, expected: "Expected '^', '!' or time at 1 of the marble diagram, got 'a'." },
    { marbles: '-^-|', at: 3, expected: "Expected '^', '!' or time at 3" },
    { marbles: '--!', at: 2, expected: "Expected a '^' before its '!' at 2" },
    { marbles: '!-^', at: 0, expected: "Expected a '^' before its '!' at 0" },
    { marbles: '^-!!', at: 3, expected: 'Expected nothing after the end at 2 at 3' },
    { marbles: '^-^', at: 2, expected: "Expected one '^' only, which was at 0, at 2" },
  ])('of a subscription shows where: $marbles', ({ marbles, at, expected }) => {
    expect(() => parseSubscription(marbles)).toThrow(expected);
    expect(() => parseSubscription(marbles)).toThrow(`\n  ${marbles}\n  ${' '.repeat(at)}^`);
  });

  it('has a letter without a value', () => {
    expect(() => parseDiagram('cold', 'a--c|', { a: 1, b: 2 })).toThrow(
      "Expected a letter that has a value ('a', 'b') at 3 of the marble diagram, got 'c'.\n  a--c|\n     ^",
    );
    expect(() => parseDiagram('cold', 'toString', { a: 1 })).toThrow("got 't'");
  });

  it('is no text at all', () => {
    expect(() => parseDiagram('cold', undefined as never)).toThrow(
      "Expected a marble diagram such as 'a--b|', got undefined.",
    );
  });
});

describe('the diagram of a subscription', () => {
  it.each([
    ['^', 0, Infinity],
    ['  --^--!--', 2, 5],
    ['5ms ^ 1s !', 5, 1_006],
    ['-(^!)', 1, 1],
    ['---', Infinity, Infinity],
    ['', Infinity, Infinity],
  ])('says from when to when: %j', (marbles, from, to) => {
    expect(parseSubscription(marbles)).toStrictEqual({ from, to });
  });
});

function expectPointer(error: unknown, text: string): void {
  expect(error).toBeInstanceOf(InvalidOptionError);
  const [said, drawn, pointer] = (error as Error).message.split('\n');
  const at = Number(/ at (?<at>\d+) of the marble diagram/u.exec(said!)?.groups?.['at']);
  expect(drawn).toBe(`  ${text}`);
  expect(pointer).toBe(`  ${' '.repeat(at)}^`);
}
