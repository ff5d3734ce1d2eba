import {
  createRepository,
  defineAggregate,
  defineEvent,
  type EventStore,
  InvalidOptionError,
  memoryEventStore,
  type NewEvent,
  OutcomeUnknownError,
  payload,
  type RecordedEvent,
  StoreFormatError,
  type Upcasters,
  withUpcasters,
} from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { interceptedStore } from '../support/intercepted-store.ts';
import { appendingBy, lostAfter } from '../support/lossy-store.ts';

interface SignedUp {
  readonly firstName: string;
  readonly lastName: string;
  readonly isAdult: boolean | undefined;
}

const UserSignedUp = defineEvent('user.signed_up', payload<SignedUp>());
const upcasters = {
  'user.signed_up': [
    ({ name }: { name: string }) => ({ firstName: name.split(' ')[0]!, lastName: name.split(' ')[1]! }),
    (data: { firstName: string; lastName: string }) => ({ ...data, isAdult: null }),
  ],
} satisfies Upcasters;

const ada = { firstName: 'Ada', lastName: 'Lovelace' };
const first = { type: 'user.signed_up', data: { name: 'Ada Lovelace' } };
const second = { type: 'user.signed_up', data: ada, headers: { schemaVersion: '2', tenant: 'x' } };
const third = { type: 'user.signed_up', data: { ...ada, isAdult: true }, headers: { schemaVersion: '3' } };
const other = { type: 'user.renamed', data: { name: 'Ada King' } };

/** A store with an event of each version, and one that has none. */
async function oldStore(): Promise<EventStore> {
  const store = memoryEventStore();
  await store.append('user-1', [first, second, third, other]);
  return store;
}

const newest = [{ ...ada, isAdult: null }, { ...ada, isAdult: null }, { ...ada, isAdult: true }, { name: 'Ada King' }];

async function listOf(events: AsyncIterable<RecordedEvent>, count = Infinity): Promise<readonly RecordedEvent[]> {
  const list: RecordedEvent[] = [];
  for await (const event of events) if (list.push(event) === count) break;
  return list;
}

describe('a store with upcasters', () => {
  const ways: readonly [string, (store: EventStore) => Promise<readonly RecordedEvent[]>][] = [
    ['readStream', (store) => listOf(store.readStream('user-1'))],
    [
      'readStream backwards',
      async (store) => (await listOf(store.readStream('user-1', { direction: 'backwards' }))).toReversed(),
    ],
    ['readAll', (store) => listOf(store.readAll({ streams: { prefix: 'user-' } }))],
    ['subscribe', (store) => listOf(store.subscribe(), 4)],
    [
      'findEvent',
      async (store) => {
        const events = await listOf(store.readStream('user-1'));
        return Promise.all(events.map(async ({ id }) => (await store.findEvent(id))!));
      },
    ],
  ];

  it.each(ways)('gives events in their newest version by %s', async (_, read) => {
    const events = await read(withUpcasters(await oldStore(), upcasters));
    expect(events.map(({ data }) => data)).toStrictEqual(newest);
    expect(events.map(({ headers }) => headers)).toStrictEqual([
      { schemaVersion: '3' },
      { schemaVersion: '3', tenant: 'x' },
      { schemaVersion: '3' },
      {},
    ]);
  });

  it('leaves what is stored as it was', async () => {
    const inner = await oldStore();
    const before = await listOf(inner.readStream('user-1'));
    await listOf(withUpcasters(inner, upcasters).readStream('user-1'));
    expect(await listOf(inner.readStream('user-1'))).toStrictEqual(before);
  });

  it('gives events that come while they are waited for', async () => {
    const inner = memoryEventStore();
    const coming = listOf(withUpcasters(inner, upcasters).subscribe(), 1);
    await inner.append('user-1', first);
    expect(await coming).toMatchObject([{ data: newest[0] }]);
  });

  it('marks what is appended through it as of the newest version, and nothing else', async () => {
    const inner = memoryEventStore();
    const store = withUpcasters(inner, upcasters);
    await store.append('user-1', { type: 'user.signed_up', data: newest[0], headers: { tenant: 'x' } });
    await store.append('user-1', [other, second]);
    const stored = await listOf(inner.readStream('user-1'));
    expect(stored.map(({ headers }) => headers)).toStrictEqual([
      { tenant: 'x', schemaVersion: '3' },
      {},
      { tenant: 'x', schemaVersion: '2' },
    ]);
    expect((await listOf(store.readStream('user-1'))).map(({ data }) => data)).toStrictEqual([
      newest[0],
      newest[3],
      newest[1],
    ]);
  });

  it('keeps the id, the source and the subject of a message', async () => {
    const inner = memoryEventStore();
    const message = UserSignedUp.create({ ...ada, isAdult: undefined }, { source: 'web', subject: 'ada', time: 7 });
    await withUpcasters(inner, upcasters).append('user-1', message);
    expect(await inner.findEvent(message.id)).toMatchObject({ source: 'web', subject: 'ada', time: 7 });
  });

  it('recognises an append whose answer was lost', async () => {
    const inner = memoryEventStore();
    const lossy = withUpcasters(appendingBy(inner, lostAfter), upcasters);
    await expect(lossy.append('user-1', { ...third, id: 'a' })).rejects.toThrow(OutcomeUnknownError);
    const again = await withUpcasters(inner, upcasters).append('user-1', { ...third, id: 'a' }, { expectedVersion: 0 });
    expect(again).toMatchObject({ isRepeated: true, version: 1 });
  });

  it('is the same store in everything else', async () => {
    const inner = await oldStore();
    const store = withUpcasters(inner, upcasters);
    expect([store.name, store.documents]).toStrictEqual([inner.name, inner.documents]);
    expect('lock' in store).toBe(false);
    expect(await store.head()).toStrictEqual(await inner.head());
    expect(await store.streamVersion('user-1')).toBe(4);
    await expect(store.append('user-1', first, { expectedVersion: 1 })).rejects.toThrow(
      'to be at version 1, got version 4',
    );
    await store.documents.put('kind', 'key', '1');
    expect(await store.deadLetters().list()).toStrictEqual([]);
    expect(await store.findEvent('unknown')).toBeUndefined();
    expect(await store.deleteStream('user-1')).toBe(true);
    await store[Symbol.asyncDispose]();
    await expect(inner.head()).rejects.toThrow('closed');
  });

  it('hands on a lock', async () => {
    const lock = vi.fn(async () => () => undefined);
    const store = withUpcasters(Object.assign(memoryEventStore(), { lock }), upcasters);
    await store.lock!('projection');
    expect(lock).toHaveBeenCalledWith('projection');
  });

  it('ends a subscription that is left', async () => {
    const inner = await oldStore();
    const ended = vi.fn();
    const subscribe: EventStore['subscribe'] = async function* (...call) {
      try {
        yield* inner.subscribe(...call);
      } finally {
        ended();
      }
      return undefined;
    };
    await listOf(withUpcasters({ ...interceptedStore(inner, () => undefined), subscribe }, upcasters).subscribe(), 2);
    expect(ended).toHaveBeenCalledOnce();
  });
});

describe('a repository on a store with upcasters', () => {
  const User = defineAggregate({
    name: 'user',
    initial: { seen: [] as readonly unknown[] },
    decide: (data: SignedUp) => ({ type: 'user.signed_up', data }),
    evolve: ({ seen }, { data }: NewEvent) => ({ seen: [...seen, data] }),
  });

  it.each([[undefined], [1], [2], [3]])('sees the newest version only: snapshotEvery %j', async (snapshotEvery) => {
    const store = withUpcasters(await oldStore(), upcasters);
    const users = createRepository(store, User, snapshotEvery === undefined ? {} : { snapshotEvery });
    expect((await users.load('1')).state.seen).toStrictEqual(newest);
    const eve = { firstName: 'Eve', lastName: 'Poe', isAdult: true };
    await users.execute('1', eve);
    await users.execute('1', eve);
    expect((await users.load('1')).state.seen).toStrictEqual([...newest, eve, eve]);
  });
});

describe('what cannot be upcast', () => {
  it.each([['4'], ['0'], ['-1'], ['1.5'], ['two'], ['']])('is refused: schema version %j', async (schemaVersion) => {
    const inner = memoryEventStore();
    const { ids } = await inner.append('user-1', { ...third, headers: { schemaVersion } });
    const store = withUpcasters(inner, upcasters);
    const message = `Expected 'user.signed_up' of schema version 1 to 3, got '${schemaVersion}' in event ${ids[0]}. Run the version of your program that has written it.`;
    await expect(listOf(store.readStream('user-1'))).rejects.toThrow(new StoreFormatError(message));
    await expect(store.findEvent(ids[0]!)).rejects.toThrow(StoreFormatError);
  });

  const failure = new RangeError('no name');
  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw failure;
      },
      'an error: RangeError: no name. Upcasters must take all data that was ever stored.',
    ],
    ['returns a promise', async () => Promise.reject(failure), 'a promise. Upcasters answer at once.'],
    ['returns nothing', () => undefined, 'undefined. Upcasters return the data of the next version.'],
  ])('is said, and where it is: an upcaster that %s', async (_, step, got) => {
    const inner = memoryEventStore();
    const { ids } = await inner.append('user-1', first);
    const store = withUpcasters(inner, { 'user.signed_up': [step] });
    await expect(listOf(store.readStream('user-1'))).rejects.toThrow(
      `Expected an upcaster of 'user.signed_up' to take event ${ids[0]}, version 1 of stream 'user-1', got ${got}`,
    );
  });

  it('has its cause', async () => {
    const fail = (): never => {
      throw failure;
    };
    const store = withUpcasters(await oldStore(), { 'user.signed_up': [fail, fail] });
    await expect(listOf(store.readStream('user-1'))).rejects.toMatchObject({ code: 'STORE_FORMAT', cause: failure });
  });
});

describe('bad input', () => {
  const store = memoryEventStore();

  it.each<[unknown, unknown, string]>([
    [undefined, {}, 'Expected an event store, such as memoryEventStore() makes, got undefined.'],
    [
      store,
      undefined,
      "Expected upcasters to be lists of functions by event type, such as { 'user.signed_up': [v1ToV2] }, got undefined.",
    ],
    [store, null, 'Expected upcasters to be lists of functions by event type'],
    [
      store,
      { a: () => 1 },
      "Expected upcasters of 'a' to be a list of functions, the first from version 1 to 2, got a function.",
    ],
    [
      store,
      { a: [] },
      "Expected upcasters of 'a' to be a list of functions, the first from version 1 to 2, got an array.",
    ],
    [store, { a: [() => 1, 'b'] }, "Expected upcasters['a'][1] to be a function, got 'b'."],
  ])('is refused: %o, %o', (inner, steps, message) => {
    const wrap = () => withUpcasters(inner as EventStore, steps as Upcasters);
    expect(wrap).toThrow(InvalidOptionError);
    expect(wrap).toThrow(message);
  });

  it.each([[undefined], [null], [[]], ['user.signed_up'], [{ type: 'user.signed_up' }], [{ data: 1 }]])(
    'is refused as the store refuses it: an append of %j',
    async (events) => {
      const appending = (to: EventStore) => to.append('user-1', events as NewEvent).catch((error: unknown) => error);
      const refusal = await appending(withUpcasters(store, upcasters));
      expect(refusal).toBeInstanceOf(InvalidOptionError);
      expect(refusal).toStrictEqual(await appending(store));
    },
  );
});
