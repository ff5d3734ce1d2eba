import {
  createRepository,
  defineAggregate,
  type EventStore,
  memoryEventStore,
  runProjection,
  StoreFormatError,
  withUpcasters,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';

const event = { type: 'counted', data: { by: 1 } };

describe('a subscription that waits', () => {
  const stores: readonly (readonly [string, () => EventStore])[] = [
    ['of a store', memoryEventStore],
    ['of a store with upcasters', () => withUpcasters(memoryEventStore(), { counted: [(data: object) => data] })],
  ];

  it.each(stores)('%s is left at once, and leaves no timer', (_, open) =>
    virtualTest(async () => {
      await using store = open();
      await store.append('counter-1', event);
      const subscription = store.subscribe();
      await subscription.next();
      const waiting = subscription.next();
      await Promise.resolve();
      expect(await subscription.return?.()).toStrictEqual({ done: true, value: undefined });
      expect(await waiting).toStrictEqual({ done: true, value: undefined });
    })(),
  );

  it.each(stores)('%s is let go of by RxJS when it unsubscribes', (_, open) =>
    virtualTest(async ({ time }) => {
      await using store = open();
      const seen: number[] = [];
      const subscription = from(store.subscribe()).subscribe(({ version }) => seen.push(version));
      await store.append('counter-1', event);
      await time.advance(10);
      subscription.unsubscribe();
      await store.append('counter-1', event);
      await time.advance(2_000);
      expect(seen).toStrictEqual([1]);
    })(),
  );
});

it(
  'keeps no snapshot of a stream that is deleted between its append and its snapshot',
  virtualTest(async () => {
    await using store = memoryEventStore();
    const Counter = defineAggregate({
      name: 'counter',
      initial: 0,
      decide: (by: number, _count: number) => ({ type: 'counted', data: { by } }),
      evolve: (count: number, { data }) => count + data.by,
    });
    const { documents } = store;
    const deleting: EventStore = Object.assign(Object.create(store) as EventStore, {
      append: store.append.bind(store),
      streamVersion: store.streamVersion.bind(store),
      readStream: store.readStream.bind(store),
      documents: {
        ...documents,
        put: async (...document: Parameters<typeof documents.put>) => {
          await store.deleteStream('counter-1');
          return documents.put(...document);
        },
      },
    });
    await createRepository(deleting, Counter, { snapshotEvery: 1 }).execute('1', 5);
    expect(await documents.get('snapshot', 'counter-1')).toBeUndefined();
  }),
);

it(
  'stops a projection that cannot read an event, and goes on when it can',
  virtualTest(async () => {
    await using store = memoryEventStore();
    let isKnown = false;
    const steps = withUpcasters(store, {
      counted: [
        (data: object) => {
          if (!isKnown) throw new Error('unknown');
          return data;
        },
      ],
    });
    await store.append('counter-1', event);
    const seen: unknown[] = [];
    await using projection = runProjection(steps, { name: 'seen', on: ({ data }) => void seen.push(data) });
    projection.errors.subscribe();
    await expect(projection.caughtUp()).rejects.toBeInstanceOf(StoreFormatError);
    expect(projection.stats().state).toBe('stopped');
    isKnown = true;
    projection.resume();
    await projection.caughtUp();
    expect(seen).toStrictEqual([{ by: 1 }]);
  }),
);

it.each([
  ['fail', () => Promise.reject(new Error('away'))],
  ['are not answered', () => new Promise<never>(() => undefined)],
])('gives a projection up when its own writes %s, before another takes it over', (_, write) =>
  virtualTest(
    async ({ time }) => {
      const store = memoryEventStore();
      const { documents } = store;
      let isAway = false;
      const cut = {
        ...documents,
        put: (...document: Parameters<typeof documents.put>) => (isAway ? write() : documents.put(...document)),
      };
      const seen: string[] = [];
      const run = (who: string, checkpoints: typeof documents) => {
        const projection = runProjection(
          store,
          { name: 'p', on: ({ version }) => void seen.push(`${who} ${version}`) },
          { checkpoints, leaseMs: 300 },
        );
        projection.errors.subscribe();
        return projection;
      };
      const first = run('first', cut);
      await first.caughtUp();
      run('second', documents);
      await store.append('counter-1', event);
      await time.advance(50);
      isAway = true;
      await time.advance(1_000);
      await store.append('counter-1', event);
      await time.advance(200);
      expect(seen.filter((text) => text.endsWith(' 2'))).toStrictEqual(['second 2']);
    },
    { pendingTimers: 'ignore' },
  )(),
);
