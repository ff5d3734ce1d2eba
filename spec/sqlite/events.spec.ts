import { ClosedError, InvalidOptionError, type NewEvent } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { describe, expect, it } from 'vitest';
import { collect } from '../support/collect.ts';
import { DRIVERS, openDatabase } from './clients.ts';
import { SpyingDatabase } from './spying-database.ts';

const numbered = (count: number, type = 'a'): readonly NewEvent[] =>
  Array.from({ length: count }, (_, index) => ({ type, data: index }));

describe.each(DRIVERS)('events, by %s', (driver) => {
  it.each([1, 9, 10, 11, 49, 50, 51, 60, 61, 111, 1_000])('come back in their order, %i at once', async (count) => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    await store.append('other', numbered(3));
    await store.append('a', numbered(2));
    await store.append('a', numbered(count), { expectedVersion: 2 });
    const events = (await collect(store.readStream('a'))).slice(2);
    expect(events.map(({ data }) => data)).toStrictEqual(events.map((_, index) => index));
    expect(events.map(({ version }) => version)).toStrictEqual(events.map((_, index) => index + 3));
    expect(events.map(({ position }) => position)).toStrictEqual(events.map((_, index) => index + 6));
    expect(events).toHaveLength(count);
  });

  it('keep any text as it was', async () => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    const texts = [
      '\0',
      'a\0b',
      '\\u0000',
      '\uD800',
      '😀',
      '"',
      '\\',
      "'; DROP TABLE events; --",
      '',
      '\r\n\u2028',
      'NULL',
    ];
    const data = { texts, b: 1, a: 2, nested: [[], {}, null, true, -0.5, 1e300, Number.MAX_SAFE_INTEGER] };
    const event = { type: '😀 ?1', data, id: "an 'id'", headers: { 'x-"odd"': 'ä' }, source: 's', subject: ':name' };
    await store.append('größe; $1', event);
    expect(await collect(store.readStream('größe; $1'))).toMatchObject([event]);
    expect(await store.findEvent("an 'id'")).toMatchObject(event);
    await store.documents.put("k'", 'ä', '"😀"');
    expect(await store.documents.list("k'")).toStrictEqual([{ key: 'ä', value: '"😀"', revision: 1 }]);
  });

  it('may be large', async () => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    const large = 'ä😀'.repeat(250_000);
    await store.append(
      'a',
      [1, 2, 3].map((data) => ({ type: 'large', data: { large, data } })),
    );
    const events = await collect(store.readStream('a'));
    expect(events.map(({ data }) => data)).toStrictEqual([1, 2, 3].map((data) => ({ large, data })));
  });

  it('keep times to the millisecond, and beyond', async () => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    const times = [-1, 0, 1_700_000_000_000.25, 1e17, -1e300];
    await store.append(
      'a',
      times.map((time) => ({ type: 'a', data: 1, time })),
    );
    expect((await collect(store.readStream('a'))).map(({ time }) => time)).toStrictEqual(times);
  });

  it('are told apart by the whole name of their stream', async () => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    const names = ['a%', 'a_', 'A', 'a', 'a\u0301', 'á', '😀', '😀a', ' a', 'a ', '1', '1.0'];
    for (const [index, name] of names.entries()) await store.append(name, { type: 'a', data: index });
    for (const [index, name] of names.entries()) {
      expect((await collect(store.readStream(name))).map(({ data }) => data)).toStrictEqual([index]);
      expect((await collect(store.readAll({ streams: name }))).map(({ data }) => data)).toStrictEqual([index]);
    }
    for (const prefix of ['', 'a', 'a%', '😀', 'A', '1', 'z']) {
      const found = await collect(store.readAll({ streams: [{ prefix }] }));
      expect(found.map(({ stream }) => stream)).toStrictEqual(names.filter((name) => name.startsWith(prefix)));
    }
  });

  it('that are rare are looked for in parts, and between them the loop goes on', async () => {
    const database = new SpyingDatabase(openDatabase(driver, ':memory:'));
    await using store = await sqliteEventStore({ database });
    for (let batch = 0; batch < 25; batch++) await store.append('many', numbered(1_000));
    await store.append('few', { type: 'rare', data: 1 });
    const before = database.ran.length;
    let turns = 0;
    const turn = (): void => {
      turns++;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    const found = await collect(store.readAll({ types: ['rare', 'rarer'] }));
    clearImmediate(next);
    expect(found).toMatchObject([{ stream: 'few', position: 25_001 }]);
    const pages = database.ran.slice(before).filter((sql) => sql.includes('json_each'));
    expect(pages).toHaveLength(3);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(await collect(store.readAll({ types: [] }))).toStrictEqual([]);
    expect(await collect(store.readAll({ from: '25000', types: ['rare'], streams: ['few', 'none'] }))).toHaveLength(1);
    expect(await collect(store.readAll({ from: '25001', types: ['rare'] }))).toStrictEqual([]);
  });

  it('never get a position that was given before', async () => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    await store.append('a', numbered(1));
    await store.append('b', numbered(5));
    await store.append('c', numbered(2));
    await store.deleteStream('c');
    await store.deleteStream('b');
    expect(await store.head()).toStrictEqual({ position: 8, checkpoint: '8' });
    expect(await collect(store.readAll({ from: '1' }))).toStrictEqual([]);
    expect(await store.append('a', numbered(1))).toMatchObject({ version: 2, checkpoint: '9' });
    expect(await collect(store.readAll({ from: '8' }))).toMatchObject([{ position: 9 }]);
  });

  it.each(['x', '-1', '1.5', '1e3', ' 1', '9007199254740993', '1:2'])('are not read from %j', async (from) => {
    await using store = await sqliteEventStore({ path: ':memory:', driver });
    await expect(collect(store.readAll({ from }))).rejects.toThrow(InvalidOptionError);
    await expect(collect(store.readAll({ from, types: ['a'] }))).rejects.toThrow(/Expected a checkpoint of this store/);
  });
});

describe.each(DRIVERS)('a store that is closed, by %s', (driver) => {
  it('ends what is being written', async () => {
    const store = await sqliteEventStore({ path: ':memory:', driver });
    const known = [0, 1, 2].map((data) => ({ type: 'a', data, id: `id-${data}` }));
    await store.append('a', known);
    const work = [
      store.append('a', numbered(1)),
      store.append('a', numbered(1), { expectedVersion: 7 }).catch(({ name }: Error) => name),
      // It is looked up after it was refused, in two steps.
      store.append('a', known, { expectedVersion: 0 }),
      store.documents.put('k', 'a', '1'),
    ];
    await store.close();
    expect(await Promise.all(work)).toMatchObject([{ version: 4 }, 'VersionConflictError', { isRepeated: true }, true]);
    await expect(store.append('a', numbered(1))).rejects.toThrow(ClosedError);
  });

  it('ends what is being read', async () => {
    const store = await sqliteEventStore({ path: ':memory:', driver });
    await store.append('a', numbered(3));
    // What was written is at rest.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const reading = store.readStream('a');
    const work = [reading.next(), store.streamVersion('a')];
    await store.close();
    expect(await Promise.all(work)).toMatchObject([{ value: { version: 1 } }, 3]);
  });
});
