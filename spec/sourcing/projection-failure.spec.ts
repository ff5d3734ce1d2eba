import {
  createDeadLetterQueue,
  type EventStore,
  memoryEventStore,
  type Projection,
  type ProjectionDefinition,
  type ProjectionOptions,
  ProjectionStoppedError,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo } from '../support/deposits.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A projection that cannot handle some amounts, until they are mended. */
class Account {
  readonly seen: number[] = [];
  readonly broken: Set<number>;
  readonly definition: ProjectionDefinition<typeof Deposited>;

  constructor(broken: readonly number[], more: Partial<ProjectionDefinition<typeof Deposited>> = {}) {
    this.broken = new Set(broken);
    this.definition = {
      name: 'p',
      events: [Deposited],
      on: ({ data: { amount } }) => {
        if (this.broken.has(amount)) throw new Error(`no ${amount}`);
        this.seen.push(amount);
      },
      ...more,
    };
  }

  run(store: EventStore, options?: ProjectionOptions): Projection {
    const projection = runProjection(store, this.definition, options);
    projection.errors.subscribe();
    return projection;
  }
}

afterEach(() => void vi.restoreAllMocks());

describe('an event that cannot be handled', () => {
  it(
    'stops the projection before it, and says where and why',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(20);
      const account = new Account([7], { retry: { maxAttempts: 3, delayMs: 10 } });
      const errors: unknown[] = [];
      await using projection = account.run(store);
      projection.errors.subscribe(({ kind, error }) => errors.push([kind, error]));
      const error: unknown = await projection.caughtUp().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ProjectionStoppedError);
      expect(error).toMatchObject({
        code: 'PROJECTION_STOPPED',
        projection: 'p',
        event: { version: 8, data: { amount: 7 } },
        cause: new Error('no 7'),
      });
      const { id } = (error as ProjectionStoppedError).event;
      expect((error as Error).message).toBe(
        `Expected projection 'p' to handle 'account.deposited', version 8 of stream 'account-1' (position 8, id ${id}), got an error in attempt 3: Error: no 7. Mend the handler, then call resume() or start again: it goes on with this event. Or choose onFailure: 'dead-letter'.`,
      );
      await time.advance(60_000);
      expect(account.seen).toStrictEqual(upTo(7));
      expect(errors).toStrictEqual([['projection', error]]);
      expect(projection.stats()).toMatchObject({ state: 'stopped', checkpoint: '7', lag: 13 });
      await expect(projection.caughtUp()).rejects.toBe(error);
      await expect(projection.deadLetters.list()).resolves.toStrictEqual([]);
    }),
  );

  it(
    'is where it goes on after resume, and after a restart',
    virtualTest(async () => {
      await using store = await storeOf(20);
      const account = new Account([7, 12]);
      const first = account.run(store);
      await expect(first.caughtUp()).rejects.toThrow('no 7');
      first.resume();
      await expect(first.caughtUp()).rejects.toThrow('no 7');
      account.broken.delete(7);
      first.resume();
      await expect(first.caughtUp()).rejects.toThrow('no 12');
      await first.close();
      account.broken.delete(12);
      await using second = account.run(store);
      await second.caughtUp();
      second.resume();
      expect(account.seen).toStrictEqual(upTo(20));
      expect(second.stats()).toMatchObject({ state: 'live' });
    }),
  );

  it(
    'stops nothing else',
    virtualTest(async () => {
      await using store = await storeOf(20);
      const [broken, fine] = [new Account([7]), new Account([], { name: 'q' })];
      await using one = broken.run(store);
      await using other = fine.run(store);
      await expect(one.caughtUp()).rejects.toThrow('no 7');
      await store.append('account-1', deposit(20));
      await other.caughtUp();
      expect(fine.seen).toStrictEqual(upTo(21));
    }),
  );

  it(
    'has others run beside it to their end, or again after resume; none is missing',
    virtualTest(async () => {
      await using store = await storeOf(40);
      const handled: number[] = [];
      let isBroken = true;
      await using projection = runProjection(store, {
        name: 'p',
        events: [Deposited],
        concurrency: 16,
        on: async ({ data: { amount } }) => {
          await wait(amount === 7 ? 5 : (amount * 7) % 11);
          if (amount === 7 && isBroken) throw new Error('no 7');
          handled.push(amount);
        },
      });
      projection.errors.subscribe();
      await expect(projection.caughtUp()).rejects.toThrow('no 7');
      expect(Number(projection.stats().checkpoint)).toBeLessThanOrEqual(7);
      isBroken = false;
      projection.resume();
      await projection.caughtUp();
      expect([...new Set(handled)].toSorted((a, b) => a - b)).toStrictEqual(upTo(40));
    }),
  );

  it(
    'stops before its whole batch',
    virtualTest(async () => {
      await using store = await storeOf(20);
      const batches: number[] = [];
      let isBroken = true;
      await using projection = runProjection(store, {
        name: 'p',
        events: [Deposited],
        batch: { maxSize: 5, maxWaitMs: 50 },
        on: (events) => {
          if (isBroken && events.some(({ data }) => data.amount === 12)) throw new Error('no 12');
          batches.push(events[0]!.data.amount);
        },
      });
      projection.errors.subscribe();
      await expect(projection.caughtUp()).rejects.toMatchObject({
        event: { version: 11 },
        cause: { message: 'no 12' },
      });
      expect([batches, projection.stats().checkpoint]).toStrictEqual([[0, 5], '10']);
      isBroken = false;
      projection.resume();
      await projection.caughtUp();
      expect(projection.stats()).toMatchObject({ state: 'live', checkpoint: '20' });
    }),
  );

  it(
    'is printed once if nobody listens',
    virtualTest(async ({ time }) => {
      const print = vi.spyOn(console, 'error').mockReturnValue(undefined);
      await using store = await storeOf(3);
      await using projection = runProjection(store, new Account([1]).definition);
      await time.advance(10);
      projection.resume();
      await time.advance(10);
      expect(print).toHaveBeenCalledTimes(1);
      expect(print.mock.calls[0]).toStrictEqual([
        'millrace: projection error; subscribe to errors to see all of them.',
        expect.any(ProjectionStoppedError),
      ]);
    }),
  );

  it(
    'may be one whose key cannot be told',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const key = ({ data }: { data: { amount: number } }): number => {
        if (data.amount === 1) throw new Error('no key');
        return data.amount;
      };
      await using projection = new Account([], { key }).run(store);
      await expect(projection.caughtUp()).rejects.toThrow('no key');
      expect(projection.stats().checkpoint).toBe('1');
    }),
  );
});

describe('dead letters', () => {
  const deadLetter = { onFailure: 'dead-letter' } as const;

  it(
    'let the projection go on, and are in the store for the next process, which can redrive them',
    virtualTest(async () => {
      await using store = await storeOf(10);
      const account = new Account([3, 5], deadLetter);
      const first = account.run(store);
      await first.caughtUp();
      expect(account.seen).toStrictEqual([0, 1, 2, 4, 6, 7, 8, 9]);
      expect(first.stats()).toMatchObject({ state: 'live', checkpoint: '10', handler: { handled: 8, dead: 2 } });
      account.broken.delete(3);
      expect(await first.deadLetters.redrive({ limit: 1 })).toMatchObject({ redriven: 1, handled: 1 });
      await first.close();

      await using second = account.run(store);
      await second.caughtUp();
      expect(await second.deadLetters.list()).toMatchObject([
        { handler: 'p', reason: 'exhausted', redriven: 0, event: { version: 6, stream: 'account-1' } },
      ]);
      expect(await second.deadLetters.redrive()).toMatchObject({ redriven: 1, dead: 1 });
      expect(await second.deadLetters.list()).toMatchObject([{ event: { version: 6 }, redriven: 1 }]);
      account.broken.clear();
      expect(await second.deadLetters.redrive()).toMatchObject({ handled: 1 });
      expect(await second.deadLetters.list()).toStrictEqual([]);
      expect(account.seen).toStrictEqual([0, 1, 2, 4, 6, 7, 8, 9, 3, 5]);
    }),
  );

  it(
    'are never made of what was abandoned: that comes again',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(10);
      let isSlow = true;
      const seen: number[] = [];
      const definition: ProjectionDefinition<typeof Deposited> = {
        name: 'p',
        events: [Deposited],
        concurrency: 3,
        ...deadLetter,
        on: async ({ data }) => {
          if (isSlow) await wait(1_000);
          seen.push(data.amount);
        },
      };
      const first = runProjection(store, definition);
      await time.advance(100);
      expect(await first.drain({ deadlineMs: 100 })).toMatchObject({ completed: false, abandoned: 10 });
      expect(await first.deadLetters.list()).toStrictEqual([]);
      await time.advance(2_000);
      isSlow = false;
      seen.length = 0;
      await using second = runProjection(store, definition);
      await second.caughtUp();
      expect(seen).toStrictEqual(upTo(10));
    }),
  );

  it(
    'are kept of an event that was redriven and then abandoned: it comes from nowhere else',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      let isSlow = false;
      const account = new Account([1], {
        ...deadLetter,
        on: async ({ data }) => {
          if (isSlow) await wait(1_000);
          if (data.amount === 1) throw new Error('no 1');
        },
      });
      const first = account.run(store);
      await first.caughtUp();
      isSlow = true;
      const redriving = first.deadLetters.redrive();
      await time.advance(10);
      await first.close();
      expect(await redriving).toMatchObject({ redriven: 1, dead: 1 });
      expect(await first.deadLetters.list()).toMatchObject([
        { reason: 'abandoned', redriven: 1, event: { version: 2 } },
      ]);
      await time.advance(1_000);
    }),
  );

  it(
    'of before are redriven although failures stop the projection by now, and stay if they fail',
    virtualTest(async () => {
      await using store = await storeOf(5);
      const before = new Account([1, 2], deadLetter);
      const first = before.run(store);
      await first.caughtUp();
      await first.close();
      const account = new Account([2]);
      await using second = account.run(store);
      await second.caughtUp();
      expect(await second.deadLetters.redrive()).toMatchObject({ handled: 1, dead: 1 });
      expect(account.seen).toStrictEqual([1]);
      expect(await second.deadLetters.list()).toMatchObject([{ event: { version: 3 }, redriven: 1 }]);
      expect(second.stats().state).toBe('live');
    }),
  );

  it(
    'of events that it does not take any more fail again',
    virtualTest(async () => {
      await using store = memoryEventStore();
      await store.append('account-1', { type: 'account.closed', data: {} });
      const first = runProjection(store, {
        name: 'p',
        ...deadLetter,
        on: () => {
          throw new Error('no');
        },
      });
      await first.caughtUp();
      await first.close();
      for (const more of [
        { on: { 'account.deposited': () => undefined } },
        { events: [Deposited], on: () => undefined },
      ]) {
        const next = runProjection(store, { name: 'p', ...deadLetter, ...more });
        await next.caughtUp();
        expect(await next.deadLetters.redrive()).toMatchObject({ dead: 1 });
        const [letter] = await next.deadLetters.list();
        expect(String(letter?.error)).toMatch("of a type that the projection takes, got 'account.closed'");
        await next.close();
      }
    }),
  );

  it(
    'wait in a process that stands by',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const account = new Account([1], deadLetter);
      await using first = account.run(store);
      await first.caughtUp();
      await using other = account.run(store);
      await other.caughtUp();
      expect(await other.deadLetters.redrive()).toMatchObject({ redriven: 0, skipped: 1 });
      expect(await first.deadLetters.redrive()).toMatchObject({ redriven: 1 });
    }),
  );

  it(
    'may go to a queue of your own, with what goes wrong there',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const deadLetters = createDeadLetterQueue<RecordedEvent>({ maxSize: 1 });
      const errors: string[] = [];
      const projection = new Account([0, 1], deadLetter).run(store, { deadLetters });
      projection.errors.subscribe(({ kind }) => errors.push(kind));
      await projection.caughtUp();
      expect(projection.deadLetters).toBe(deadLetters);
      expect(await deadLetters.list()).toMatchObject([{ event: { version: 2 } }]);
      expect(errors).toStrictEqual(['evicted']);
      await projection.close();
      const print = vi.spyOn(console, 'error').mockReturnValue(undefined);
      deadLetters.error(new Error('not of the projection any more'));
      expect(errors).toStrictEqual(['evicted']);
      expect(print).toHaveBeenCalledTimes(1);
    }),
  );

  it(
    'are in the store before the checkpoint passes their events',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(5);
      const letters: unknown[] = [];
      const deadLetters = createDeadLetterQueue<RecordedEvent>({
        store: {
          add: async (letter) => {
            await wait(300);
            letters.push(letter);
          },
          remove: () => undefined,
          list: () => [],
        },
      });
      await using projection = new Account([2], { ...deadLetter, concurrency: 4 }).run(store, { deadLetters });
      await time.advance(250);
      expect([letters, projection.stats().checkpoint]).toStrictEqual([[], '2']);
      await projection.caughtUp();
      expect([letters.length, time.now]).toStrictEqual([1, 300]);
      await store.append('account-1', deposits(5, 6));
      await projection.caughtUp();
    }),
  );
});
