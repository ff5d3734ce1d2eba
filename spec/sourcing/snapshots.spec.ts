import {
  type Aggregate,
  createRepository,
  defineAggregate,
  type EventStore,
  memoryEventStore,
  type NewEvent,
  type ReportedError,
} from 'millrace';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SNAPSHOT_KIND } from '../../lib/sourcing/document-store.ts';
import { interceptedStore } from '../support/intercepted-store.ts';

interface CounterState {
  readonly count: number;
}

/** Counts, and says in which form of the state it does so. */
const counterOf = (stateVersion: number, step = 1): Aggregate<CounterState, number> =>
  defineAggregate({
    name: 'counter',
    stateVersion,
    initial: { count: 0 },
    decide: (times: number) => Array.from({ length: times }, (): NewEvent => ({ type: 'counted', data: {} })),
    evolve: ({ count }) => ({ count: count + step }),
  });
const Counter = counterOf(1);

/** The same store, to be altered. */
const passedOn = (store: EventStore): EventStore => interceptedStore(store, () => undefined);

/** The same store, counting the events that are read of it. */
function spied(store: EventStore): { readonly store: EventStore; events: number } {
  const spy = { store, events: 0 };
  const readStream: EventStore['readStream'] = async function* (...call) {
    for await (const event of store.readStream(...call)) {
      spy.events++;
      yield event;
    }
    return undefined;
  };
  return Object.assign(spy, { store: { ...passedOn(store), readStream } });
}

/** A store with a counter that has counted so far, and its snapshot. */
async function counted(times: number, snapshotEvery: number): Promise<EventStore> {
  const store = memoryEventStore();
  const counters = createRepository(store, Counter, { snapshotEvery });
  for (let time = 0; time < times; time++) await counters.execute('1', 1);
  return store;
}

const snapshotIn = async (store: EventStore) => store.documents.get(SNAPSHOT_KIND, 'counter-1');

async function versionOf(store: EventStore): Promise<number | undefined> {
  const document = await snapshotIn(store);
  return document && (JSON.parse(document.value) as { version: number }).version;
}

/** What is read when the counter is loaded. */
async function load(
  store: EventStore,
  aggregate = Counter,
): Promise<{ count: number; version: number; events: number }> {
  const spy = spied(store);
  const { state, version } = await createRepository(spy.store, aggregate, { snapshotEvery: 10 }).load('1');
  return { count: state.count, version, events: spy.events };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a snapshot', () => {
  it('is kept after so many events', async () => {
    expect(await versionOf(await counted(9, 10))).toBeUndefined();
    expect(await versionOf(await counted(10, 10))).toBe(10);
    expect(await versionOf(await counted(19, 10))).toBe(10);
    expect(await versionOf(await counted(25, 10))).toBe(20);
  });

  it('is kept behind several events at once', async () => {
    const store = memoryEventStore();
    await createRepository(store, Counter, { snapshotEvery: 10 }).execute('1', 25);
    expect(await load(store)).toStrictEqual({ count: 25, version: 25, events: 1 });
  });

  it('bounds what is read, however many events there are', async () => {
    const store = await counted(10, 10);
    const spy = spied(store);
    const counters = createRepository(spy.store, Counter, { snapshotEvery: 10 });
    for (let times = 10; times < 300; times++) {
      spy.events = 0;
      await counters.execute('1', 1);
      expect(spy.events).toBeLessThanOrEqual(10);
    }
    expect(await load(store)).toStrictEqual({ count: 300, version: 300, events: 1 });
  });

  it('is neither read nor written unless it is asked for', async () => {
    const store = await counted(10, 10);
    const get = vi.spyOn(store.documents, 'get');
    const put = vi.spyOn(store.documents, 'put');
    const counters = createRepository(store, Counter);
    for (let times = 0; times < 20; times++) await counters.execute('1', 1);
    expect([get.mock.calls, put.mock.calls]).toStrictEqual([[], []]);
  });

  it('goes with its stream', async () => {
    const store = await counted(10, 10);
    await store.deleteStream('counter-1');
    expect(await snapshotIn(store)).toBeUndefined();
    expect(await load(store)).toStrictEqual({ count: 0, version: 0, events: 0 });
  });
});

describe('a snapshot that does not fit', () => {
  it('of another form of the state is ignored, and replaced', async () => {
    const store = await counted(10, 10);
    const Next = counterOf(2, 100);
    expect(await load(store, Next)).toStrictEqual({ count: 1_000, version: 10, events: 10 });
    await createRepository(store, Next, { snapshotEvery: 10 }).execute('1', 1);
    expect(await load(store, Next)).toStrictEqual({ count: 1_100, version: 11, events: 1 });
    // The program of before goes on beside it.
    expect(await load(store, Counter)).toMatchObject({ count: 11, version: 11 });
  });

  it('of another aggregate is ignored', async () => {
    const store = await counted(10, 10);
    const { value } = (await snapshotIn(store))!;
    await store.documents.put(SNAPSHOT_KIND, 'counter-1', value.replace('"counter"', '"meter"'));
    expect(await load(store)).toMatchObject({ count: 10, events: 10 });
  });

  const whole = { aggregate: 'counter', stateVersion: 1, version: 5, eventId: 'id', state: { count: 77 } };
  it.each<[string, string]>([
    ['is no JSON', '{"aggregate":"counter"'],
    ['is empty', ''],
    ['is null', 'null'],
    ['is a number', '5'],
    ['is a list', '[]'],
    ['has no state', JSON.stringify({ ...whole, state: undefined })],
    ['has no version', JSON.stringify({ ...whole, version: undefined })],
    ['has a version that is none', JSON.stringify({ ...whole, version: 1.5 })],
    ['has a version of before the first', JSON.stringify({ ...whole, version: 0 })],
    ['has a version that is a text', JSON.stringify({ ...whole, version: '5' })],
    ['has another event', JSON.stringify(whole)],
    ['has no event', JSON.stringify({ ...whole, eventId: undefined })],
    ['is ahead of its stream', JSON.stringify({ ...whole, version: 50 })],
    ['has a value of a kind that is not known', JSON.stringify({ ...whole, state: { $: ['Temporal', '2026'] } })],
    ['has a value that is damaged', JSON.stringify({ ...whole, state: { $: ['bigint', 'x'] } })],
  ])('as it %s is ignored, and replaced', async (_, value) => {
    const store = await counted(10, 10);
    await store.documents.put(SNAPSHOT_KIND, 'counter-1', value);
    expect(await load(store)).toStrictEqual({ count: 10, version: 10, events: expect.any(Number) });
    await createRepository(store, Counter, { snapshotEvery: 10 }).execute('1', 1);
    expect(await load(store)).toStrictEqual({ count: 11, version: 11, events: 1 });
  });

  it('of a stream that has another life is ignored', async () => {
    const store = await counted(10, 10);
    const { value } = (await snapshotIn(store))!;
    const restored = memoryEventStore();
    await restored.append('counter-1', Counter.decide(12, { count: 0 }));
    await restored.documents.put(SNAPSHOT_KIND, 'counter-1', value.replace('"count":10', '"count":77'));
    expect(await load(restored)).toMatchObject({ count: 12, version: 12 });
  });
});

describe('two processes', () => {
  it('do not put an older snapshot over a newer one', async () => {
    const store = await counted(10, 10);
    const others = createRepository(store, Counter, { snapshotEvery: 1 });
    const slowDocuments = {
      ...store.documents,
      put: async (...call: Parameters<typeof store.documents.put>) => {
        await others.execute('1', 5);
        return store.documents.put(...call);
      },
    };
    const slow = createRepository({ ...passedOn(store), documents: slowDocuments }, Counter, { snapshotEvery: 1 });
    expect(await slow.execute('1', 1)).toMatchObject({ version: 11, state: { count: 11 } });
    expect(await versionOf(store)).toBe(16);
    expect(await load(store)).toStrictEqual({ count: 16, version: 16, events: 1 });
  });
});

describe('a state', () => {
  const Ledger = (state: unknown) =>
    defineAggregate({
      name: 'ledger',
      initial: () => undefined as unknown,
      decide: () => ({ type: 'kept', data: {} }),
      evolve: () => state,
    });
  /** The state after a command, as a snapshot gives it back. */
  async function keptAs(state: unknown): Promise<unknown> {
    const store = memoryEventStore();
    await createRepository(store, Ledger(state), { snapshotEvery: 1 }).execute('1', {});
    return (await createRepository(store, Ledger('folded'), { snapshotEvery: 1 }).load('1')).state;
  }

  it('comes back with its Maps, Sets, Dates, bigints and bytes', async () => {
    const state = {
      byDay: new Map([[new Date(0), new Set([1n])]]),
      none: undefined,
      bytes: Uint8Array.of(1, 2),
      $: ['bigint', '5'],
      list: [NaN, -0, Infinity, null, undefined],
    };
    expect(await keptAs(state)).toStrictEqual(state);
    expect(await keptAs(null)).toBeNull();
    expect(await keptAs(0)).toBe(0);
  });

  it('that cannot be kept is said in errors, and the command has succeeded', async () => {
    class Owner {
      readonly name = 'Ada';
    }
    const store = memoryEventStore();
    const ledgers = createRepository(store, Ledger({ owners: [new Owner()] }), { snapshotEvery: 1 });
    const errors: ReportedError[] = [];
    ledgers.errors.subscribe((error) => errors.push(error));
    expect(await ledgers.execute('1', {})).toMatchObject({ version: 1 });
    expect(errors).toMatchObject([{ kind: 'snapshot', error: { code: 'NOT_JSON' } }]);
    expect((errors[0]!.error as Error).message).toBe(
      "Expected the snapshot of 'ledger-1' at state.owners.0 to be what JSON can keep, got an instance of Owner. Write it as plain data; Dates, Maps, Sets, bigints and bytes come back, too.",
    );
    expect(await store.documents.list(SNAPSHOT_KIND)).toStrictEqual([]);
  });

  it('that the store does not keep is said on the console, once, if nobody listens', async () => {
    const store = memoryEventStore();
    const full = {
      ...passedOn(store),
      documents: { ...store.documents, put: () => Promise.reject(new Error('full')) },
    };
    const print = vi.spyOn(console, 'error').mockReturnValue();
    const counters = createRepository(full, Counter, { snapshotEvery: 1 });
    expect(await counters.execute('1', 1)).toMatchObject({ version: 1 });
    expect(await counters.execute('1', 1)).toMatchObject({ version: 2 });
    expect(print.mock.calls).toStrictEqual([
      ['millrace: snapshot error; subscribe to errors to see all of them.', new Error('full')],
    ]);
  });

  it('is of events as they are read, without what JSON leaves out', async () => {
    const Loan = defineAggregate({
      name: 'loan',
      initial: [] as readonly boolean[],
      decide: (due: string | undefined): NewEvent => ({ type: 'lent', data: { due } }),
      evolve: (saidDue, { data }) => [...saidDue, 'due' in (data as object)],
    });
    const store = memoryEventStore();
    const loans = createRepository(store, Loan, { snapshotEvery: 1 });

    const { state, events } = await loans.execute('1', undefined);

    expect(state).toStrictEqual([false]);
    expect(events).toMatchObject([{ data: {} }]);
    expect((await loans.load('1')).state).toStrictEqual([false]);
    expect((await createRepository(store, Loan).load('1')).state).toStrictEqual([false]);
  });
});
