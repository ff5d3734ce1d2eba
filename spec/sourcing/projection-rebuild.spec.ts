import {
  type EventStore,
  LeaseLostError,
  memoryEventStore,
  type Projection,
  type ProjectionDefinition,
  type ProjectionOptions,
  projectionProgress,
  type RebuildProgress,
  runProjection,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo } from '../support/deposits.ts';
import { SteadyAppends } from '../support/steady-appends.ts';
import { Barrier, type Before, interceptedStore } from '../support/intercepted-store.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A read model with a table for each generation, which a projection makes, fills and drops. */
class Tables {
  readonly tables = new Map<number, number[]>();
  readonly log: string[] = [];
  /** Milliseconds that an event takes. */
  tookMs = 0;
  /** An amount that cannot be handled in these generations. */
  broken: { readonly amount: number; readonly generations: readonly number[] } | undefined;
  onPrepare: (generation: number) => unknown = () => undefined;
  onDiscard: (generation: number) => unknown = () => undefined;

  run(
    store: EventStore,
    more: Partial<ProjectionDefinition<typeof Deposited>> = {},
    options?: ProjectionOptions,
  ): Projection {
    const definition: ProjectionDefinition<typeof Deposited> = {
      name: 'p',
      events: [Deposited],
      prepare: async (generation) => {
        this.log.push(`prepare ${generation}`);
        expect(this.tables.has(generation)).toBe(false);
        this.tables.set(generation, []);
        await this.onPrepare(generation);
      },
      discard: async (generation) => {
        this.log.push(`discard ${generation}`);
        await this.onDiscard(generation);
        this.tables.delete(generation);
      },
      on: async ({ data: { amount } }, { generation }) => {
        const table = this.tables.get(generation);
        if (table === undefined) throw new Error(`no table ${generation}`);
        if (this.tookMs > 0) await wait(this.tookMs);
        if (amount === this.broken?.amount && this.broken.generations.includes(generation)) throw new Error('broken');
        table.push(amount);
      },
      ...more,
    };
    const projection = runProjection(store, definition, options);
    projection.errors.subscribe();
    return projection;
  }
}

const kept = (store: EventStore) => projectionProgress(store.documents, 'p');

describe('a rebuild', () => {
  it(
    'makes a new generation beside the old one, which goes on until the new one has had all that there is',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(10);
      const model = new Tables();
      await using projection = model.run(store);
      await projection.caughtUp();
      model.tookMs = 10;
      const rebuilding = projection.rebuild();
      await time.advance(55);
      await store.append('account-1', deposits(10, 12));
      await time.advance(30);
      expect(projection.generation).toBe(1);
      expect(model.tables.get(1)).toStrictEqual(upTo(12));
      expect(model.tables.get(2)).toHaveLength(8);
      expect(await kept(store)).toMatchObject({ generation: 1 });
      expect(projection.stats()).toMatchObject({
        state: 'live',
        generation: 1,
        rebuild: { generation: 2, handled: 8, position: 8, head: 10 },
      });
      expect(await rebuilding).toBe(2);
      expect(model.tables).toStrictEqual(new Map([[2, upTo(12)]]));
      expect(model.log).toStrictEqual(['prepare 1', 'prepare 2', 'discard 1']);
      expect([projection.generation, await kept(store)]).toMatchObject([2, { generation: 2 }]);
      expect(projection.stats().rebuild).toBeUndefined();
      await store.append('account-1', deposit(12));
      await projection.caughtUp();
      expect(model.tables).toStrictEqual(new Map([[2, upTo(13)]]));
    }),
  );

  it(
    'is what the next start goes on with; what was prepared is not prepared again',
    virtualTest(async () => {
      await using store = await storeOf(0);
      const model = new Tables();
      const first = model.run(store);
      expect(await first.rebuild()).toBe(2);
      expect(await first.rebuild()).toBe(3);
      await first.close();
      await using second = model.run(store);
      await store.append('account-1', deposits(0, 3));
      await second.caughtUp();
      expect([second.generation, model.tables]).toStrictEqual([3, new Map([[3, upTo(3)]])]);
      expect(model.log).toStrictEqual(['prepare 1', 'prepare 2', 'discard 1', 'prepare 3', 'discard 2']);
    }),
  );

  it(
    'ends although more comes all the time',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(100);
      const model = new Tables();
      model.tookMs = 5;
      await using projection = model.run(store, { concurrency: 16 });
      const appends = new SteadyAppends(store, 100);
      await time.advance(500);
      await projection.rebuild();
      expect(time.now).toBeLessThan(5_000);
      await appends.stop();
      await projection.caughtUp();
      expect(model.tables.get(2)?.toSorted((a, b) => a - b)).toStrictEqual(upTo(appends.count));
    }),
  );

  it(
    'tells how far it is, about ten times a second and at the end; a listener that throws harms nobody',
    virtualTest(async () => {
      await using store = await storeOf(100);
      const model = new Tables();
      await using projection = model.run(store);
      await projection.caughtUp();
      model.tookMs = 10;
      const told: RebuildProgress[] = [];
      const errors: unknown[] = [];
      projection.errors.subscribe(({ error }) => errors.push(error));
      const onProgress = (progress: RebuildProgress): void => {
        told.push(progress);
        throw new Error('listener');
      };
      await projection.rebuild({ onProgress });
      expect(told.map(({ handled }) => handled)).toStrictEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99, 100]);
      expect(told.at(-1)).toStrictEqual({ generation: 2, handled: 100, position: 100, head: 100 });
      expect(errors).toHaveLength(told.length);
    }),
  );

  it(
    'mends a projection that has stopped',
    virtualTest(async () => {
      await using store = await storeOf(10);
      const model = new Tables();
      model.broken = { amount: 4, generations: [1] };
      await using projection = model.run(store);
      await expect(projection.caughtUp()).rejects.toThrow('broken');
      await projection.rebuild();
      await projection.caughtUp();
      expect(projection.stats()).toMatchObject({ state: 'live', generation: 2, checkpoint: '10' });
      expect(model.tables).toStrictEqual(new Map([[2, upTo(10)]]));
    }),
  );

  it(
    'is one at a time',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const model = new Tables();
      await using projection = model.run(store);
      const first = projection.rebuild();
      await expect(projection.rebuild()).rejects.toThrow(
        "Expected projection 'p' to be rebuilt once at a time, got a second rebuild. Wait for the first.",
      );
      model.onDiscard = async () => {
        await expect(projection.rebuild()).rejects.toMatchObject({ code: 'INVALID_OPTION' });
      };
      expect(await first).toBe(2);
      expect(await projection.rebuild()).toBe(3);
    }),
  );

  it(
    'waits for its turn where another process has it, until it is closed or given up',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const model = new Tables();
      const first = model.run(store);
      await first.caughtUp();
      const second = model.run(store);
      const giving = new AbortController();
      const given = expect(second.rebuild({ signal: giving.signal })).rejects.toThrow('enough');
      const rebuilding = second.rebuild();
      await time.advance(10_000);
      giving.abort(new Error('enough'));
      await given;
      await first.close();
      expect(await rebuilding).toBe(2);
      const third = model.run(store);
      const closed = expect(third.rebuild()).rejects.toMatchObject({ code: 'CLOSED' });
      await time.advance(10);
      await third.close();
      await closed;
      await second.close();
    }),
  );
});

describe('a rebuild that is given up', () => {
  it.each([
    ['before', 0],
    ['while it is prepared', 10],
    ['while it handles', 500],
  ])(
    'by its signal leaves the old one as it was, and discards the new one (%s)',
    virtualTest(async ({ time }, _: string, afterMs: number) => {
      await using store = await storeOf(10);
      const model = new Tables();
      await using projection = model.run(store);
      await projection.caughtUp();
      model.tookMs = 100;
      model.onPrepare = () => wait(100);
      const giving = new AbortController();
      if (afterMs === 0) giving.abort(new Error('enough'));
      const rebuilding = expect(projection.rebuild({ signal: giving.signal })).rejects.toThrow('enough');
      await time.advance(afterMs);
      giving.abort(new Error('enough'));
      await rebuilding;
      expect(model.log).toStrictEqual(afterMs === 0 ? ['prepare 1'] : ['prepare 1', 'prepare 2', 'discard 2']);
      await store.append('account-1', deposit(10));
      await projection.caughtUp();
      expect(projection.stats()).toMatchObject({ state: 'live', generation: 1 });
      expect(model.tables).toStrictEqual(new Map([[1, upTo(11)]]));
      await time.advance(1_000);
      expect(JSON.parse((await store.documents.get('projection', 'p'))!.value)).not.toHaveProperty('value.others');
    }),
  );

  it(
    'by an event that cannot be handled rejects with it, and nothing is reported',
    virtualTest(async () => {
      await using store = await storeOf(10);
      const model = new Tables();
      model.broken = { amount: 4, generations: [2] };
      await using projection = model.run(store);
      const errors: unknown[] = [];
      projection.errors.subscribe((error) => errors.push(error));
      await projection.caughtUp();
      await expect(projection.rebuild()).rejects.toMatchObject({ code: 'PROJECTION_STOPPED', event: { version: 5 } });
      expect(projection.stats()).toMatchObject({ state: 'live', generation: 1 });
      expect([model.tables, errors]).toStrictEqual([new Map([[1, upTo(10)]]), []]);
      model.broken = undefined;
      expect(await projection.rebuild()).toBe(2);
    }),
  );

  it(
    'by a prepare that fails is discarded, too',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const model = new Tables();
      await using projection = model.run(store);
      await projection.caughtUp();
      model.onPrepare = () => {
        throw new Error('disk full');
      };
      await expect(projection.rebuild()).rejects.toThrow('disk full');
      expect(model.log).toStrictEqual(['prepare 1', 'prepare 2', 'discard 2']);
    }),
  );

  it.each(['close', 'drain'] as const)(
    'by %s is discarded before another process may have it',
    virtualTest(async ({ time }, end: 'close' | 'drain') => {
      await using store = await storeOf(10);
      const model = new Tables();
      const projection = model.run(store);
      await projection.caughtUp();
      model.tookMs = 100;
      const rebuilding = expect(projection.rebuild()).rejects.toMatchObject({ code: 'CLOSED' });
      await time.advance(250);
      await projection[end]();
      await rebuilding;
      expect([model.tables, model.log.at(-1)]).toStrictEqual([new Map([[1, upTo(10)]]), 'discard 2']);
      await time.advance(100);
      await using second = model.run(store);
      await second.caughtUp();
      expect([second.generation, model.log]).toStrictEqual([1, ['prepare 1', 'prepare 2', 'discard 2']]);
    }),
  );

  it(
    'by a crash is discarded at the next start; whoever died leaves alone what that one builds',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(10);
      const model = new Tables();
      const barrier = new Barrier();
      const dead = model.run(interceptedStore(store, barrier.pass), {}, { leaseMs: 500 });
      await dead.caughtUp();
      await time.advance(1_000);
      model.tookMs = 100;
      model.onPrepare = () => barrier.shut();
      const rebuilding = expect(dead.rebuild()).rejects.toThrow(LeaseLostError);
      await time.advance(250);
      model.onPrepare = () => undefined;
      await time.advance(1_000);
      expect(await kept(store)).toMatchObject({ generation: 1 });

      const projection = model.run(store);
      await time.advance(1_000);
      expect([projection.generation, model.log]).toStrictEqual([1, ['prepare 1', 'prepare 2', 'discard 2']]);
      const again = projection.rebuild();
      await time.advance(250);
      barrier.open();
      await rebuilding;
      expect(await again).toBe(2);
      expect(model.log.slice(3)).toStrictEqual(['prepare 2', 'discard 1']);
      expect(model.tables).toStrictEqual(new Map([[2, upTo(10)]]));
      await projection.close();
      await dead.close();
    }),
  );
});

describe('the switch', () => {
  /** Runs a rebuild whose writes are watched from the moment on in which the new generation has had all. */
  async function switching(before: Before) {
    const inner = await storeOf(5);
    const model = new Tables();
    let isSwitching = false;
    const store = interceptedStore(inner, (call) => (isSwitching ? before(call) : undefined));
    const projection = model.run(store, {}, { leaseMs: 1_000 });
    await projection.caughtUp();
    const onProgress = ({ handled }: RebuildProgress): void => void (isSwitching = handled === 5);
    return { inner, model, projection, rebuilding: projection.rebuild({ onProgress }) };
  }

  it(
    'is given up if it cannot be kept',
    virtualTest(async () => {
      let puts = 0;
      const { inner, model, projection, rebuilding } = await switching((call) => {
        if (call === 'put' && puts++ === 0) throw new Error('away');
      });
      await expect(rebuilding).rejects.toThrow('away');
      expect([projection.generation, await kept(inner)]).toMatchObject([1, { generation: 1 }]);
      expect(model.tables).toStrictEqual(new Map([[1, upTo(5)]]));
      await projection.close();
    }),
  );

  it(
    'is not undone by a checkpoint of the old generation, nor told before it is kept',
    virtualTest(async ({ time }) => {
      const barrier = new Barrier();
      const { inner, model, projection, rebuilding } = await switching((call) =>
        call === 'put' ? barrier.pass() : undefined,
      );
      barrier.shut();
      await time.advance(10);
      await inner.append('account-1', deposits(5, 8));
      await time.advance(200);
      expect([projection.generation, model.tables.get(1)]).toStrictEqual([1, upTo(8)]);
      barrier.open();
      expect(await rebuilding).toBe(2);
      await time.advance(1_000);
      expect(await kept(inner)).toStrictEqual({ generation: 2, checkpoint: '8' });
      await projection.close();
      expect(model.tables).toStrictEqual(new Map([[2, upTo(8)]]));
    }),
  );

  it(
    'that is under way when the projection closes comes to its end, and nothing runs after it',
    virtualTest(async ({ time }) => {
      const barrier = new Barrier();
      const { inner, model, projection, rebuilding } = await switching((call) =>
        call === 'put' ? barrier.pass() : undefined,
      );
      barrier.shut();
      await time.advance(10);
      const closing = projection.close();
      await time.advance(10);
      barrier.open();
      expect(await rebuilding).toBe(2);
      await closing;
      await inner.append('account-1', deposit(5));
      await time.advance(5_000);
      expect([model.tables, await kept(inner)]).toMatchObject([new Map([[2, upTo(5)]]), { generation: 2 }]);
    }),
  );

  it(
    'to a generation that has stopped meanwhile is told of, as of any that stops',
    virtualTest(async ({ time }) => {
      const barrier = new Barrier();
      const { inner, model, projection, rebuilding } = await switching((call) =>
        call === 'put' ? barrier.pass() : undefined,
      );
      const errors: unknown[] = [];
      projection.errors.subscribe(({ error }) => errors.push(error));
      barrier.shut();
      await time.advance(10);
      model.broken = { amount: 5, generations: [2] };
      await inner.append('account-1', deposit(5));
      await time.advance(10);
      barrier.open();
      expect(await rebuilding).toBe(2);
      expect(errors).toMatchObject([{ code: 'PROJECTION_STOPPED', event: { version: 6 } }]);
      expect(projection.stats().state).toBe('stopped');
      model.broken = undefined;
      projection.resume();
      await projection.caughtUp();
      expect(model.tables).toStrictEqual(new Map([[2, upTo(6)]]));
      await projection.close();
    }),
  );
});

describe('generations', () => {
  it(
    'that were given up and cannot be discarded keep their number, too',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const model = new Tables();
      model.broken = { amount: 1, generations: [2] };
      model.onDiscard = (generation) => {
        if (generation === 2) throw new Error('locked');
      };
      const first = model.run(store);
      await first.caughtUp();
      await expect(first.rebuild()).rejects.toThrow('broken');
      expect(await first.rebuild()).toBe(3);
      await time.advance(1_000);
      const { value } = (await store.documents.get('projection', 'p'))!;
      expect(JSON.parse(value)).toMatchObject({ value: { generation: 3, others: [2] } });
      await first.close();
    }),
  );

  it(
    'are prepared once, also if their process dies at once',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(0);
      const model = new Tables();
      const barrier = new Barrier();
      const dead = model.run(interceptedStore(store, barrier.pass), {}, { leaseMs: 300 });
      await dead.caughtUp();
      barrier.shut();
      await using second = model.run(store);
      await time.advance(1_000);
      expect([second.stats().state, model.log]).toStrictEqual(['live', ['prepare 1']]);
      barrier.open();
      await dead.close();
    }),
  );

  it(
    'that cannot be discarded are reported, keep their number, and are discarded at the next start',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const model = new Tables();
      const first = model.run(store);
      const errors: unknown[] = [];
      first.errors.subscribe(({ error }) => errors.push(error));
      await first.caughtUp();
      model.onDiscard = (generation) => {
        if (generation === 1) throw new Error('locked');
      };
      expect(await first.rebuild()).toBe(2);
      expect(errors).toStrictEqual([new Error('locked')]);
      expect(await first.rebuild()).toBe(3);
      await first.close();
      expect([...model.tables.keys()]).toStrictEqual([1, 3]);
      model.onDiscard = () => wait(300);
      await using second = model.run(store);
      await second.caughtUp();
      expect(second.stats().state).toBe('live');
      expect([...model.tables.keys()]).toStrictEqual([3]);
    }),
  );

  it(
    'are prepared again if the first one could not be, or by the next process if this one has died in between',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const prepared: string[] = [];
      const errors: unknown[] = [];
      let isBroken = true;
      const definition = (by: string): ProjectionDefinition => ({
        name: 'p',
        on: () => undefined,
        prepare: () => {
          prepared.push(by);
          if (isBroken) throw new Error('no database');
        },
      });
      const barrier = new Barrier();
      const dead = runProjection(interceptedStore(store, barrier.pass), definition('a'), { leaseMs: 300 });
      dead.errors.subscribe(({ error }) => errors.push(error));
      await time.advance(1_100);
      expect([prepared, errors.length]).toStrictEqual([['a', 'a', 'a'], 3]);
      isBroken = false;
      barrier.shut();
      await time.advance(1_000);
      await using projection = runProjection(store, definition('b'));
      await projection.caughtUp();
      expect(prepared.filter((by) => by === 'b')).toHaveLength(1);
      barrier.open();
      await dead.close();
    }),
  );

  it(
    'take their dead letters back when they are the present one, and not before',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(5);
      const model = new Tables();
      model.broken = { amount: 2, generations: [1] };
      await using projection = model.run(store, { onFailure: 'dead-letter' });
      await projection.caughtUp();
      model.tookMs = 100;
      model.broken = undefined;
      const giving = new AbortController();
      const given = expect(projection.rebuild({ signal: giving.signal })).rejects.toThrow('enough');
      await time.advance(250);
      expect(await projection.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(model.tables.get(1)).toStrictEqual([0, 1, 3, 4, 2]);
      giving.abort(new Error('enough'));
      await given;
      model.broken = { amount: 2, generations: [2] };
      await projection.rebuild();
      model.broken = undefined;
      expect(await projection.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(model.tables).toStrictEqual(new Map([[2, [0, 1, 3, 4, 2]]]));
    }),
  );
});

it(
  'readers in other processes ask the store which generation to read',
  virtualTest(async ({ time }) => {
    await using store = await storeOf(3);
    expect(await projectionProgress(store.documents, 'p')).toBeUndefined();
    const model = new Tables();
    model.onPrepare = () => wait(100);
    await using projection = model.run(store);
    await time.advance(50);
    expect(await projectionProgress(store.documents, 'p')).toBeUndefined();
    expect(projection.generation).toBe(0);
    await projection.caughtUp();
    await time.advance(100);
    expect(await projectionProgress(store.documents, 'p')).toStrictEqual({ generation: 1, checkpoint: '3' });
    await using empty = memoryEventStore();
    expect(await projectionProgress(empty.documents, 'p')).toBeUndefined();
  }),
);
