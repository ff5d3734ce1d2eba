import {
  type BrokerMessage,
  InvalidOptionError,
  memoryBroker,
  type MemoryBrokerOptions,
  memoryBrokerStore,
  type MemoryBrokerStoreOptions,
  type SubscribeOptions,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { keep, messageOf } from '../support/broker-messages.ts';
import { settled } from '../support/virtual-clock.ts';

/** An option, what is expected of it, and values that are not. */
interface Case {
  readonly option: string;
  readonly expected: string;
  readonly values: readonly unknown[];
}

/** One row a value. */
function each(cases: readonly Case[]): { option: string; expected: string; value: unknown }[] {
  return cases.flatMap(({ option, expected, values }) => values.map((value) => ({ option, expected, value })));
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const TOKENS = "dot-separated tokens without spaces, '*' and '>', such as 'user.signed_up'";
const GROUP = "letters, digits, '-' and '_', which every broker can name";

const STORE: readonly Case[] = [
  { option: 'capacity', expected: 'a whole number ≥ 1 or Infinity', values: [0, -1, 1.5, NaN, '5', null] },
  { option: 'historySize', expected: 'a whole number ≥ 0 or Infinity', values: [-1, 0.5, NaN, '5'] },
  { option: 'overflow', expected: "one of 'suspend', 'fail', 'drop-oldest'", values: ['drop-newest', 5, null] },
  { option: 'order', expected: "one of 'none', 'key', 'total'", values: ['fifo', true] },
  { option: 'deduplicationWindowMs', expected: 'milliseconds ≥ 0 and ≤ 2147483647', values: [-1, Infinity, '5'] },
];

describe('memoryBrokerStore and memoryBroker refuse', () => {
  it.each(each(STORE))('$option: $value', ({ option, expected, value }) => {
    const error = new InvalidOptionError(`Expected ${option} to be ${expected}, got ${shown(value)}.`);
    const options = { [option]: value } as MemoryBrokerStoreOptions;
    expect(() => memoryBrokerStore(options)).toThrow(error);
    expect(() => memoryBroker(options)).toThrow(error);
  });

  it.each([
    { options: null, message: 'Expected options to be an object of options, got null.' },
    { options: { name: '' }, message: "Expected name to be a text that is not empty, got ''." },
    { options: { store: {} }, message: 'Expected store to be made by memoryBrokerStore(), got an object.' },
    {
      options: { store: memoryBrokerStore(), capacity: 5 },
      message: 'Expected capacity to be given to memoryBrokerStore() when there is a store, got it here.',
    },
  ])('$options', ({ options, message }) => {
    expect(() => memoryBroker(options as MemoryBrokerOptions)).toThrow(new InvalidOptionError(message));
  });
});

const MESSAGE: readonly Case[] = [
  { option: 'id', expected: 'a text that is not empty', values: ['', ' ', 5, undefined] },
  { option: 'topic', expected: TOKENS, values: ['', 'a b', 'a..b', 'a.*', '>', '.a', 5, undefined] },
  { option: 'key', expected: 'a text that is not empty', values: ['', 5] },
  { option: 'time', expected: 'epoch milliseconds', values: [NaN, '2026-01-01', null] },
  { option: 'headers', expected: 'an object of texts', values: [undefined, null, 'a: b'] },
];

describe('publish refuses', () => {
  const publish = (message: unknown): Promise<unknown> => memoryBroker().publish(message as BrokerMessage);

  it.each(each(MESSAGE))('a message whose $option is $value', async ({ option, expected, value }) => {
    await expect(publish({ ...messageOf('a'), [option]: value })).rejects.toThrow(
      new InvalidOptionError(`Expected message.${option} to be ${expected}, got ${shown(value)}.`),
    );
  });

  it.each(['text', [1, 2], undefined, new ArrayBuffer(1)])('a body that is no Uint8Array: %o', async (body) => {
    await expect(publish({ ...messageOf('a'), body })).rejects.toThrow(
      new InvalidOptionError(
        `Expected message.body to be a Uint8Array, got ${shown(body)}. Encode text with new TextEncoder().encode(text).`,
      ),
    );
  });

  it.each([
    {
      headers: { 'two words': 'x' },
      message: "Expected the names in message.headers to be ASCII without spaces, got 'two words'.",
    },
    {
      headers: { größe: 'x' },
      message: "Expected the names in message.headers to be ASCII without spaces, got 'größe'.",
    },
    { headers: { count: 5 }, message: "Expected message.headers['count'] to be a text, got 5." },
  ])('headers such as $headers', async ({ headers, message }) => {
    await expect(publish({ ...messageOf('a'), headers })).rejects.toThrow(new InvalidOptionError(message));
  });

  it.each([null, undefined])('what is no message: %s', async (message) => {
    await expect(publish(message)).rejects.toThrow(
      `Expected a message { id, topic, body, headers }, got ${String(message)}.`,
    );
  });
});

const SUBSCRIPTION: readonly Case[] = [
  { option: 'group', expected: GROUP, values: ['', 'two words', 'a.b', 'größe', 5, undefined] },
  { option: 'consumer', expected: 'a text that is not empty', values: ['', 5] },
  { option: 'maxInFlight', expected: 'a whole number ≥ 1', values: [0, -1, 1.5, Infinity, '2'] },
  { option: 'leaseMs', expected: 'milliseconds > 0 and ≤ 2147483647', values: [0, -1, Infinity, '5'] },
  {
    option: 'from',
    expected: "'new', 'earliest', { time } or { sequence } with a number",
    values: ['latest', 5, null, {}, { time: 'now' }, { sequence: NaN }],
  },
  { option: 'topics', expected: 'a topic or several', values: [[], 5, {}, undefined] },
];

describe('subscribe refuses', () => {
  const subscribe = (changes: object): (() => unknown) => {
    return () => memoryBroker().subscribe({ topics: 'orders', group: 'g', ...changes });
  };

  it.each(each(SUBSCRIPTION))('$option: $value', ({ option, expected, value }) => {
    expect(subscribe({ [option]: value })).toThrow(
      new InvalidOptionError(`Expected ${option} to be ${expected}, got ${shown(value)}.`),
    );
  });

  it.each(['a b', 'a..b', 'a.>.b'])('the pattern %s', (topics) => {
    expect(subscribe({ topics })).toThrow('Expected a pattern of dot-separated tokens');
    expect(subscribe({ topics: ['orders', topics] })).toThrow('Expected a pattern of dot-separated tokens');
  });

  it.each([
    {
      deadLetter: { topic: 'a b', maxDeliveries: 1 },
      message: `Expected deadLetter.topic to be ${TOKENS}, got 'a b'.`,
    },
    {
      deadLetter: { topic: 'dead', maxDeliveries: 0 },
      message: 'Expected deadLetter.maxDeliveries to be a whole number ≥ 1, got 0.',
    },
    {
      deadLetter: { topic: 'orders', maxDeliveries: 1 },
      message: `Expected deadLetter.topic to be none of the group's own topics, got 'orders'. A letter would come back to the group that gave it up.`,
    },
    { deadLetter: 5, message: 'Expected deadLetter to be an object of options, got 5.' },
  ])('dead letters such as $deadLetter', ({ deadLetter, message }) => {
    expect(subscribe({ deadLetter })).toThrow(new InvalidOptionError(message));
  });

  it('no options', () => {
    expect(() => memoryBroker().subscribe(undefined as unknown as SubscribeOptions)).toThrow(
      'Expected options { topics, group }, got undefined.',
    );
  });

  it('what needs a capability that the store has not, and says which', () => {
    const broker = memoryBroker({ historySize: 0 });
    expect(() => broker.subscribe({ topics: 'orders', group: 'g', from: 'earliest' })).toThrow(
      "Expected a broker with the capability 'history' for from: 'earliest', got broker 'memory', which has it not. Leave from: 'earliest' out, or choose another broker.",
    );
  });
});

describe('nack refuses', () => {
  it.each([-1, NaN, Infinity, '5'])('a delay of %s, and leaves the delivery unsettled', async (delayMs) => {
    const broker = memoryBroker();
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'g' }));
    await broker.publish(messageOf('a'));
    await settled();
    await expect(kept[0]!.nack({ delayMs: delayMs as number })).rejects.toThrow(
      new InvalidOptionError(`Expected delayMs to be milliseconds ≥ 0 and ≤ 2147483647, got ${shown(delayMs)}.`),
    );
    expect(kept[0]!.signal.aborted).toBe(false);
    await kept[0]!.ack();
    await broker.close();
  });
});
