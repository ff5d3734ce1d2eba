import { type ChannelOptions, ClosedError, createChannel, InvalidOptionError, type WorkerOptions } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';

/** An option, what is expected of it, and values that are not. */
interface Case {
  readonly option: string;
  readonly expected: string;
  readonly values: readonly unknown[];
}

const CHANNEL: readonly Case[] = [
  { option: 'capacity', expected: 'a whole number ≥ 0 or Infinity', values: [-1, 0.5, NaN, -Infinity, '1', null] },
  { option: 'name', expected: 'a text that is not empty', values: ['', '  ', 5, null] },
  { option: 'random', expected: 'a function', values: [0.5, 'seed'] },
  { option: 'createId', expected: 'a function', values: ['uuid', 1] },
];

const WORKERS: readonly Case[] = [
  { option: 'concurrency', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, NaN, Infinity, '2', null] },
  { option: 'key', expected: 'a function', values: ['userId', {}, 5, null] },
  { option: 'timeoutMs', expected: 'milliseconds > 0 and ≤ 2147483647', values: [0, -1, NaN, Infinity, '100'] },
  { option: 'name', expected: 'a text that is not empty', values: ['', '  ', 5, null] },
];

/** One row a value. */
function each(cases: readonly Case[]): { option: string; expected: string; value: unknown }[] {
  return cases.flatMap(({ option, expected, values }) => values.map((value) => ({ option, expected, value })));
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function expectRefused(make: () => unknown, message: string): void {
  let error: unknown;
  try {
    make();
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(InvalidOptionError);
  expect(error).toMatchObject({ code: 'INVALID_OPTION', message });
}

const create = (options: unknown): unknown => createChannel(options as ChannelOptions<string>);

describe('createChannel refuses', () => {
  it.each(each(CHANNEL))('$option: $value', ({ option, expected, value }) => {
    expectRefused(() => create({ [option]: value }), `Expected ${option} to be ${expected}, got ${shown(value)}.`);
  });

  it.each([null, 'orders', 5])('options that are none: %s', (options) => {
    expectRefused(() => create(options), `Expected options to be an object of options, got ${shown(options)}.`);
  });

  it.each([undefined, {}, { capacity: 0 }, { capacity: Infinity }, { capacity: undefined, name: undefined }])(
    'nothing that works: %o',
    (options) => {
      expect(() => create(options)).not.toThrow();
    },
  );
});

describe('process refuses', () => {
  const process = (options: unknown): unknown =>
    createChannel<string>().process(() => undefined, options as WorkerOptions<string>);

  it.each(each(WORKERS))('$option: $value', ({ option, expected, value }) => {
    expectRefused(() => process({ [option]: value }), `Expected ${option} to be ${expected}, got ${shown(value)}.`);
  });

  it.each([
    { option: 'capacity', value: 5, remedy: 'Their channel has the bound: give capacity to createChannel().' },
    {
      option: 'overflow',
      value: 'drop-oldest',
      remedy: 'Their channel has the bound: give capacity to createChannel().',
    },
    {
      option: 'strategy',
      value: 'switch',
      remedy: 'Items of a channel wait for their turn: other strategies are for bus.on() and createProcessor().',
    },
  ])('$option, which is not its to decide', ({ option, value, remedy }) => {
    expectRefused(
      () => process({ [option]: value }),
      `Expected no ${option} in the options of workers, got one. ${remedy}`,
    );
  });

  it.each([null, 'pack', 5])('options that are none: %s', (options) => {
    expectRefused(() => process(options), `Expected options to be an object of options, got ${shown(options)}.`);
  });

  it.each(['retry', 'breaker', 'batch'])('a policy that is none: %s', (option) => {
    for (const value of [3, true, 'always']) expect(() => process({ [option]: value })).toThrow(InvalidOptionError);
  });

  it.each([undefined, null, 'handle', {}, { handle: 'me' }])('a handler that is none: %o', (handler) => {
    expect(() => createChannel<string>().process(handler as never)).toThrow(
      /^Expected a handler to be a function or an object with handle\(event, context\), got /u,
    );
  });

  it('without a trace: the channel is as it was', () => {
    const channel = createChannel<string>({ capacity: 1 });
    const make = (options: object): unknown => channel.process(() => undefined, { name: 'pack', ...options });
    expect(() => make({ concurrency: 0 })).toThrow(InvalidOptionError);
    expect(() => make({ batch: { maxSize: 0 } })).toThrow(InvalidOptionError);
    expect(channel.stats().workers).toEqual([]);
    expect([channel.trySend('a'), channel.trySend('b')]).toEqual([true, false]);
    expect(() => make({ concurrency: 1 })).not.toThrow();
  });
});

describe('send', () => {
  it.each([{ signal: {} }, { signal: 'stop' }])(
    'rejects where it would have to wait for what is no signal, with nothing sent: %o',
    async (options) => {
      const channel = createChannel<string>({ capacity: 0 });
      await expect(channel.send('a', options as never)).rejects.toBeInstanceOf(TypeError);
      expect(channel.stats()).toMatchObject({ accepted: 0, suspended: 0 });
    },
  );

  it('never throws: what goes wrong is in its promise', async () => {
    const channel = createChannel<string>();
    const sending = channel.send('a', null as never);
    await expect(sending).resolves.toBeUndefined();
    channel.close();
    let refused: Promise<void> | undefined;
    expect(() => (refused = channel.send('b'))).not.toThrow();
    await expect(refused).rejects.toBeInstanceOf(ClosedError);
  });

  it(
    'reports no rejection that its producer has handled',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>({ capacity: 0 });
      const controller = new AbortController();
      const refused = channel.send('a', { signal: controller.signal }).catch(() => 'handled');
      controller.abort();
      channel.close();
      await time.settle();
      expect(await refused).toBe('handled');
    }),
  );
});
