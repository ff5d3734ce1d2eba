import {
  type EventStore,
  LeaseLostError,
  memoryEventStore,
  type Projection,
  type ProjectionOptions,
  projectionProgress,
  runProjection,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo } from '../support/deposits.ts';
import { Barrier, interceptedStore } from '../support/intercepted-store.ts';

interface Process {
  readonly barrier: Barrier;
  readonly projection: Projection;
  readonly seen: number[];
  readonly errors: unknown[];
}

/** A process that runs the projection, and can be frozen. */
function newProcess(store: EventStore, options: ProjectionOptions = {}): Process {
  const barrier = new Barrier();
  const seen: number[] = [];
  const errors: unknown[] = [];
  const own = interceptedStore(store, barrier.pass);
  const on = async ({ data }: { data: { amount: number } }): Promise<void> => {
    await barrier.pass();
    seen.push(data.amount);
  };
  const projection = runProjection(own, { name: 'p', events: [Deposited], on }, { leaseMs: 1_000, ...options });
  projection.errors.subscribe(({ kind, error }) => errors.push([kind, error]));
  return { barrier, projection, seen, errors };
}

const state = ({ projection }: Process) => projection.stats().state;

it(
  'is run by one process only, however long the others wait',
  virtualTest(async ({ time }) => {
    await using store = await storeOf(5);
    const [first, second, third] = [newProcess(store), newProcess(store), newProcess(store)];
    for (const amount of upTo(30).slice(5)) {
      await store.append('account-1', deposit(amount));
      await time.advance(1_000);
    }
    expect([state(first), state(second), state(third)]).toStrictEqual(['live', 'standby', 'standby']);
    expect([first.seen, second.seen, third.seen]).toStrictEqual([upTo(30), [], []]);
    await Promise.all([first, second, third].map(({ projection }) => projection.close()));
  }),
);

it.each(['close', 'drain'] as const)(
  'is taken over within a poll when the one that runs it ends by %s',
  virtualTest(async ({ time }, end: 'close' | 'drain') => {
    await using store = await storeOf(5);
    const first = newProcess(store);
    await time.advance(0);
    const second = newProcess(store);
    await time.advance(10_100);
    await first.projection[end]();
    const before = time.now;
    await store.append('account-1', deposits(5, 8));
    await second.projection.caughtUp();
    expect(time.now - before).toBeLessThanOrEqual(250);
    expect(second.seen).toStrictEqual([5, 6, 7]);
    await second.projection.close();
  }),
);

it(
  'is taken over when the one that runs it has been silent for leaseMs',
  virtualTest(async ({ time }) => {
    await using store = await storeOf(5);
    const first = newProcess(store);
    await first.projection.caughtUp();
    const second = newProcess(store);
    await time.advance(10_000);
    first.barrier.shut();
    await store.append('account-1', deposits(5, 8));
    await time.advance(750);
    expect(state(second)).toBe('standby');
    await time.advance(1_000);
    expect([state(second), second.seen]).toStrictEqual(['live', [5, 6, 7]]);
    await second.projection.close();
    first.barrier.open();
    await first.projection.close();
  }),
);

it(
  'cannot be kept by a process that was frozen when another one has taken over: it is told, and stands by',
  virtualTest(async ({ time }) => {
    await using store = await storeOf(5);
    const first = newProcess(store, { checkpointEveryMs: 50 });
    await first.projection.caughtUp();
    await time.advance(10);
    await store.append('account-1', deposits(5, 8));
    first.barrier.shut();
    const second = newProcess(store);
    await second.projection.caughtUp();
    await store.append('account-1', deposits(8, 10));
    await second.projection.caughtUp();
    await time.advance(100);
    const { checkpoint } = (await projectionProgress(store.documents, 'p'))!;
    first.barrier.open();
    await time.advance(500);
    expect(await projectionProgress(store.documents, 'p')).toStrictEqual({ generation: 1, checkpoint });
    expect(first.errors).toStrictEqual([['projection', expect.any(LeaseLostError)]]);
    expect([state(first), state(second)]).toStrictEqual(['standby', 'live']);
    await second.projection.close();
    await store.append('account-1', deposit(10));
    await first.projection.caughtUp();
    expect([state(first), first.seen.at(-1)]).toStrictEqual(['live', 10]);
    await first.projection.close();
  }),
);

it(
  'is nobody else’s when its document was removed: it begins anew',
  virtualTest(async ({ time }) => {
    await using store = await storeOf(3);
    const first = newProcess(store);
    await first.projection.caughtUp();
    await time.advance(100);
    await store.documents.remove('projection', 'p');
    await time.advance(1_000);
    await first.projection.caughtUp();
    expect(first.seen).toStrictEqual([0, 1, 2, 0, 1, 2]);
    await first.projection.close();
  }),
);

it(
  'goes by the lock of the store, if it has one: nobody waits until a lease is over',
  virtualTest(async ({ time }) => {
    await using inner = await storeOf(3);
    /** As the operating system does it: whoever is first has it, and the next one when it is gone. */
    const waiting: (() => void)[] = [];
    const names: string[] = [];
    let isHeld = false;
    const free = (): void => {
      isHeld = waiting.length > 0;
      waiting.shift()?.();
    };
    async function lock(name: string, signal?: AbortSignal): Promise<() => void> {
      names.push(name);
      if (isHeld) {
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve);
          signal?.addEventListener('abort', () => reject(signal.reason));
        });
      }
      isHeld = true;
      return free;
    }
    const barrier = new Barrier();
    const locking = (store: EventStore): EventStore => ({ ...store, lock });
    const seen: number[] = [];
    const definition = {
      name: 'p',
      events: [Deposited],
      on: ({ data }: { data: { amount: number } }): void => void seen.push(data.amount),
    } as const;
    const dead = runProjection(locking(interceptedStore(inner, barrier.pass)), definition);
    dead.errors.subscribe();
    await dead.caughtUp();
    const second = runProjection(locking(interceptedStore(inner, () => undefined)), definition);
    await time.advance(60_000);
    expect(second.stats().state).toBe('standby');
    barrier.shut();
    free();
    await inner.append('account-1', deposit(3));
    const before = time.now;
    await second.caughtUp();
    expect([seen, time.now - before]).toStrictEqual([upTo(4), 0]);
    expect(new Set(names)).toStrictEqual(new Set(['projection:p']));
    // With documents of another store, its lock would prove nothing.
    names.length = 0;
    await using other = memoryEventStore();
    const third = runProjection(locking(interceptedStore(inner, () => undefined)), definition, {
      checkpoints: other.documents,
    });
    await third.caughtUp();
    expect(names).toStrictEqual([]);
    await Promise.all([second.close(), third.close()]);
    barrier.open();
    await dead.close();
  }),
);
