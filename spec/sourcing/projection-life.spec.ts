import {
  type EventStore,
  memoryEventStore,
  payload,
  defineEvent,
  type ProjectionContext,
  type ProjectionDefinition,
  type ProjectionOptions,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { deposit, Deposited, deposits, storeOf, upTo, withdraw } from '../support/deposits.ts';
import { HeldHandler } from '../support/held-handler.ts';
import { Barrier, interceptedStore } from '../support/intercepted-store.ts';

/** A projection whose handler ends when the spec says so. */
function held(store: EventStore, more: Partial<ProjectionDefinition<typeof Deposited>> = {}) {
  const handler = new HeldHandler<RecordedEvent, ProjectionContext>();
  const projection = runProjection(store, { name: 'p', events: [Deposited], on: handler.handle, ...more });
  return { handler, projection };
}

describe('stats', () => {
  it(
    'say what it does, how far it is, and by how much it is behind',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const { handler, projection } = held(store);
      expect(projection.stats()).toStrictEqual({
        name: 'p',
        state: 'standby',
        generation: 0,
        checkpoint: undefined,
        lag: 0,
      });
      await time.settle();
      expect(projection.stats()).toMatchObject({
        state: 'catching-up',
        generation: 1,
        checkpoint: undefined,
        lag: 3,
        handler: { name: 'p', running: 1, waiting: 2, handled: 0 },
      });
      handler.call(0).succeed();
      await time.settle();
      expect(projection.stats()).toMatchObject({ checkpoint: '1', lag: 2, handler: { handled: 1 } });
      // Blocked: it is seen within a second by how much.
      for (const amount of upTo(100)) await store.append('account-1', deposit(amount));
      await time.advance(1_000);
      expect(projection.stats()).toMatchObject({ state: 'catching-up', lag: 102 });
      expect(projection.stats().handler?.longestRunningMs).toBe(1_000);
      for (let open = 2; open <= 103; open++) {
        handler.call(-1).succeed();
        await time.settle();
      }
      expect(projection.stats()).toMatchObject({ state: 'live', checkpoint: '103', lag: 0 });
      await store.append('account-1', withdraw(1));
      await time.settle();
      expect(projection.stats()).toMatchObject({
        state: 'live',
        checkpoint: '104',
        lag: 0,
        handler: { accepted: 103 },
      });
      await projection.close();
      expect(projection.stats()).toStrictEqual({
        name: 'p',
        state: 'closed',
        generation: 1,
        checkpoint: undefined,
        lag: 0,
      });
    }),
  );
});

describe('close', () => {
  it(
    'abandons what is in progress, keeps what is settled, and leaves no timer',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(5);
      const { handler, projection } = held(store, { concurrency: 2, retry: { maxAttempts: 2, delayMs: 1_000 } });
      await time.settle();
      handler.call(0).succeed();
      await time.settle();
      handler.call(1).fail(new Error('again in a second'));
      await time.settle();
      const { signal } = handler.call(2).context;
      await projection.close();
      expect(signal.aborted).toBe(true);
      expect(handler.calls).toHaveLength(4);
      const { handler: again, projection: second } = held(store);
      await time.settle();
      expect(again.call(0).event.version).toBe(2);
      await second.close();
    }),
  );

  it(
    'may come before it has begun, twice at a time, and again',
    virtualTest(async () => {
      await using store = await storeOf(5);
      const { handler, projection } = held(store);
      await Promise.all([projection.close(), projection.close(), projection.drain()]);
      await projection.close();
      expect(handler.calls).toHaveLength(0);
      projection.resume();
      await expect(projection.rebuild()).rejects.toMatchObject({ code: 'CLOSED' });
    }),
  );

  it(
    'is not undone by resume, however long it takes',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(5);
      const barrier = new Barrier();
      const { handler, projection } = held(
        interceptedStore(store, (call) => (call === 'put' ? barrier.pass() : undefined)),
      );
      projection.errors.subscribe();
      await time.settle();
      handler.call(0).fail(new Error('no'));
      await time.settle();
      expect(projection.stats().state).toBe('stopped');
      barrier.shut();
      const closing = projection.close();
      await time.settle();
      projection.resume();
      await time.advance(100);
      barrier.open();
      await closing;
      expect(handler.calls).toHaveLength(1);
    }),
  );

  it(
    'may be called by its own handler',
    virtualTest(async () => {
      await using store = await storeOf(5);
      const seen: number[] = [];
      const projection = runProjection(store, {
        name: 'p',
        events: [Deposited],
        on: async ({ data }) => {
          seen.push(data.amount);
          if (data.amount === 2) await projection.close();
        },
      });
      await expect(projection.caughtUp()).rejects.toMatchObject({ code: 'CLOSED' });
      expect(seen).toStrictEqual([0, 1, 2]);
    }),
  );
});

describe('drain', () => {
  it(
    'finishes what was taken, and no more; all calls have the same report',
    virtualTest(async ({ time }) => {
      await using store = memoryEventStore();
      await store.append('account-1', deposits(0, 10));
      const { handler, projection } = held(store, { capacity: 4 });
      await time.settle();
      const draining = Promise.all([projection.drain(), projection.drain()]);
      for (let index = 0; index < 5; index++) {
        await time.advance(10);
        handler.call(index).succeed();
      }
      const [report, same] = await draining;
      expect(report).toStrictEqual({ completed: true, handled: 5, dead: 0, dropped: 0, abandoned: 0, durationMs: 50 });
      expect(same).toStrictEqual(report);
      expect(await projection.drain()).toStrictEqual(report);
      expect(handler.calls).toHaveLength(5);
      const { handler: again, projection: second } = held(store);
      await time.settle();
      expect(again.call(0).event.version).toBe(6);
      await second.close();
    }),
  );

  it(
    'is what await using does',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(3);
      const seen: number[] = [];
      {
        await using projection = runProjection(store, {
          name: 'p',
          events: [Deposited],
          on: async ({ data }) => {
            await new Promise((resolve) => setTimeout(resolve, 10));
            seen.push(data.amount);
          },
        });
        await time.advance(5);
        expect(projection.stats().handler?.pending).toBe(3);
      }
      expect(seen).toStrictEqual(upTo(3));
    }),
  );

  it(
    'of one that stands by, or has not begun, has nothing to report',
    virtualTest(async () => {
      await using store = await storeOf(3);
      const { projection } = held(store);
      const report = { completed: true, handled: 0, dead: 0, dropped: 0, abandoned: 0, durationMs: 0 };
      await expect(projection.drain({ deadlineMs: 5 })).resolves.toStrictEqual(report);
    }),
  );

  it(
    'refuses a deadline that is none, and goes on then',
    virtualTest(async ({ time }) => {
      await using store = await storeOf(1);
      const { handler, projection } = held(store);
      await time.settle();
      await expect(projection.drain({ deadlineMs: -1 })).rejects.toThrow('Expected deadlineMs to be milliseconds ≥ 0');
      handler.call(0).succeed();
      await store.append('account-1', deposit(1));
      await time.settle();
      expect(handler.calls).toHaveLength(2);
      await projection.close();
      await expect(projection.drain({ deadlineMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }),
  );
});

describe('what cannot work', () => {
  const fine = { name: 'p', on: () => undefined };
  const handlers = "handlers by event type, such as { 'account.deposited': (event) => … }";
  const Opened = defineEvent('account.opened', payload<void>());

  it.each<[text: string, definition: unknown, options?: unknown]>([
    ['Expected the definition of a projection, got undefined.', undefined],
    ['Expected the definition of a projection to be an object of options, got null.', null],
    ["Expected name to be a text that is not empty, got ''.", { ...fine, name: '' }],
    ['Expected name to be a text that is not empty, got undefined.', { on: () => undefined }],
    [`Expected on to be a handler, or ${handlers}, got undefined.`, { name: 'p' }],
    [`Expected on to be a handler, or ${handlers}, got an object.`, { name: 'p', on: {} }],
    [
      'Expected a handler to be a function or an object with handle(event, context), got 5.',
      { name: 'p', on: { a: 5 } },
    ],
    [
      "Expected on to name types of events ('account.deposited'), got 'account.opened'. Add its definition to events.",
      { name: 'p', events: [Deposited], on: { [Opened.type]: () => undefined } },
    ],
    [
      'Expected events to be a list of event definitions, as defineEvent makes them, got an array.',
      { ...fine, events: ['account.opened'] },
    ],
    [
      'Expected events to be a list of event definitions, as defineEvent makes them, got an object.',
      { ...fine, events: Deposited },
    ],
    ['Expected streams to be names or prefixes', { ...fine, streams: [{ suffix: '1' }] }],
    ["Expected onFailure to be one of 'stop', 'dead-letter', got 'ignore'.", { ...fine, onFailure: 'ignore' }],
    ['Expected prepare to be a function, got 1.', { ...fine, prepare: 1 }],
    ['Expected discard to be a function, got 1.', { ...fine, discard: 1 }],
    ['Expected concurrency to be a whole number ≥ 1, got 0.', { ...fine, concurrency: 0 }],
    ['Expected timeoutMs to be milliseconds > 0', { ...fine, timeoutMs: 0 }],
    ['Expected options to be an object of options, got 5.', fine, 5],
    ['Expected leaseMs to be milliseconds > 0', fine, { leaseMs: 0 }],
    ['Expected checkpointEveryMs to be milliseconds ≥ 0', fine, { checkpointEveryMs: -1 }],
    ['Expected random to be a function', fine, { random: 0.5 }],
    ['Expected checkpoints to be documents, such as those of a store (store.documents)', fine, { checkpoints: {} }],
  ])('is refused at once: %s', async (text, definition, options) => {
    await using store = memoryEventStore();
    const run = (): unknown => runProjection(store, definition as ProjectionDefinition, options as ProjectionOptions);
    expect(run).toThrow(text);
  });

  it('is a store that is none', () => {
    expect(() => runProjection(undefined as unknown as EventStore, fine)).toThrow(
      'Expected an event store, such as memoryEventStore() makes, got undefined.',
    );
  });
});

it(
  'says whose prepare has failed, and tries it again',
  virtualTest(async ({ time }) => {
    await using store = memoryEventStore();
    let failures = 2;
    const prepare = (): void => {
      if (failures-- > 0) throw new Error('no table');
    };
    await using projection = runProjection(store, { name: 'p', prepare, on: () => undefined });
    const errors: unknown[] = [];
    projection.errors.subscribe(({ error }) => errors.push(error));

    await projection.caughtUp();
    await time.settle();

    const text =
      "Expected prepare(1) of projection 'p' to make room for its results, got: no table It is tried again: mend it.";
    expect(errors).toMatchObject([{ message: text }, { message: text }]);
  }),
);
