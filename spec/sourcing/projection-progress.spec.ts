import {
  type EventStore,
  memoryEventStore,
  type Projection,
  type ProjectionContext,
  type ProjectionOptions,
  projectionProgress,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { explore, virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo, withdraw } from '../support/deposits.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { Barrier, interceptedStore } from '../support/intercepted-store.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A projection that notes the amounts that it is given. */
function noting(store: EventStore, seen: number[], options?: ProjectionOptions): Projection {
  const on = ({ data }: { data: { amount: number } }): void => void seen.push(data.amount);
  return runProjection(store, { name: 'p', events: [Deposited], on }, options);
}

const kept = async (store: EventStore) => Number((await projectionProgress(store.documents, 'p'))?.checkpoint ?? 0);

describe('what is kept', () => {
  it(
    'is where the next start goes on, after close and after drain',
    virtualTest(async () => {
      await using store = await storeOf(10);
      const seen: number[] = [];
      const first = noting(store, seen);
      await first.caughtUp();
      await first.close();
      expect(await kept(store)).toBe(10);
      await store.append('account-1', deposits(10, 20));
      const second = noting(store, seen);
      await second.caughtUp();
      await second.drain();
      await store.append('account-1', deposits(20, 25));
      await using third = noting(store, seen);
      await third.caughtUp();
      expect(seen).toStrictEqual(upTo(25));
    }),
  );

  it(
    'is written no more often than checkpointEveryMs, and not at all when nothing is new',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      let puts = 0;
      const counted = interceptedStore(store, (call) => void (puts += call === 'put' ? 1 : 0));
      await using projection = noting(counted, [], { checkpointEveryMs: 1_000, leaseMs: 10_000_000 });
      await time.advance(0);
      puts = 0;
      for (const amount of upTo(100)) {
        await store.append('account-1', deposit(amount));
        await time.advance(100);
      }
      expect(puts).toBeLessThanOrEqual(10);
      expect(puts).toBeGreaterThanOrEqual(9);
      await time.advance(2_000);
      puts = 0;
      await time.advance(60_000);
      expect(puts).toBe(0);
      expect(projection.stats()).toMatchObject({ state: 'live', checkpoint: '100' });
    }),
  );

  it(
    'goes on over events that are not wanted',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      const seen: number[] = [];
      await using projection = noting(store, seen);
      await store.append('account-1', deposit(1));
      for (const amount of upTo(50)) await store.append('account-1', withdraw(amount));
      await projection.caughtUp();
      await time.advance(5_000);
      expect([seen, await kept(store), projection.stats().checkpoint]).toStrictEqual([[1], 51, '51']);
      expect(projection.stats()).toMatchObject({ state: 'live', lag: 0 });
    }),
  );

  it(
    'does not pass an event that is not settled, even if all behind it are, nor what is not wanted behind it',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(16);
      const held = new HeldHandler<RecordedEvent, ProjectionContext>();
      const projection = runProjection(store, { name: 'p', events: [Deposited], concurrency: 16, on: held.handle });
      await time.settle();
      expect(held.calls).toHaveLength(16);
      for (const call of held.calls) if (call.event.position !== 3) call.succeed();
      await store.append('account-1', withdraw(1));
      await time.advance(5_000);
      expect(await kept(store)).toBe(2);
      held.call(2).succeed();
      await projection.caughtUp();
      await time.advance(100);
      expect(await kept(store)).toBe(17);
      await projection.close();
    }),
  );

  it(
    'may be kept elsewhere, and is written again if it could not be',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      await using other = memoryEventStore();
      let isAway = false;
      const { documents } = interceptedStore(other, (call) => {
        if (isAway && call === 'put') throw new Error('away');
      });
      const errors: unknown[] = [];
      const seen: number[] = [];
      const projection = noting(store, seen, { checkpoints: documents });
      projection.errors.subscribe(({ kind, error }) => errors.push([kind, error]));
      await time.advance(50);
      isAway = true;
      await time.advance(1_000);
      expect(errors).toStrictEqual([
        ['projection', new Error('away')],
        ['projection', new Error('away')],
      ]);
      expect(await kept(other)).toBe(0);
      isAway = false;
      await time.advance(500);
      expect([await kept(other), await kept(store), seen]).toStrictEqual([3, 0, [0, 1, 2]]);
      await projection.close();
      await using again = noting(store, seen, { checkpoints: documents });
      await again.caughtUp();
      expect(seen).toHaveLength(3);
    }),
  );
});

describe('after a crash', () => {
  it(
    'events are repeated from what was kept at most, and none is skipped',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      const barrier = new Barrier();
      const before: number[] = [];
      const dead = noting(interceptedStore(store, barrier.pass), before, { leaseMs: 300 });
      await store.append('account-1', deposits(0, 10));
      await dead.caughtUp();
      await time.advance(100);
      await store.append('account-1', deposits(10, 15));
      await time.advance(50);
      expect([before, await kept(store)]).toStrictEqual([upTo(15), 10]);
      barrier.shut();
      const after: number[] = [];
      const projection = noting(store, after);
      await projection.caughtUp();
      expect(after).toStrictEqual([10, 11, 12, 13, 14]);
      await projection.close();
      barrier.open();
      dead.errors.subscribe();
      await dead.close();
      expect(await kept(store)).toBe(15);
    }),
  );

  it('never skips an event, nor keeps a checkpoint beyond one that was not handled, whatever ends in which order', async () => {
    await explore(
      async ({ schedule, time }) => {
        const store = await storeOf(0);
        const handled = new Set<number>();
        const processes: { readonly barrier: Barrier; readonly projection: Projection }[] = [];
        const wanted: number[] = [];
        let position = 0;

        async function check(): Promise<void> {
          const checkpoint = await kept(store);
          const missing = wanted.find((each) => each <= checkpoint && !handled.has(each));
          if (missing !== undefined) throw new Error(`Kept ${checkpoint}, but event ${missing} was not handled.`);
        }

        function start(): void {
          const barrier = new Barrier();
          const intercepted = interceptedStore(store, barrier.pass);
          const on = async (event: RecordedEvent): Promise<void> => {
            await wait(schedule.upTo(120));
            await barrier.pass();
            handled.add(event.position);
          };
          const definition = { name: 'p', events: [Deposited], concurrency: 16, capacity: schedule.upTo(8), on };
          const projection = runProjection(intercepted, definition, { leaseMs: 200, checkpointEveryMs: 50 });
          projection.errors.subscribe();
          processes.push({ barrier, projection });
        }

        start();
        for (let step = 0; step < 8; step++) {
          const count = schedule.upTo(12);
          for (let index = 0; index < count; index++) {
            const isWanted = !schedule.chance(0.3);
            await store.append(`account-${index % 3}`, isWanted ? deposit(1) : withdraw(1));
            position++;
            if (isWanted) wanted.push(position);
          }
          await time.advance(schedule.upTo(150));
          await check();
          const { barrier, projection } = processes.at(-1)!;
          const end = schedule.oneOf(['none', 'close', 'drain', 'crash']);
          if (end === 'close') await projection.close();
          if (end === 'drain') await projection.drain();
          if (end === 'crash') barrier.shut();
          if (end !== 'none') start();
          await check();
        }
        await processes.at(-1)!.projection.caughtUp();
        const lost = wanted.find((each) => !handled.has(each));
        if (lost !== undefined) throw new Error(`Event ${lost} was skipped.`);
        for (const { barrier, projection } of processes.toReversed()) {
          barrier.open();
          await projection.close();
        }
        // Handlers that were given up end, too.
        await time.advance(200);
        await check();
      },
      { runs: 150 },
    );
  });
});
