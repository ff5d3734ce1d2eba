import * as fc from 'fast-check';
import { InvalidOptionError } from 'millrace';
import { diagram, type TestFailure, virtualTest } from 'millrace/testing';
import { concat, NEVER, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { Letters } from '../../lib/testing/picture/letters.ts';
import { marbleText } from '../../lib/testing/picture/marble-text.ts';
import { parseDiagram } from '../../lib/testing/virtual/diagram-syntax.ts';
import { mismatch } from '../../lib/testing/virtual/mismatch.ts';
import type { Moment } from '../../lib/testing/virtual/moment.ts';
import { isStrictlyEqual } from '../../lib/testing/strict-equality.ts';

/** Any moments, in the order of time. */
const anyMoments = fc
  .array(fc.record({ pauseMs: fc.oneof(fc.nat(3), fc.nat(30)), value: fc.constantFrom('a', 'b', 'c') }), {
    maxLength: 5,
  })
  .map((all) => {
    let at = 0;
    return all.map(({ pauseMs, value }): Moment => {
      at += pauseMs;
      return { at, notification: { kind: 'N', value } };
    });
  });

describe('diagram', () => {
  it(
    'draws what a stream does, in the syntax in which it can be expected',
    virtualTest(async ({ time, cold }) => {
      const picture = diagram(cold('-a--(bc) 2s d 15ms e|'));
      await time.runAll();
      expect(String(picture)).toBe('-a--(bc) 2s d 15ms e|');
    }),
  );

  it(
    'draws what has happened so far, and goes on',
    virtualTest(async ({ time, hot }) => {
      const source$ = hot('-a-b---c');
      await time.advance(2);
      using picture = diagram(source$);
      expect(String(picture)).toBe('');
      await time.advance(3);
      expect(String(picture)).toBe('-b');
      await time.advance(3);
      expect(String(picture)).toBe('-b---c');
    }),
  );

  it(
    'stops listening, and keeps its picture',
    virtualTest(async ({ time, hot }) => {
      const source$ = hot('-a-b-c');
      const picture = diagram(source$);
      await time.advance(4);
      picture.unsubscribe();
      await time.runAll();
      expect(String(picture)).toBe('-a-b');
      expect(source$.subscriptions).toStrictEqual([{ from: 0, to: 4 }]);
    }),
  );

  it(
    'lets single characters stand for themselves, and says what other letters stand for',
    virtualTest(() => {
      const values = ['b', { id: 1 }, 'two', { id: 1 }, undefined, ' ', '-', '🚀', 7];
      expect(String(diagram(of(...values)))).toMatchInlineSnapshot(`
      "(bacadef🚀g|)
      a = { id: 1 }
      c = 'two'
      d = undefined
      e = ' '
      f = '-'
      g = 7"
    `);
    }),
  );

  it(
    'takes the letters that it is given',
    virtualTest(() => {
      const picture = diagram(of({ id: 2 }, { id: 1 }, 'a'), { values: { a: { id: 1 }, q: { id: 2 } } });
      expect(String(picture)).toMatchInlineSnapshot(`
      "(qab|)
      a = { id: 1 }
      q = { id: 2 }
      b = 'a'"
    `);
    }),
  );

  it(
    'has a letter for sixty-two values, and a question mark for more',
    virtualTest(() => {
      const values = Array.from({ length: 64 }, (_, id) => ({ id }));
      const [drawn] = String(diagram(of(...values))).split('\n');
      expect(drawn).toBe('(abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789??|)');
    }),
  );

  it(
    'draws an error',
    virtualTest(() => {
      const picture = diagram(
        concat(
          of('a'),
          throwError(() => new Error('late')),
        ),
      );
      expect(String(picture)).toBe('(a#)\n# = [Error: late]');
    }),
  );

  it(
    'writes the time in brackets where a group leaves no room for it',
    virtualTest(async ({ time }) => {
      const subject = new Subject<string>();
      const picture = diagram(subject);
      for (const letter of 'abc') subject.next(letter);
      await time.advance(2);
      subject.next('d');
      await time.advance(1);
      subject.complete();
      expect(String(picture)).toBe('(abc)[2ms]d|');
    }),
  );

  it('tells the time of the scheduler that it is given', () => {
    const scheduler = new TestScheduler(() => {});
    const picture = scheduler.run(({ cold, flush }) => {
      const drawn = diagram(cold('-a-|'), { scheduler });
      flush();
      return drawn;
    });
    expect(String(picture)).toBe('-a-|');
  });

  it('draws nothing of a stream that does nothing', () => {
    expect(String(diagram(NEVER))).toBe('');
  });

  it('refuses what is no stream', () => {
    expect(() => diagram(Promise.resolve() as never)).toThrow(InvalidOptionError);
    expect(() => diagram(Promise.resolve() as never)).toThrow('Expected an Observable, got');
  });
});

describe('the text of moments', () => {
  const letter = fc.constantFrom(...Array.from('abcxyzAZ059$é🚀'));

  /** Moments that marbles can say: whole milliseconds, and room for each group. */
  const representable = fc
    .tuple(
      fc.array(
        fc.record({
          pauseMs: fc.oneof(fc.nat(12), fc.nat(5_000)),
          values: fc.array(letter, { minLength: 1, maxLength: 3 }),
        }),
      ),
      fc.constantFrom('', '|', '#'),
      fc.nat(20),
    )
    .map(([turns, end, pauseMs]) => {
      const moments: Moment[] = [];
      let at = 0;
      for (const turn of turns) {
        at += turn.pauseMs;
        moments.push(...turn.values.map((value): Moment => ({ at, notification: { kind: 'N', value } })));
        at += turn.values.length === 1 ? 1 : turn.values.length + 2;
      }
      if (end === '|') moments.push({ at: at + pauseMs, notification: { kind: 'C' } });
      if (end === '#') moments.push({ at: at + pauseMs, notification: { kind: 'E', error: 'error' } });
      return moments;
    });

  it('is read as the same moments', () => {
    fc.assert(
      fc.property(representable, (moments) => {
        const text = marbleText(moments, new Letters());
        expect(parseDiagram('cold', text)).toStrictEqual(moments);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is read as the same moments by its letters, whatever the values are', () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 20 }), (values) => {
        const letters = new Letters();
        const moments = values.map((value, at): Moment => ({ at, notification: { kind: 'N', value } }));
        const text = marbleText(moments, letters);
        const meaning = Object.fromEntries(values.map((value) => [letters.of(value), value]));
        const read = parseDiagram('cold', text, meaning);
        expect(isStrictlyEqual(read, moments)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the picture of a mismatch', () => {
  it('marks the first difference', () => {
    const pictures = [
      ['a value', '-a--b|', '-a--c|'],
      ['a time', '-a--b|', '-a-b|'],
      ['a time, far away', '-a 200ms b|', '-a 201ms b|'],
      ['one too many', '-a', '-a-b'],
      ['one too few', '-a-b|', '-a'],
      ['nothing at all', '5s a', ''],
      ['the order of a group', '--(ab)', '--(ba)'],
      ['a longer group', '--(ab)--c', '--(abd)-c'],
      ['an error for an end', '-a|', '-a#'],
    ].map(([what, expected, actual]) => `${what}\n${pictureOf(expected!, actual!)}`);
    expect(pictures.join('\n\n')).toMatchInlineSnapshot(`
      "a value
        expected  -a--b|
        actual    -a--c|
                      ^

      a time
        expected  -a--b|
        actual    -a-b|
                     ^

      a time, far away
        expected  -a 200ms b|
        actual    -a 200ms -b|
                           ^

      one too many
        expected  -a
        actual    -a-b
                     ^

      one too few
        expected  -a-b|
        actual    -a
                     ^

      nothing at all
        expected  5s a
        actual    
                     ^

      the order of a group
        expected  --(ab)
        actual    --(ba)
                    ^

      a longer group
        expected  --(ab)--c
        actual    --(abd)-c
                    ^

      an error for an end
        expected  -a|
        actual    -a#
                    ^"
    `);
  });

  it('says what was expected, and what came, to be copied', () => {
    const failure = compare(parseDiagram('cold', '--(ab)|'), parseDiagram('cold', '--(ab) 20ms |'));
    expect(failure).toMatchObject({ expected: '--(ab)|', actual: '--(ab) 20ms |' });
    expect(failure?.message).toMatchInlineSnapshot(`
      "Expected the stream to be as drawn, but at 6 ms there is nothing instead of the completion.

        expected  --(ab)|
        actual    --(ab)- 19ms |
                        ^
        The actual one, to be copied: '--(ab) 20ms |'
      "
    `);
  });

  it('says what letters stand for, and that two errors differ', () => {
    const values = { a: { id: 1 }, b: { id: 2 } };
    const expected = parseDiagram('cold', '-a-#', values, new Error('late'));
    const actual = parseDiagram('cold', '-a-#', values, new Error('refused'));
    expect(mismatch(actual, expected, values, isStrictlyEqual)?.message).toMatchInlineSnapshot(`
      "Expected the stream to be as drawn, but at 3 ms there is the error [Error: refused] instead of the error [Error: late].

        expected  -a-#
        actual    -a-#
                     ^
        # = [Error: late] (expected)
        # = [Error: refused] (actual)
        a = { id: 1 }
        b = { id: 2 }
        The actual one, to be copied: '-a-#'
      "
    `);
  });

  it('marks the column of the first difference, and nothing differs before it', () => {
    fc.assert(
      fc.property(anyMoments, anyMoments, (expected, actual) => {
        const failure = compare(expected, actual);
        if (failure === undefined) {
          expect(actual).toStrictEqual(expected);
          return;
        }
        const [drawn, came, pointer] = failure.message.split('\n').slice(2, 5);
        const column = pointer!.indexOf('^');
        const [before, cameBefore] = [drawn!.slice(12, column), came!.slice(12, column)];
        // What only fills a row up to the end of the other one is left out.
        expect(before.startsWith(cameBefore) || cameBefore.startsWith(before)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('can be read as two diagrams, unless a group leaves no room', () => {
    fc.assert(
      fc.property(anyMoments, anyMoments, (expected, actual) => {
        const [drawn, came] = compare(expected, actual)?.message.split('\n').slice(2, 4) ?? [];
        fc.pre(drawn !== undefined && came !== undefined && !/\[/u.test(drawn + came));
        expect(parseDiagram('cold', drawn.slice(12))).toStrictEqual(expected);
        expect(parseDiagram('cold', came.slice(12))).toStrictEqual(actual);
      }),
      { numRuns: 500 },
    );
  });
});

function compare(expected: readonly Moment[], actual: readonly Moment[]): TestFailure | undefined {
  return mismatch(actual, expected, undefined, isStrictlyEqual);
}

function pictureOf(expected: string, actual: string): string | undefined {
  const failure = compare(parseDiagram('cold', expected), parseDiagram('cold', actual));
  return failure?.message.split('\n').slice(2, 5).join('\n');
}
