import {
  circuitBreaker,
  createProcessor,
  deduplicate,
  type DeduplicateOptions,
  InvalidOptionError,
  MillraceError,
  type ProcessorOptions,
  retryWithBackoff,
} from 'millrace';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';

/** An option, what is expected of it, and values that are not. */
interface Case {
  readonly option: string;
  readonly expected: string;
  readonly values: readonly unknown[];
}

const DELAY = 'milliseconds ≥ 0 and ≤ 2147483647';
const POSITIVE_DELAY = 'milliseconds > 0 and ≤ 2147483647';

const RETRY: readonly Case[] = [
  { option: 'maxAttempts', expected: 'a whole number ≥ 1 or Infinity', values: [0, -1, 1.5, NaN, -Infinity, '3'] },
  { option: 'delayMs', expected: DELAY, values: [-1, NaN, Infinity, 2 ** 31, '100', null] },
  { option: 'multiplier', expected: 'a finite number ≥ 1', values: [0, 0.5, -2, NaN, Infinity, '2'] },
  { option: 'maxDelayMs', expected: DELAY, values: [-1, NaN, Infinity, 2 ** 31, '100'] },
  { option: 'jitter', expected: "one of 'none', 'equal', 'full'", values: ['half', '', true, null] },
  { option: 'retryIf', expected: 'a function', values: [true, 'always', {}] },
];

const BREAKER: readonly Case[] = [
  { option: 'failureThreshold', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, NaN, Infinity, '3'] },
  { option: 'resetAfterMs', expected: POSITIVE_DELAY, values: [0, -1, NaN, Infinity, 2 ** 31, '100'] },
];

const BATCH: readonly Case[] = [
  { option: 'maxSize', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, NaN, Infinity, '3', null] },
  { option: 'maxWaitMs', expected: DELAY, values: [-1, NaN, -Infinity, 2 ** 31, '100', null] },
];

const PROCESSOR: readonly Case[] = [
  { option: 'concurrency', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, NaN, Infinity, '2', null] },
  { option: 'capacity', expected: 'a whole number ≥ 0 or Infinity', values: [-1, 0.5, NaN, -Infinity, '1', null] },
  {
    option: 'overflow',
    expected: "one of 'suspend', 'drop-oldest', 'drop-newest', 'fail'",
    values: ['drop', 'Suspend', '', null],
  },
  { option: 'strategy', expected: "one of 'queue', 'switch', 'exhaust'", values: ['parallel', '', null] },
  { option: 'key', expected: 'a function', values: ['userId', {}, 5, null] },
  { option: 'timeoutMs', expected: POSITIVE_DELAY, values: [0, -1, NaN, Infinity, 2 ** 31, '100'] },
  { option: 'name', expected: 'a text that is not empty', values: ['', '  ', 5, null] },
  { option: 'random', expected: 'a function', values: [0.5, 'seed'] },
  { option: 'createId', expected: 'a function', values: ['uuid', 1] },
];

const DEDUPLICATE: readonly Case[] = [
  { option: 'maxSize', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, NaN, Infinity, '5'] },
  { option: 'maxAgeMs', expected: POSITIVE_DELAY, values: [0, -1, NaN, 2 ** 31, '5'] },
  { option: 'concurrency', expected: 'a whole number ≥ 1 or Infinity', values: [0, -1, 1.5, NaN, '5'] },
];

/** One row a value. */
function each(
  cases: readonly Case[],
  prefix = '',
): { option: string; expected: string; value: unknown; named: string }[] {
  return cases.flatMap(({ option, expected, values }) =>
    values.map((value) => ({ option, expected, value, named: `${prefix}${option}` })),
  );
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** An InvalidOptionError with its code, that says what was expected and what came. */
function expectRefused(make: () => unknown, named: string, expected: string, value: unknown): void {
  let error: unknown;
  try {
    make();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(InvalidOptionError);
  expect(error).toBeInstanceOf(MillraceError);
  expect(error).toMatchObject({ name: 'InvalidOptionError', code: 'INVALID_OPTION' });
  expect((error as Error).message).toBe(`Expected ${named} to be ${expected}, got ${shown(value)}.`);
}

const process = (options: unknown): unknown => createProcessor(() => undefined, options as ProcessorOptions<string>);

describe('a processor refuses', () => {
  it.each(each(PROCESSOR))('$option: $value', ({ option, expected, value, named }) => {
    expectRefused(() => process({ [option]: value }), named, expected, value);
  });

  it.each(each(RETRY, 'retry.'))('retry.$option: $value', ({ option, expected, value, named }) => {
    expectRefused(() => process({ retry: { [option]: value } }), named, expected, value);
  });

  it.each(each(BREAKER, 'breaker.'))('breaker.$option: $value', ({ option, expected, value, named }) => {
    expectRefused(() => process({ breaker: { [option]: value } }), named, expected, value);
  });

  it.each(each(BATCH, 'batch.'))('batch.$option: $value', ({ option, expected, value, named }) => {
    expectRefused(() => process({ batch: { [option]: value } }), named, expected, value);
  });

  it.each(['switch', 'exhaust'])('a batch with strategy %s: there, events do not wait for each other', (strategy) => {
    expect(() => process({ batch: { maxSize: 5 }, strategy })).toThrow(
      expect.objectContaining({
        name: 'InvalidOptionError',
        code: 'INVALID_OPTION',
        message: `Expected no batch with strategy '${strategy}', got one. Leave out one of the two: only with 'queue' do events wait for each other.`,
      }),
    );
    expect(() => process({ batch: undefined, strategy })).not.toThrow();
  });

  it.each(['retry', 'breaker', 'batch'])('a policy that is none: %s', (option) => {
    for (const value of [3, true, 'always', null]) {
      expect(() => process({ [option]: value })).toThrow(InvalidOptionError);
    }
  });

  it.each([-1, NaN, Infinity, '5'])('a drain with deadlineMs: %s', async (deadlineMs) => {
    const processor = createProcessor<string>(() => undefined);
    const draining = processor.drain({ deadlineMs: deadlineMs as number });
    await expect(draining).rejects.toBeInstanceOf(InvalidOptionError);
    await expect(draining).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: `Expected deadlineMs to be ${DELAY}, got ${shown(deadlineMs)}.`,
    });
    expect(processor.stats().state).toBe('open');
  });

  it('never with the content of what came, which may be private', () => {
    const secret = { password: 'open sesame' };
    for (const option of ['concurrency', 'capacity', 'overflow', 'strategy', 'key', 'timeoutMs', 'name']) {
      expect(() => process({ [option]: secret })).toThrow(/got an object/u);
    }
    expect(() => process({ overflow: 'x'.repeat(10_000) })).toThrow(/^.{1,300}$/u);
  });

  it.each([
    { concurrency: 1_000_000 },
    { capacity: 0 },
    { capacity: Infinity },
    { timeoutMs: 0.5 },
    { timeoutMs: 2 ** 31 - 1 },
    { retry: {} },
    { retry: { maxAttempts: Infinity, delayMs: 0, multiplier: 1, maxDelayMs: 0, jitter: 'none' } },
    { retry: { delayMs: () => 0 } },
    { breaker: {} },
    { batch: {} },
    { batch: { maxSize: 1, maxWaitMs: 0 } },
    { batch: { maxSize: 1_000_000, maxWaitMs: Infinity } },
    { batch: { maxSize: 5 }, strategy: 'queue', key: String, concurrency: 4, retry: {}, timeoutMs: 5, breaker: {} },
    { name: undefined, key: undefined, retry: undefined, timeoutMs: undefined, breaker: undefined, batch: undefined },
  ])('nothing that works: %o', (options) => {
    expect(() => process(options)).not.toThrow();
  });
});

describe('retryWithBackoff refuses', () => {
  it.each(each(RETRY, 'retry.'))('$option: $value, when it is made', ({ option, expected, value, named }) => {
    const make = (): unknown => retryWithBackoff({ [option]: value });
    expectRefused(make, named, expected, value);
  });

  it('random: 0.5', () => {
    expect(() => retryWithBackoff({ random: 0.5 as never })).toThrow(InvalidOptionError);
  });
});

describe('circuitBreaker refuses', () => {
  it.each(each(BREAKER, 'breaker.'))('$option: $value, when it is made', ({ option, expected, value, named }) => {
    const make = (): unknown => circuitBreaker({ [option]: value });
    expectRefused(make, named, expected, value);
  });
});

describe('deduplicate refuses', () => {
  it.each(each(DEDUPLICATE))('$option: $value, when it is made', ({ option, expected, value, named }) => {
    const options = { [option]: value } as DeduplicateOptions;
    const make = (): unknown => deduplicate(String, (item) => of(item), options);
    expectRefused(make, named, expected, value);
  });

  it.each(['id', {}, null, undefined])('a key or a project that is no function: %o', (value) => {
    const given = value as never;
    expectRefused(() => deduplicate(given, (item) => of(item)), 'key', 'a function', value);
    expectRefused(() => deduplicate(String, given), 'project', 'a function', value);
  });
});
