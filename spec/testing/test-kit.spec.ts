import assert from 'node:assert/strict';
import { createTestKit, marbles, TestFailure, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';

const { marbles: nodeMarbles, virtualTest: nodeVirtualTest } = createTestKit({ assertEqual: assert.deepStrictEqual });

describe('a test kit with the assertion of node:test', () => {
  it(
    'runs virtual tests',
    nodeVirtualTest(async ({ time, cold, expect: see }) => {
      see(cold('-a|', { a: { id: 1 } })).toBeObservable('-a|', { a: { id: 1 } });
      await time.advance(1_000);
      assert.equal(Date.now(), 1_000);
    }),
  );

  it(
    'runs marble tests',
    nodeMarbles((m) => m.expect(m.cold('-a|', { a: { id: 1 } })).toBeObservable('-a|', { a: { id: 1 } })),
  );

  it('fails as the kit does, with both diagrams', async () => {
    const wrong = nodeVirtualTest(({ cold, expect: see }) => see(cold('-a|')).toBeObservable('-b|'));
    await expect(wrong()).rejects.toThrow(TestFailure);
    await expect(wrong()).rejects.toThrow('expected  -b|\n  actual    -a|');
    expect(nodeMarbles((m) => m.expect(m.cold('-a|')).toBeObservable('-b|'))).toThrow('expected  -b|');
  });

  it('compares as that assertion does', async () => {
    // assert tells errors by their cause; vitest asks for it only where one is expected.
    const error = new Error('late', { cause: 1 });
    const expected = new Error('late');
    const test = (kit: typeof nodeVirtualTest): Promise<void> =>
      kit(({ cold, expect: see }) => see(cold('#', {}, error)).toBeObservable('#', {}, expected))();
    await expect(test(nodeVirtualTest)).rejects.toThrow('the error [Error: late] instead of the error [Error: late]');
    await test(virtualTest);
  });
});

describe('a test kit', () => {
  it('is asked for each comparison, by what came and what was expected', async () => {
    const compared: unknown[] = [];
    const kit = createTestKit({ assertEqual: (actual, expected) => compared.push([actual, expected]) });
    await kit.virtualTest(({ cold, expect: see }) => see(cold('a')).toBeObservable('a'))();
    kit.marbles((m) => m.expect(m.cold('a')).toBeObservable('a'))();
    expect(compared).toHaveLength(2);
    for (const [actual, expected] of compared as [unknown, unknown][]) expect(actual).toStrictEqual(expected);
  });

  it('takes a looser assertion', async () => {
    const { virtualTest: loose } = createTestKit({
      assertEqual: (actual, expected) => expect(actual).toEqual(expected),
    });
    const drawn: Record<string, object> = { a: { id: 1, name: undefined } };
    const test = (kit: typeof loose): Promise<void> =>
      kit(({ cold, expect: see }) => see(cold<object>('a', drawn)).toBeObservable('a', { a: { id: 1 } }))();
    await test(loose);
    await expect(test(virtualTest)).rejects.toThrow('as drawn');
  });

  it('lets asymmetric matchers of the runner stand for values, with its assertion or without', async () => {
    const strict = createTestKit({ assertEqual: (actual, expected) => expect(actual).toStrictEqual(expected) });
    for (const kit of [strict, { marbles, virtualTest }]) {
      const values = { a: expect.stringMatching(/^\d+$/u) as string };
      await kit.virtualTest(({ cold, expect: see }) => see(cold('-a|', { a: '42' })).toBeObservable('-a|', values))();
      kit.marbles((m) => m.expect(m.cold('-a|', { a: '42' })).toBeObservable('-a|', values))();
      const wrong = kit.virtualTest(({ cold, expect: see }) => see(cold('-a|')).toBeObservable('-a|', values));
      await expect(wrong()).rejects.toThrow('as drawn');
    }
  });

  it('asks for an assertion', () => {
    expect(() => createTestKit({} as never)).toThrow('Expected assertEqual to be a function, got undefined');
    expect(() => createTestKit({ assertEqual: assert as never })).not.toThrow();
  });
});
