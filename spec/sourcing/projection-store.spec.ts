import { type EventStore, memoryEventStore, type Projection, projectionProgress, runProjection } from 'millrace';
import { explore, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo } from '../support/deposits.ts';
import { type Before, interceptedStore } from '../support/intercepted-store.ts';

/** A projection in front of a store that fails as it is told to, and what it has seen and reported. */
function watched(inner: EventStore, before: Before, tookMs: () => number = () => 0) {
  const seen: number[] = [];
  const errors: string[] = [];
  const projection: Projection = runProjection(interceptedStore(inner, before), {
    name: 'p',
    events: [Deposited],
    concurrency: 4,
    on: async ({ data }) => {
      const ms = tookMs();
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      seen.push(data.amount);
    },
  });
  projection.errors.subscribe(({ kind, error }) => errors.push(`${kind}: ${String(error)}`));
  return { projection, seen, errors };
}

describe('a store that fails', () => {
  it.each(['read', 'head'])(
    'while it is read is reported, and read again from where it failed, half a second later (%s)',
    virtualTest(async ({ time }, what: string) => {
      await using store = await storeOf(10);
      let isBroken = false;
      let reads = 0;
      const { projection, seen, errors } = watched(store, (call) => {
        if (call === 'read' && ++reads === 5) isBroken = true;
        if (isBroken && (call === what || call === 'read')) throw new Error(`no ${call}`);
      });
      await time.advance(250);
      expect(projection.stats().state).toBe('catching-up');
      await time.advance(500);
      expect(seen).toStrictEqual([0, 1, 2]);
      expect(errors).toHaveLength(2);
      expect(errors[0]).toBe('projection: Error: no read');
      isBroken = false;
      await projection.caughtUp();
      expect([seen, time.now]).toStrictEqual([upTo(10), 1_000]);
      await projection.close();
    }),
  );

  it(
    'while it is live is not called live, and loses nothing',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      let isBroken = false;
      const { projection, seen, errors } = watched(store, (call) => {
        if (isBroken && call !== 'put') throw new Error('away');
      });
      await projection.caughtUp();
      isBroken = true;
      await store.append('account-1', deposits(3, 5));
      await time.advance(700);
      expect([projection.stats().state, seen]).toStrictEqual(['catching-up', upTo(3)]);
      expect(errors).toHaveLength(2);
      await expect(projection.caughtUp()).rejects.toThrow('away');
      isBroken = false;
      await projection.caughtUp();
      expect(seen).toStrictEqual(upTo(5));
      await projection.close();
    }),
  );

  it(
    'while its documents are asked is reported, and asked again',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      let isBroken = true;
      const { projection, seen, errors } = watched(store, (call) => {
        if (isBroken && call === 'get') throw new Error('away');
      });
      await time.advance(1_200);
      expect([projection.stats().state, errors]).toStrictEqual(['standby', Array(3).fill('projection: Error: away')]);
      isBroken = false;
      await projection.caughtUp();
      expect(seen).toStrictEqual(upTo(3));
      await projection.close();
    }),
  );

  it('never loses an event, nor repeats one while the process lives, however it fails', async () => {
    await explore(
      async ({ schedule, time }) => {
        const store = memoryEventStore({ pageSize: 3 });
        let isOver = false;
        const fail: Before = (call) => {
          if (!isOver && schedule.chance(0.15)) throw new Error(`no ${call}`);
        };
        const { projection, seen } = watched(store, fail, () => schedule.upTo(900));
        const count = 1 + schedule.upTo(20);
        for (let amount = 0; amount < count; amount++) {
          await store.append('account-1', deposit(amount));
          await time.advance(schedule.upTo(400));
        }
        isOver = true;
        await time.advance(20_000);
        await projection.caughtUp();
        const sorted = seen.toSorted((a, b) => a - b);
        if (sorted.join() !== upTo(count).join()) throw new Error(`Seen: ${seen.join(' ')}`);
        await projection.close();
        const progress = await projectionProgress(store.documents, 'p');
        if (progress?.checkpoint !== String(count)) throw new Error(`Kept: ${progress?.checkpoint}`);
      },
      { runs: 150 },
    );
  });
});

describe('a store that is closed', () => {
  it.each([
    ['while it waits for more', 0, 'live'],
    ['while a handler is at work', 1_000, 'catching-up'],
  ])(
    'closes the projection, and leaves no timer (%s)',
    virtualTest(async ({ time }, _: string, tookMs: number, state: string) => {
      const store = await storeOf(3);
      const projection = runProjection(store, {
        name: 'p',
        on: async () => tookMs > 0 && new Promise((resolve) => setTimeout(resolve, tookMs)),
      });
      await time.advance(10);
      expect(projection.stats().state).toBe(state);
      await store.close();
      await time.settle();
      expect(projection.stats().state).toBe('closed');
      await projection.close();
      await time.advance(tookMs);
    }),
  );

  it(
    'closes one that stands by, one that has stopped, and one whose store is away',
    virtualTest(async ({ time }) => {
      const store = await storeOf(3);
      const errors: string[] = [];
      const run = (name: string, on: () => void, through = store): Projection => {
        const projection = runProjection(through, { name, on });
        projection.errors.subscribe(({ error }) => errors.push(String(error)));
        return projection;
      };
      const fail = (): never => {
        throw new Error('no');
      };
      const away = interceptedStore(store, (call) => {
        if (call === 'read') throw new Error('away');
      });
      const stopped = run('stopped', fail);
      const standby = run('stopped', fail);
      const waiting = run('away', () => undefined, away);
      await time.advance(100);
      expect([stopped, standby, waiting].map((each) => each.stats().state)).toStrictEqual([
        'stopped',
        'standby',
        'catching-up',
      ]);
      expect(errors).toHaveLength(2);
      await store.close();
      await time.advance(2_000);
      // That is no error.
      expect(errors).toHaveLength(2);
      expect([stopped, standby, waiting].map((each) => each.stats().state)).toStrictEqual([
        'closed',
        'closed',
        'closed',
      ]);
    }),
  );

  it(
    'closes it also if it is only that of its checkpoints',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const other = memoryEventStore();
      const projection = runProjection(store, { name: 'p', on: () => undefined }, { checkpoints: other.documents });
      await time.advance(200);
      await other.close();
      await store.append('account-1', deposit(3));
      await time.advance(200);
      expect(projection.stats().state).toBe('closed');
      await expect(projection.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' });
    }),
  );
});
