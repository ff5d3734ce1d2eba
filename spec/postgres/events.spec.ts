import { DuplicateEventError, type EventStore, StreamDeletedError, VersionConflictError } from 'millrace';
import { postgresEventStore } from 'millrace/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase, postgresUrl, type TestDatabase } from '../support/postgres.ts';
import { collect } from '../support/collect.ts';

const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } });

describe.skipIf(postgresUrl === undefined)('a store in PostgreSQL', () => {
  let database: TestDatabase;
  let store: EventStore;

  beforeAll(async () => {
    database = await openDatabase();
    store = await postgresEventStore({ connect: { connectionString: database.connectionString } });
  });

  afterAll(async () => {
    await store?.close();
    await database?.[Symbol.asyncDispose]();
  });

  it('appends at once what it is given at once, in its order', async () => {
    const events = Array.from({ length: 1_000 }, (_, index) => deposited(index));
    const { version } = await store.append('order', events);
    expect(version).toBe(1_000);
    const read = await collect(store.readStream('order'));
    expect(read.map(({ data }) => data)).toStrictEqual(events.map(({ data }) => data));
    expect(read.map((event) => event.version)).toStrictEqual(events.map((_, index) => index + 1));
    expect(read.map(({ position }) => position)).toStrictEqual(read.map((_, index) => read[0]!.position + index));
    const all = await collect(store.readAll({ streams: 'order' }));
    expect(all).toStrictEqual(read);
  });

  it('keeps any text as it was', async () => {
    const texts = [
      '\0',
      '\\u0000',
      '\uD800',
      '😀',
      '"',
      '\\',
      "'; drop table events; --",
      '{}',
      'NULL',
      '',
      '\r\n\u2028',
    ];
    const data = { texts, b: 1, a: 2, nested: [[], {}, null, true, -0.5, 1e300, Number.MAX_SAFE_INTEGER] };
    const headers = { 'x-"odd"': 'a,b{c}\\' };
    await store.append('texts', { type: 'odd,{"type"}', data, id: 'an "id", {odd}', headers });
    const [event] = await collect(store.readStream('texts'));
    expect(event).toMatchObject({ type: 'odd,{"type"}', data, id: 'an "id", {odd}', headers });
    expect(Object.keys(event!.data as object)).toStrictEqual(['texts', 'b', 'a', 'nested']);
    expect(await store.findEvent('an "id", {odd}')).toStrictEqual(event);
  });

  it('keeps streams apart by their whole name', async () => {
    const names = ['a%', 'a_', 'A', 'a', 'a\u0301', 'á', "a'; drop schema millrace cascade; --", '$1', ' a', 'a '];
    for (const [index, name] of names.entries()) await store.append(name, deposited(index));
    for (const [index, name] of names.entries()) {
      expect((await collect(store.readStream(name))).map(({ data }) => data)).toStrictEqual([{ amount: index }]);
    }
    const withPrefix = await collect(store.readAll({ streams: [{ prefix: 'a%' }, 'A'] }));
    expect(withPrefix.map(({ stream }) => stream)).toStrictEqual(['a%', 'A']);
  });

  it('keeps times to the millisecond, and beyond', async () => {
    await store.append('times', [
      { ...deposited(1), time: -1 },
      { ...deposited(2), time: 1_700_000_000_000.25 },
    ]);
    expect((await collect(store.readStream('times'))).map(({ time }) => time)).toStrictEqual([
      -1, 1_700_000_000_000.25,
    ]);
  });

  it('appends where the writer expects the stream, and nowhere else', async () => {
    await expect(store.append('expected', deposited(1), { expectedVersion: 'stream-exists' })).rejects.toThrow(
      new VersionConflictError('expected', 'stream-exists', 0),
    );
    await store.append('expected', deposited(1), { expectedVersion: 'no-stream' });
    await store.append('expected', deposited(2), { expectedVersion: 1 });
    await store.append('expected', deposited(3), { expectedVersion: 'stream-exists' });
    for (const expectedVersion of [0, 2, 4, 'no-stream'] as const) {
      await expect(store.append('expected', deposited(9), { expectedVersion })).rejects.toThrow(
        new VersionConflictError('expected', expectedVersion, 3),
      );
    }
    expect(await store.streamVersion('expected')).toBe(3);
  });

  it('knows an append that is repeated, and refuses ids that are taken', async () => {
    const events = [
      { ...deposited(1), id: 'r-1' },
      { ...deposited(2), id: 'r-2' },
    ];
    const first = await store.append('repeated', events);
    expect(await store.append('repeated', events)).toStrictEqual({ ...first, isRepeated: true });
    await expect(store.append('elsewhere', events)).rejects.toThrow(DuplicateEventError);
    await expect(store.append('elsewhere', [deposited(1), { ...deposited(2), id: 'r-2' }])).rejects.toThrow(
      DuplicateEventError,
    );
    await expect(store.append('elsewhere', [events[0]!, events[0]!])).rejects.toThrow(DuplicateEventError);
    expect(await store.streamVersion('elsewhere')).toBe(0);
  });

  it('deletes a stream with its snapshot, for good', async () => {
    await store.append('deleted', [deposited(1), deposited(2)]);
    await store.documents.put('snapshot', 'deleted', '{}');
    await store.documents.put('other', 'deleted', '{}');
    await expect(store.deleteStream('deleted', { expectedVersion: 1 })).rejects.toThrow(VersionConflictError);
    expect(await store.deleteStream('deleted', { expectedVersion: 2 })).toBe(true);
    expect(await collect(store.readStream('deleted'))).toStrictEqual([]);
    expect(await collect(store.readAll({ streams: 'deleted' }))).toStrictEqual([]);
    expect(await store.documents.get('snapshot', 'deleted')).toBeUndefined();
    expect(await store.documents.get('other', 'deleted')).toMatchObject({ value: '{}' });
    expect(await store.deleteStream('deleted')).toBe(false);
    await expect(store.append('deleted', deposited(1))).rejects.toThrow(StreamDeletedError);
  });

  it('finds events that are rare among many', async () => {
    for (let batch = 0; batch < 21; batch++) {
      await store.append(
        'many',
        Array.from({ length: 1_000 }, (_, index) => ({ type: 'rare.not', data: index })),
      );
      if (batch % 10 === 0) await store.append('few', { type: 'rare', data: batch });
    }
    for (const selection of [
      { types: ['rare'] },
      { streams: 'few' },
      { streams: { prefix: 'few' }, types: ['rare'] },
    ]) {
      const found = await collect(store.readAll(selection));
      expect(found.map(({ data }) => data)).toStrictEqual([0, 10, 20]);
      const rest = await collect(store.readAll({ ...selection, from: found[1]!.checkpoint }));
      expect(rest.map(({ data }) => data)).toStrictEqual([20]);
    }
    expect(await collect(store.readAll({ types: [] }))).toStrictEqual([]);
  });

  it('keeps documents that were not written meanwhile', async () => {
    const { documents } = store;
    expect(await documents.put('kind', 'b', '1', 0)).toBe(true);
    expect(await documents.put('kind', 'b', '2', 0)).toBe(false);
    expect(await documents.put('kind', 'a', 'no JSON', 1)).toBe(false);
    expect(await documents.put('kind', 'a', '"a"')).toBe(true);
    expect(await documents.put('kind', 'b', '3', 1)).toBe(true);
    expect(await documents.put('kind', 'b', '4', 1)).toBe(false);
    expect(await documents.put('kind', 'b', '5')).toBe(true);
    expect(await documents.list('kind')).toStrictEqual([
      { key: 'b', value: '5', revision: 3 },
      { key: 'a', value: '"a"', revision: 1 },
    ]);
    await documents.remove('kind', 'b');
    await documents.remove('kind', 'b');
    expect(await documents.get('kind', 'b')).toBeUndefined();
    const wins = await Promise.all(Array.from({ length: 8 }, async (_, n) => documents.put('kind', 'a', String(n), 1)));
    expect(wins.filter(Boolean)).toHaveLength(1);
  });
});
