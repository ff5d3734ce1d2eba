import {
  InvalidOptionError,
  memoryEventStore,
  type NewEvent,
  type ReadAllOptions,
  type StreamSelection,
} from 'millrace';
import { describe, expect, it } from 'vitest';

const HALF = '\ud83d'; // of 🙂
const store = memoryEventStore();

// Databases differ in what they make of such texts: one finds nothing, one fails, and one finds the streams of somebody else.
describe('a selection that no database could have', () => {
  it.each<[string, unknown]>([
    ['a NUL', 'a\0b'],
    ['half of a character', HALF],
    ['a prefix with half of a character', { prefix: HALF }],
    ['null', null],
    ['a prefix that is none', { prefix: undefined }],
    ['nothing in a list', [undefined]],
  ])('is refused at once: streams with %s', (_, streams) => {
    const options: ReadAllOptions = { streams: streams as StreamSelection };
    expect(() => store.readAll(options)).toThrow(InvalidOptionError);
    expect(() => store.subscribe(options)).toThrow(
      /^Expected streams to be names or prefixes, such as 'account-1' or \{ prefix: 'account-' \}, got /,
    );
  });

  it.each([['a\0b'], [HALF], [5]])('is refused at once: the type %j', (type) => {
    const options = { types: [type as string] };
    expect(() => store.readAll(options)).toThrow(InvalidOptionError);
  });
});

it('selects every stream by the empty prefix, and whole characters beyond the basic plane', async () => {
  await using own = memoryEventStore();
  await own.append('🙂-1', { type: 'smiled', data: null });
  await own.append('🙃-1', { type: 'smiled', data: null });
  const select = async (prefix: string): Promise<readonly string[]> => {
    const streams: string[] = [];
    for await (const { stream } of own.readAll({ streams: { prefix } })) streams.push(stream);
    return streams;
  };
  expect(await select('')).toEqual(['🙂-1', '🙃-1']);
  expect(await select('🙃')).toEqual(['🙃-1']);
});

describe('an event whose parts are no texts', () => {
  it.each<[Partial<Record<keyof NewEvent, unknown>>, string]>([
    [{ source: 5 }, 'Expected events[1].source to be a text, got 5.'],
    [{ subject: {} }, 'Expected events[1].subject to be a text, got an object.'],
    [{ headers: 'a' }, "Expected events[1].headers to be an object of texts, got 'a'."],
    [{ headers: null }, 'Expected events[1].headers to be an object of texts, got null.'],
    [{ headers: ['a'] }, 'Expected events[1].headers to be an object of texts, got an array.'],
    [{ headers: { tenant: 5 } }, "Expected events[1].headers['tenant'] to be a text, got 5."],
  ])('is refused: %o', async (parts, message) => {
    const events = [
      { type: 'good', data: 1 },
      { type: 'bad', data: 1, ...parts },
    ] as readonly NewEvent[];
    await expect(store.append('account-1', events)).rejects.toThrow(new InvalidOptionError(message));
    expect(await store.streamVersion('account-1')).toBe(0);
  });
});

it('leaves out what is undefined', async () => {
  await using own = memoryEventStore();
  const headers = { tenant: undefined, trace: 'a' };
  await own.append('account-1', { type: 'good', data: 1, source: undefined, subject: undefined, headers });
  for await (const event of own.readStream('account-1')) expect(event.headers).toEqual({ trace: 'a' });
});

it.each([[5], [undefined], ['a\0b'], [HALF]])(
  'refuses a document that no database would give back: %j',
  async (value) => {
    await expect(store.documents.put('kind', 'key', value as string)).rejects.toThrow(InvalidOptionError);
    expect(await store.documents.get('kind', 'key')).toBeUndefined();
  },
);
