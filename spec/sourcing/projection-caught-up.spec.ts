import { createEventStore, type EventStore, type Projection, runProjection } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { MemoryBackend } from '../../lib/sourcing/memory-backend.ts';
import { deposit, Deposited, storeOf, upTo, withdraw } from '../support/deposits.ts';
import { SteadyAppends } from '../support/steady-appends.ts';
import { Barrier, interceptedStore } from '../support/intercepted-store.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A projection whose handler takes a while, and what it has seen. */
function slow(store: EventStore, ms: number, concurrency = 1): { projection: Projection; seen: number[] } {
  const seen: number[] = [];
  const projection = runProjection(store, {
    name: 'p',
    events: [Deposited],
    concurrency,
    on: async ({ data }) => {
      if (ms > 0) await wait(ms);
      seen.push(data.amount);
    },
  });
  return { projection, seen };
}

describe('caughtUp', () => {
  it(
    'resolves when all that is there is settled, and at once if it is',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(10);
      const { projection, seen } = slow(store, 10);
      await projection.caughtUp();
      expect([seen, time.now]).toStrictEqual([upTo(10), 100]);
      await projection.caughtUp();
      expect(time.now).toBe(100);
      await store.append('account-1', deposit(10));
      await projection.caughtUp();
      expect([seen, time.now]).toStrictEqual([upTo(11), 110]);
      await projection.close();
    }),
  );

  it.each([
    ['an empty store', 0, 0],
    ['a store without a wanted event', 0, 1_000],
    ['wanted events with others behind', 3, 1_000],
  ])(
    'resolves in %s',
    virtualTest(async ({ time }, _: string, wanted: number, unwanted: number) => {
      await using store = await storeOf(wanted);
      for (const amount of upTo(unwanted)) await store.append('account-2', withdraw(amount));
      const { projection, seen } = slow(store, 0);
      await projection.caughtUp();
      await projection.caughtUp();
      expect([seen, time.now]).toStrictEqual([upTo(wanted), 0]);
      await projection.close();
    }),
  );

  it.each([1, 16])(
    'resolves although more comes all the time, and none of before is missing (concurrency %i)',
    virtualTest(async ({ time }, concurrency: number) => {
      await using store = await storeOf(0);
      const { projection, seen } = slow(store, concurrency === 1 ? 0 : 5, concurrency);
      const appends = new SteadyAppends(store);
      for (const round of upTo(20)) {
        await time.advance(round);
        const { count } = appends;
        const before = time.now;
        await projection.caughtUp();
        expect(time.now - before).toBeLessThan(50);
        expect(seen).toStrictEqual(expect.arrayContaining([...upTo(count)]));
      }
      await appends.stop();
      await projection.drain();
    }),
  );

  it(
    'resolves in a process that stands by, when the other one has settled and kept it',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(10);
      const { projection: first, seen } = slow(store, 50);
      await time.advance(0);
      const { projection: other, seen: none } = slow(store, 50);
      expect(other.generation).toBe(0);
      await other.caughtUp();
      expect([seen, none, other.generation]).toStrictEqual([upTo(10), [], 1]);
      expect(other.stats()).toMatchObject({ state: 'standby', checkpoint: undefined, lag: 0 });
      await Promise.all([first.close(), other.close()]);
    }),
  );

  it(
    'resolves there although more comes all the time',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(0);
      const { projection: first, seen } = slow(store, 5, 16);
      await time.advance(0);
      const { projection: other } = slow(store, 0);
      const appends = new SteadyAppends(store);
      for (const round of upTo(5)) {
        await time.advance(round);
        const { count } = appends;
        const before = time.now;
        await other.caughtUp();
        expect(time.now - before).toBeLessThan(300);
        expect(seen).toStrictEqual(expect.arrayContaining([...upTo(count)]));
      }
      await appends.stop();
      await Promise.all([other.close(), first.drain()]);
    }),
  );

  it(
    'goes on waiting when the process that runs it changes',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(20);
      const barrier = new Barrier();
      const first = slow(interceptedStore(store, barrier.pass), 100);
      await time.advance(0);
      const other = slow(store, 100);
      const waiting = other.projection.caughtUp();
      await time.advance(950);
      barrier.shut();
      await waiting;
      expect(new Set([...first.seen, ...other.seen])).toStrictEqual(new Set(upTo(20)));
      barrier.open();
      first.projection.errors.subscribe();
      await other.projection.close();
      await first.projection.close();
    }),
  );

  it(
    'asks the store once, and then waits, while an event of another process is on its way',
    virtualTest(async ({ time }) => {
      const backend = new MemoryBackend();
      const [store, elsewhere] = [createEventStore(backend), createEventStore(backend)];
      let asked = 0;
      const counting: EventStore = {
        ...interceptedStore(store, () => undefined),
        readAll: (options) => {
          asked++;
          return store.readAll(options);
        },
      };
      const { projection, seen } = slow(counting, 0);
      await projection.caughtUp();
      asked = 0;
      await elsewhere.append('account-1', deposit(1));
      await projection.caughtUp();
      expect([seen, time.now]).toStrictEqual([[1], 1_000]);
      expect(asked).toBe(2);
      await projection.close();
      await Promise.all([store.close(), elsewhere.close()]);
    }),
  );

  it(
    'rejects with the reason of its signal, before, while it handles, and while it stands by',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const reason = new Error('enough');
      const { projection } = slow(store, 1_000);
      await expect(projection.caughtUp({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await time.advance(0);
      const { projection: other } = slow(store, 1_000);
      for (const each of [projection, other]) {
        const giving = new AbortController();
        const waiting = each.caughtUp({ signal: giving.signal });
        const caught = expect(waiting).rejects.toBe(reason);
        const before = time.now;
        await time.advance(10);
        giving.abort(reason);
        await caught;
        expect(time.now - before).toBe(10);
      }
      await Promise.all([projection.close(), other.close()]);
      await time.advance(1_000);
    }),
  );

  it(
    'rejects with it also while the store takes its time to answer',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const signals: (AbortSignal | undefined)[] = [];
      const own: EventStore = {
        ...interceptedStore(store, () => undefined),
        readAll: (options) => {
          signals.push(options?.signal);
          return store.readAll(options);
        },
      };
      const { signal } = new AbortController();
      const { projection } = slow(own, 0);
      await projection.caughtUp({ signal });
      const { projection: other } = slow(own, 0);
      await time.advance(200);
      await other.caughtUp({ signal });
      expect(signals).toStrictEqual([signal, signal]);
      await Promise.all([projection.close(), other.close()]);
    }),
  );

  it(
    'rejects when it is closed, before or meanwhile, and when its store is',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const { projection } = slow(store, 1_000);
      const { projection: other } = slow(store, 1_000);
      const caught = Promise.all(
        [projection, other].map((each) => expect(each.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' })),
      );
      await time.advance(10);
      await Promise.all([projection.close(), other.close()]);
      await caught;
      await expect(projection.caughtUp()).rejects.toThrow("projection 'p'");
      const { projection: third } = slow(store, 1_000);
      const late = expect(third.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' });
      await time.advance(10);
      await store.close();
      await late;
      await time.advance(1_000);
    }),
  );
});
