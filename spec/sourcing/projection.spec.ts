import {
  defineEvent,
  memoryEventStore,
  type Probe,
  type ProjectionContext,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { deposit, Deposited, deposits, storeOf, upTo, withdraw, Withdrawn } from '../support/deposits.ts';
import { HeldHandler } from '../support/held-handler.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('handlers', () => {
  it(
    'are called by type, in the order of the store, for what is there and for what comes',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await store.append('account-1', [deposit(1), withdraw(2), { type: 'account.closed', data: null }]);
      const calls: unknown[] = [];
      await using projection = runProjection(store, {
        name: 'p',
        events: [Deposited, Withdrawn],
        on: {
          'account.deposited': ({ data, stream, version }, { attempt, generation }) =>
            void calls.push(['+', data.amount, stream, version, attempt, generation]),
          'account.withdrawn': { handle: ({ data }) => void calls.push(['-', data.amount]) },
        },
      });
      await projection.caughtUp();
      await store.append('account-2', [withdraw(3), deposit(4)]);
      await projection.caughtUp();
      expect(calls).toStrictEqual([
        ['+', 1, 'account-1', 1, 1, 1],
        ['-', 2],
        ['-', 3],
        ['+', 4, 'account-2', 2, 1, 1],
      ]);
    }),
  );

  it(
    'may be one for all: for all events, or for those that are named',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await store.append('account-1', [deposit(1), withdraw(2), { type: 'account.closed', data: null }]);
      const all: string[] = [];
      const some: string[] = [];
      const none: string[] = [];
      await using every = runProjection(store, { name: 'all', on: ({ type }) => void all.push(type) });
      await using few = runProjection(store, {
        name: 'some',
        events: [Withdrawn],
        on: { handle: ({ type }: RecordedEvent) => void some.push(type) },
      });
      await using no = runProjection(store, { name: 'none', events: [], on: () => void none.push('one') });
      await Promise.all([every.caughtUp(), few.caughtUp(), no.caughtUp()]);
      expect(all).toStrictEqual(['account.deposited', 'account.withdrawn', 'account.closed']);
      expect(some).toStrictEqual(['account.withdrawn']);
      expect(none).toStrictEqual([]);
    }),
  );

  it(
    'get only the types that they name, of those that are defined or, without definitions, unchecked',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await store.append('account-1', [deposit(1), withdraw(2)]);
      const seen: unknown[] = [];
      await using few = runProjection(store, {
        name: 'few',
        events: [Deposited, Withdrawn],
        on: { 'account.withdrawn': ({ data }) => void seen.push(data.amount) },
      });
      await using plain = runProjection(store, {
        name: 'plain',
        on: { 'account.deposited': ({ data }) => void seen.push(data) },
      });
      await Promise.all([few.caughtUp(), plain.caughtUp()]);
      expect(seen).toHaveLength(2);
      expect(seen).toEqual(expect.arrayContaining([2, { amount: 1 }]));
      expect([few.stats().handler?.accepted, plain.stats().handler?.accepted]).toStrictEqual([1, 1]);
    }),
  );

  it(
    'get the events of the streams that were chosen',
    virtualTest(async () => {
      await using store = memoryEventStore();
      for (const stream of ['account-1', 'account-2', 'order-1']) await store.append(stream, deposit(1));
      const seen: string[] = [];
      await using projection = runProjection(store, {
        name: 'p',
        streams: [{ prefix: 'order-' }, 'account-2'],
        on: ({ stream }) => void seen.push(stream),
      });
      await projection.caughtUp();
      expect(seen).toStrictEqual(['account-2', 'order-1']);
    }),
  );

  it(
    'are given what schemas have made of the data, at once or later',
    virtualTest(async () => {
      const Opened = defineEvent('opened', z.object({ at: z.coerce.date() }));
      const Checked = defineEvent(
        'checked',
        z.object({ amount: z.number().refine(async (amount) => (await wait(5)) !== amount) }),
      );
      await using store = memoryEventStore();
      await store.append('a', [
        { type: 'opened', data: { at: new Date(86_400_000).toJSON() } },
        { type: 'checked', data: { amount: 7, more: true } },
      ]);
      const seen: unknown[] = [];
      await using projection = runProjection(store, {
        name: 'p',
        events: [Opened, Checked],
        on: {
          opened: ({ data }) => void seen.push(data.at.getTime()),
          checked: ({ data, version }) => void seen.push([data, version]),
        },
      });
      await projection.caughtUp();
      expect(seen).toStrictEqual([86_400_000, [{ amount: 7 }, 2]]);
    }),
  );

  it.each([
    ['at once', z.object({ amount: z.number().max(2) })],
    ['later', z.object({ amount: z.number().refine(async (amount) => amount <= 2) })],
  ])(
    'are not called for data that does not fit: it is a failure like any other (%s)',
    virtualTest(async (_, _name: string, schema: z.ZodType<{ amount: number }, { amount: number }>) => {
      await using store = await storeOf(5);
      const seen: number[] = [];
      await using projection = runProjection(store, {
        name: 'p',
        events: [defineEvent('account.deposited', schema)],
        on: ({ data }) => void seen.push(data.amount),
      });
      projection.errors.subscribe();
      await expect(projection.caughtUp()).rejects.toMatchObject({
        code: 'PROJECTION_STOPPED',
        cause: { code: 'SCHEMA' },
        event: { version: 4 },
      });
      expect(seen).toStrictEqual([0, 1, 2]);
    }),
  );

  it(
    'may take arrays of events, checked one by one, and end together',
    virtualTest(async ({ time }) => {
      const Slow = defineEvent('account.deposited', z.object({ amount: z.number().refine(async () => true) }));
      await using store = await storeOf(25);
      const batches: number[][] = [];
      await using projection = runProjection(store, {
        name: 'p',
        events: [Slow],
        batch: { maxSize: 10, maxWaitMs: 50 },
        on: (events: readonly RecordedEvent<string, { amount: number }>[], { generation }: ProjectionContext) =>
          void batches.push([...events.map(({ data }) => data.amount), generation]),
      });
      await projection.caughtUp();
      expect(batches).toStrictEqual([
        [...upTo(10), 1],
        [...upTo(20).slice(10), 1],
        [20, 21, 22, 23, 24, 1],
      ]);
      expect(time.now).toBe(50);
    }),
  );

  it(
    'run as many at a time as asked, in the order of each stream',
    virtualTest(async () => {
      await using store = memoryEventStore();
      for (const amount of upTo(5)) for (const id of upTo(6)) await store.append(`account-${id}`, deposit(amount));
      const seen = new Map<string, number[]>();
      const atWork = new Set<string>();
      let most = 0;
      await using projection = runProjection(store, {
        name: 'p',
        events: [Deposited],
        concurrency: 4,
        key: ({ stream }) => stream,
        on: async ({ stream, data }) => {
          expect(atWork.has(stream)).toBe(false);
          most = Math.max(most, atWork.add(stream).size);
          await wait(1 + ((data.amount * 7) % 5));
          atWork.delete(stream);
          seen.set(stream, [...(seen.get(stream) ?? []), data.amount]);
        },
      });
      await projection.caughtUp();
      expect(most).toBe(4);
      expect([...seen.values()]).toStrictEqual(upTo(6).map(() => upTo(5)));
    }),
  );

  it(
    'are timed out and retried, and told of to the probe, as all handlers are',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(2);
      const attempts: unknown[] = [];
      const told: string[] = [];
      const probe: Probe = {
        retried: ({ handler }, { delayMs }) => void told.push(`${handler} again in ${delayMs}`),
        settled: ({ handler }, { outcome, attempts: count }) => void told.push(`${handler} ${outcome} ${count}`),
      };
      const definition = {
        name: 'p',
        events: [Deposited],
        timeoutMs: 10,
        retry: { maxAttempts: 3, delayMs: 100, jitter: 'full' },
        on: async ({ version }: RecordedEvent, { attempt, signal }: ProjectionContext) => {
          attempts.push([version, attempt]);
          if (version > 1 || attempt === 3) return;
          await new Promise((_, reject) => (signal.onabort = () => reject(signal.reason)));
        },
      } as const;
      await using projection = runProjection(store, definition, { probe, random: () => 0.5 });
      await projection.caughtUp();
      expect(attempts).toStrictEqual([
        [1, 1],
        [1, 2],
        [1, 3],
        [2, 1],
      ]);
      expect(told).toStrictEqual(['p again in 50', 'p again in 100', 'p handled 3', 'p handled 1']);
      expect(time.now).toBe(170);
    }),
  );
});

describe('a slow handler', () => {
  it(
    'holds as many events as it may, and the store is not read any further',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore({ pageSize: 10 });
      await store.append('account-1', deposits(0, 500));
      const held = new HeldHandler<RecordedEvent, ProjectionContext>();
      let reads = 0;
      const watched = Object.assign(Object.create(null) as object, store, {
        documents: store.documents,
        head: () => store.head(),
        deadLetters: () => store.deadLetters<RecordedEvent>('p'),
        async *subscribe(...call: Parameters<typeof store.subscribe>) {
          for await (const event of store.subscribe(...call)) {
            reads++;
            yield event;
          }
        },
      }) as unknown as typeof store;
      const projection = runProjection(watched, { name: 'p', concurrency: 3, capacity: 20, on: held.handle });
      await time.advance(60_000);
      expect(projection.stats().handler).toMatchObject({ pending: 23, running: 3, suspended: 1 });
      expect(reads).toBe(24);
      held.call(0).succeed();
      await time.settle();
      expect(projection.stats().handler).toMatchObject({ pending: 23, handled: 1, suspended: 1 });
      expect(reads).toBe(25);
      await projection.close();
    }),
  );
});
