import { InvalidOptionError, type RecordedEvent, StreamDeletedError } from 'millrace';
import { expect, it, vi } from 'vitest';
import { FakeBrowser } from './fake-browser.ts';

const deposited = (amount: number, id?: string) => ({
  type: 'account.deposited',
  data: { amount },
  ...(id !== undefined && { id }),
});
const noticed = { type: 'account.noticed', data: null };

async function collect<Value>(events: AsyncIterable<RecordedEvent>, select: (event: RecordedEvent) => Value) {
  const values: Value[] = [];
  for await (const event of events) values.push(select(event));
  return values;
}

function repeat<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value);
}

const position = (event: RecordedEvent): number => event.position;
const version = (event: RecordedEvent): number => event.version;

it('numbers events without gaps, whatever was refused in between', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const results = await Promise.allSettled([
    store.append('a', [deposited(1, 'one'), deposited(2)]),
    store.append('a', deposited(3), { expectedVersion: 'no-stream' }),
    store.append('b', deposited(4, 'one')),
    store.append('b', [deposited(5, 'two'), deposited(6, 'two')]),
    store.append('b', deposited(7), { expectedVersion: 'no-stream' }),
    store.append('a', deposited(8), { expectedVersion: 2 }),
  ]);
  const ends = results.map((result) =>
    result.status === 'fulfilled' ? result.value.checkpoint : (result.reason as { code: string }).code,
  );
  expect(ends).toStrictEqual(['2', 'VERSION_CONFLICT', 'DUPLICATE_EVENT', 'DUPLICATE_EVENT', '3', '4']);
  expect(await collect(store.readAll(), position)).toStrictEqual([1, 2, 3, 4]);
  expect(await store.streamVersion('a')).toBe(3);
});

it('recognises an append that is repeated, also in the same turn', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const append = () => store.append('a', [deposited(1, 'one'), deposited(2, 'two')], { expectedVersion: 0 });
  expect(await Promise.all([append(), append()])).toMatchObject([
    { version: 2, isRepeated: false },
    { version: 2, isRepeated: true },
  ]);
  expect(await append()).toMatchObject({ version: 2, checkpoint: '2', isRepeated: true });
});

it('makes the appends of one turn in one transaction', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const transactions = vi.spyOn(Object.getPrototypeOf(await browser.openRaw()) as IDBDatabase, 'transaction');
  const ids = ['same', 'same', ...Array.from({ length: 98 }, (_, at) => `id-${at}`)];
  const appends = ids.map((id, at) => store.append(`account-${at % 7}`, deposited(at, id)));
  const refused = (await Promise.allSettled(appends)).filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(1);
  expect(transactions.mock.calls.filter(([, mode]) => mode === 'readwrite')).toHaveLength(1);
  expect(await store.head()).toStrictEqual({ position: 99, checkpoint: '99' });
  transactions.mockRestore();
});

it.each([
  { from: undefined, limit: undefined, expected: [10, 9, 8, 7, 6, 5, 4, 3, 2, 1] },
  { from: 5, limit: 2, expected: [5, 4] },
  { from: 2, limit: 9, expected: [2, 1] },
  { from: 99, limit: 3, expected: [10, 9, 8] },
])('reads a stream backwards from $from, $limit events', async ({ from, limit, expected }) => {
  await using browser = new FakeBrowser();
  const store = await browser.open({ pageSize: 3 });
  await store.append(
    'b',
    Array.from({ length: 10 }, () => noticed),
  );
  await store.append(
    'a',
    Array.from({ length: 10 }, (_, at) => deposited(at)),
  );
  await store.append('a2', noticed);
  const request = { ...(from !== undefined && { from }), ...(limit !== undefined && { limit }) };
  const read = store.readStream('a', { direction: 'backwards', ...request });
  expect(await collect(read, version)).toStrictEqual(expected);
});

it('takes stream names and ids as they are', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const names = ['a', 'a\uFFFF', 'A', "'; DROP TABLE events; --", '../a', '😀', ' '.repeat(3).concat('x')];
  await Promise.all(names.map((name) => store.append(name, deposited(1, `id of ${name}`))));
  for (const name of names) {
    expect(await collect(store.readStream(name), ({ stream, id }) => [stream, id])).toStrictEqual([
      [name, `id of ${name}`],
    ]);
    expect(await store.findEvent(`id of ${name}`)).toMatchObject({ stream: name });
  }
});

it('finds few events among many, and looks at a bounded number for each page', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  for (let at = 0; at < 12; at++) await store.append('noise', repeat(1_000, noticed));
  await store.append('account-1', [deposited(1), noticed, deposited(2)]);
  const read = vi.spyOn(await storePrototype(browser), 'getAll');
  const found = store.readAll({ types: ['account.deposited'], streams: { prefix: 'account-' } });
  expect(await collect(found, position)).toStrictEqual([12_001, 12_003]);
  expect(Math.max(...read.mock.calls.map(([, count]) => count!))).toBeLessThanOrEqual(1_024);
  const pages = new Set((read.mock.contexts as IDBObjectStore[]).map(({ transaction }) => transaction));
  expect(pages.size).toBe(2);
  const noise = await collect(store.readAll({ streams: 'noise', limit: 10_500 }), position);
  expect(noise).toStrictEqual(Array.from({ length: 10_500 }, (_, at) => at + 1));
  read.mockRestore();
});

it('looks at fewer events for a page when they are large', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const large = { type: 'account.noticed', data: 'x'.repeat(100_000) };
  for (let at = 0; at < 10; at++) await store.append('noise', repeat(30, large));
  await store.append('account-1', deposited(1));
  const read = vi.spyOn(await storePrototype(browser), 'getAll');
  expect(await collect(store.readAll({ types: ['account.deposited'] }), position)).toStrictEqual([301]);
  expect(Math.max(...read.mock.calls.map(([, count]) => count!))).toBe(64);
  read.mockRestore();
});

it('goes on from checkpoints, also of events that were deleted, and never gives a position again', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  await store.append('a', [deposited(1), deposited(2)]);
  const { checkpoint } = await store.append('b', deposited(3));
  expect(await store.deleteStream('b')).toBe(true);
  expect(await store.head()).toStrictEqual({ position: 3, checkpoint: '3' });
  await store.append('a', deposited(4));
  expect(await collect(store.readAll({ from: checkpoint }), position)).toStrictEqual([4]);
  expect(await collect(store.readAll({ from: '1' }), position)).toStrictEqual([2, 4]);
});

it.each(['-1', '1.5', 'one', '0x1', '1'.repeat(16), ' 1'])('refuses the checkpoint %j', async (from) => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  await expect(store.readAll({ from }).next()).rejects.toThrow(InvalidOptionError);
});

it('deletes a stream with its snapshot, and remembers that', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  for (let at = 0; at < 3; at++) await store.append('a', repeat(4_000, noticed));
  await store.append('a-2', deposited(1));
  await store.documents.put('snapshot', 'a', '1');
  await store.documents.put('snapshot', 'a-2', '2');
  await expect(store.deleteStream('a', { expectedVersion: 3 })).rejects.toThrow('got version 12000');
  expect(await store.deleteStream('a')).toBe(true);
  expect(await store.deleteStream('a')).toBe(false);
  expect(await collect(store.readAll(), ({ stream }) => stream)).toStrictEqual(['a-2']);
  expect(await store.documents.list('snapshot')).toStrictEqual([{ key: 'a-2', value: '2', revision: 1 }]);
  await expect(store.append('a', deposited(1))).rejects.toThrow(StreamDeletedError);
});

it('lists documents in the order in which they were put first', async () => {
  await using browser = new FakeBrowser();
  const { documents } = await browser.open();
  for (const key of ['c', 'a', 'b']) await documents.put('letter', key, key);
  await documents.put('other', 'a', 'x');
  expect(await documents.put('letter', 'c', 'again')).toBe(true);
  await documents.remove('letter', 'a');
  await documents.put('letter', 'a', 'behind');
  expect((await documents.list('letter')).map(({ key, value, revision }) => [key, value, revision])).toStrictEqual([
    ['c', 'again', 2],
    ['b', 'b', 1],
    ['a', 'behind', 1],
  ]);
});

it('lets one of several writers of a document win', async () => {
  await using browser = new FakeBrowser();
  const tabs = await Promise.all(Array.from({ length: 8 }, () => browser.open()));
  const won = await Promise.all(tabs.map(({ documents }, at) => documents.put('lease', 'p', String(at), 0)));
  expect(won.filter(Boolean)).toHaveLength(1);
  expect(await tabs[0]!.documents.get('lease', 'p')).toStrictEqual({
    key: 'p',
    value: String(won.indexOf(true)),
    revision: 1,
  });
  expect(await tabs[1]!.documents.put('lease', 'p', 'next', 2)).toBe(false);
  expect(await tabs[1]!.documents.put('lease', 'p', 'next', 1)).toBe(true);
});

it('refuses options that cannot work', async () => {
  await using browser = new FakeBrowser();
  await expect(browser.open({ durability: 'none' as 'strict' })).rejects.toThrow(/'strict', 'relaxed', got 'none'/);
  await expect(browser.open({ name: ' ' })).rejects.toThrow(InvalidOptionError);
  await expect(browser.open({ indexedDB: {} as IDBFactory })).rejects.toThrow('Expected indexedDB to be an IDBFactory');
  await expect(browser.open({ pageSize: 0 })).rejects.toThrow(InvalidOptionError);
});

it.each(['strict', 'relaxed'] as const)('asks the browser for %s durability', async (durability) => {
  await using browser = new FakeBrowser();
  const store = await browser.open({ durability });
  const transactions = vi.spyOn(Object.getPrototypeOf(await browser.openRaw()) as IDBDatabase, 'transaction');
  await store.append('a', deposited(1));
  expect(transactions.mock.calls.map(([, mode, options]) => [mode, options])).toStrictEqual([
    ['readwrite', { durability }],
  ]);
  transactions.mockRestore();
});

async function storePrototype(browser: FakeBrowser): Promise<IDBObjectStore> {
  const database = await browser.openRaw();
  return Object.getPrototypeOf(database.transaction('events').objectStore('events')) as IDBObjectStore;
}
