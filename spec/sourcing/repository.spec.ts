import {
  createRepository,
  defineAggregate,
  defineEvent,
  type EventStore,
  InvalidOptionError,
  memoryEventStore,
  MillraceError,
  NotJsonError,
  OutcomeUnknownError,
  payload,
  type RecordedEvent,
  SchemaError,
  StreamDeletedError,
  VersionConflictError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Account, create, deposit, RefusedError, withdraw } from '../support/account.ts';
import { Barrier } from '../support/intercepted-store.ts';
import { appendingBy, inTurn, lostAfter, lostBefore } from '../support/lossy-store.ts';
import { settled } from '../support/virtual-clock.ts';

const at = { retry: { delayMs: 0 } };

/** A store with an account of Ada, with 100 in it. */
async function newStore(): Promise<EventStore> {
  const store = memoryEventStore();
  const accounts = createRepository(store, Account);
  await accounts.execute('ada', create('Ada'));
  await accounts.execute('ada', deposit(100));
  return store;
}

async function eventsOf(store: EventStore, id = 'ada'): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readStream(Account.stream(id))) events.push(event);
  return events;
}

/** Lets another process deposit 1 before each append, so many times. */
function interrupted(store: EventStore, times: number): EventStore {
  const others = createRepository(store, Account, at);
  let left = times;
  return appendingBy(store, async (send) => {
    if (left-- > 0) await others.execute('ada', deposit(1));
    return send();
  });
}

describe('a repository', () => {
  it('loads what has become of an aggregate', async () => {
    const accounts = createRepository(await newStore(), Account);
    expect(await accounts.load('ada')).toStrictEqual({ state: { owner: 'Ada', balance: 100 }, version: 2 });
    expect(await accounts.load('eve')).toStrictEqual({ state: Account.initial(), version: 0 });
  });

  it('appends what a command leads to, and says what it has done', async () => {
    const store = await newStore();
    const done = await createRepository(store, Account).execute('ada', withdraw(40));
    expect(done).toStrictEqual({
      state: { owner: 'Ada', balance: 60 },
      version: 3,
      events: [
        {
          id: expect.any(String),
          type: 'account.withdrawn',
          time: expect.any(Number),
          data: { amount: 40 },
          headers: {},
        },
      ],
      isRepeated: false,
    });
    expect((await eventsOf(store)).at(-1)).toMatchObject({ ...done.events[0], version: 3, stream: 'account-ada' });
  });

  it('appends nothing for a command that leads to nothing', async () => {
    const store = await newStore();
    const accounts = createRepository(store, Account);
    await accounts.execute('ada', { type: 'clear' });
    const done = await accounts.execute('ada', { type: 'clear' });
    expect(done).toStrictEqual({ state: { owner: 'Ada', balance: 0 }, version: 3, events: [], isRepeated: false });
    expect(await store.streamVersion('account-ada')).toBe(3);
  });

  it('lets out what decide throws as it is, and appends nothing', async () => {
    const store = await newStore();
    const refused = createRepository(store, Account).execute('ada', withdraw(101));
    await expect(refused).rejects.toThrow(new RefusedError('expected at most 100, got 101'));
    expect(await store.streamVersion('account-ada')).toBe(2);
    const wish = { please: true };
    const Rude = defineAggregate({
      name: 'rude',
      initial: 0,
      decide: () => {
        throw wish;
      },
      evolve: (count: number) => count,
    });
    await expect(createRepository(store, Rude).execute('x', {})).rejects.toBe(wish);
  });

  it(
    'stamps events by its scheduler and its ids, unless they have their own',
    virtualTest(async ({ time }) => {
      const Noted = defineAggregate({
        name: 'note',
        initial: 0,
        decide: (own: { id?: string; time?: number; subject?: string }) => ({ type: 'noted', data: 0, ...own }),
        evolve: (count) => count + 1,
      });
      await using store = memoryEventStore();
      const notes = createRepository(store, Noted, { createId: (now) => `made at ${now}` });
      await time.advance(7);
      expect((await notes.execute('a', {})).events).toMatchObject([{ id: 'made at 7', time: 7 }]);
      const own = { id: 'mine', time: 3, subject: 'a' };
      expect((await notes.execute('a', own)).events).toMatchObject([own]);
      expect(await store.findEvent('mine')).toMatchObject(own);
    }),
  );
});

describe('commands on one account at once', () => {
  it.each([
    ['of one repository', 1],
    ['of two repositories on one store', 2],
    ['of eight repositories on one store', 8],
  ])('%s cannot overdraw it', async (_, count) => {
    const store = await newStore();
    const repositories = Array.from({ length: count }, () => createRepository(store, Account, at));
    const done = await Promise.allSettled(
      Array.from({ length: 8 }, (_each, index) => repositories[index % count]!.execute('ada', withdraw(30))),
    );
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(
      done.filter(({ status }) => status === 'rejected').map((one) => (one as PromiseRejectedResult).reason),
    ).toEqual(Array.from({ length: 5 }, () => new RefusedError('expected at most 10, got 30')));
    expect(await repositories[0]!.load('ada')).toStrictEqual({ state: { owner: 'Ada', balance: 10 }, version: 5 });
  });

  it('of one repository wait for each other in their order, so that none has a conflict', async () => {
    const append = vi.fn((send: () => Promise<unknown>) => send());
    const store = appendingBy(await newStore(), append as never);
    const accounts = createRepository(store, Account);
    const done = await Promise.all([1, 2, 3, 4].map((amount) => accounts.execute('ada', deposit(amount))));
    expect(done.map(({ version, state }) => [version, state.balance])).toStrictEqual([
      [3, 101],
      [4, 103],
      [5, 106],
      [6, 110],
    ]);
    expect(append).toHaveBeenCalledTimes(4);
  });

  it('go on behind one that was refused', async () => {
    const accounts = createRepository(await newStore(), Account);
    const refused = accounts.execute('ada', withdraw(500));
    const next = accounts.execute('ada', deposit(1));
    await expect(refused).rejects.toThrow(RefusedError);
    expect((await next).state.balance).toBe(101);
  });

  it('do not wait for those on other accounts', async () => {
    const slow = new Barrier();
    slow.shut();
    const store = appendingBy(
      await newStore(),
      inTurn(async (send) => (await slow.pass(), send())),
    );
    const accounts = createRepository(store, Account);
    const waiting = accounts.execute('ada', deposit(1));
    await settled();
    expect(await accounts.execute('eve', create('Eve'))).toMatchObject({ version: 1 });
    expect(await accounts.load('ada')).toMatchObject({ version: 2 });
    slow.open();
    expect(await waiting).toMatchObject({ version: 3 });
  });
});

describe('a conflict', () => {
  it('is decided anew, on the new state', async () => {
    const store = await newStore();
    const accounts = createRepository(interrupted(store, 3), Account, at);
    expect(await accounts.execute('ada', withdraw(100))).toMatchObject({ state: { balance: 3 }, version: 6 });
  });

  it('is refused, if the new state refuses it', async () => {
    const store = await newStore();
    const others = createRepository(store, Account);
    const slow = appendingBy(store, async (send) => {
      await others.execute('ada', { type: 'clear' });
      return send();
    });
    await expect(createRepository(slow, Account, at).execute('ada', withdraw(100))).rejects.toThrow(
      'at most 0, got 100',
    );
  });

  it(
    'is tried again so many times, after a growing pause, and then thrown',
    virtualTest(async ({ time }) => {
      const store = await newStore();
      const retry = { maxAttempts: 4, delayMs: 10, jitter: 'none' } as const;
      const accounts = createRepository(interrupted(store, Infinity), Account, { retry });
      const failing = accounts.execute('ada', deposit(50));
      const failure = expect(failing).rejects.toThrow(new VersionConflictError('account-ada', 5, 6));
      await time.advance(69);
      expect(await store.streamVersion('account-ada')).toBe(5);
      await time.advance(1);
      await failure;
      expect(await store.streamVersion('account-ada')).toBe(6);
      expect((await createRepository(store, Account).load('ada')).state.balance).toBe(104);
    }),
  );

  it(
    'is tried ten times unless said otherwise',
    virtualTest(async () => {
      const store = await newStore();
      const failing = createRepository(interrupted(store, Infinity), Account).execute('ada', deposit(50));
      await expect(failing).rejects.toThrow(VersionConflictError);
      expect(await store.streamVersion('account-ada')).toBe(12);
    }),
  );

  it(
    'with an expected version is thrown at once',
    virtualTest(async ({ time }) => {
      const accounts = createRepository(interrupted(await newStore(), 1), Account);
      await expect(accounts.execute('ada', deposit(5), { expectedVersion: 2 })).rejects.toThrow(VersionConflictError);
      await expect(accounts.execute('ada', deposit(5), { expectedVersion: 2 })).rejects.toThrow(VersionConflictError);
      expect(time.now).toBe(0);
    }),
  );

  it('with an expected version is the business of the caller', async () => {
    const store = await newStore();
    const accounts = createRepository(interrupted(store, 1), Account, at);
    const racing = accounts.execute('ada', deposit(5), { expectedVersion: 2 });
    await expect(racing).rejects.toThrow(new VersionConflictError('account-ada', 2, 3));
    await expect(accounts.execute('ada', deposit(5), { expectedVersion: 2 })).rejects.toThrow(VersionConflictError);
    await expect(accounts.execute('ada', deposit(5), { expectedVersion: 4 })).rejects.toThrow(VersionConflictError);
    expect(await accounts.execute('ada', deposit(5), { expectedVersion: 3 })).toMatchObject({ version: 4 });
    expect(await accounts.execute('eve', create('Eve'), { expectedVersion: 0 })).toMatchObject({ version: 1 });
  });
});

describe('a lost connection in mid-append', () => {
  it.each([
    ['before the events were written', lostBefore],
    ['after the events were written', lostAfter],
  ])('%s is mended by appending them again', async (_, lost) => {
    const store = await newStore();
    const accounts = createRepository(appendingBy(store, inTurn(lost, lost)), Account, at);
    const done = await accounts.execute('ada', deposit(5));
    expect(done).toMatchObject({ state: { balance: 105 }, version: 3, isRepeated: false });
    expect(await eventsOf(store)).toHaveLength(3);
    expect(await store.findEvent(done.events[0]!.id)).toMatchObject({ version: 3, data: { amount: 5 } });
  });

  it('is mended also if others have written meanwhile: the state is that of then', async () => {
    const store = await newStore();
    const others = createRepository(store, Account);
    const accounts = createRepository(
      appendingBy(
        store,
        inTurn(lostAfter, async (send) => {
          await others.execute('ada', deposit(7));
          return send();
        }),
      ),
      Account,
      at,
    );
    const done = await accounts.execute('ada', deposit(5));
    expect(done).toMatchObject({ state: { balance: 112 }, version: 4, isRepeated: false });
    expect(done.events).toMatchObject([{ data: { amount: 5 } }]);
  });

  it('is decided anew if it has not written, and others have', async () => {
    const store = await newStore();
    const others = createRepository(store, Account);
    const accounts = createRepository(
      appendingBy(
        store,
        inTurn(lostBefore, async (send) => {
          await others.execute('ada', withdraw(60));
          return send();
        }),
      ),
      Account,
      at,
    );
    await expect(accounts.execute('ada', withdraw(50))).rejects.toThrow('expected at most 40, got 50');
  });

  it(
    'that lasts is thrown',
    virtualTest(async () => {
      const store = appendingBy(await newStore(), lostBefore);
      await expect(createRepository(store, Account).execute('ada', deposit(5))).rejects.toThrow(OutcomeUnknownError);
    }),
  );
});

describe('what no reader could take', () => {
  const Opened = defineEvent('door.opened', z.object({ at: z.coerce.date(), by: z.string().trim().min(1) }));
  const Door = defineAggregate({
    name: 'door',
    events: [Opened],
    initial: [] as readonly { at: Date; by: string }[],
    decide: ({ at: when, by }: { at: Date; by: string }) => [
      { type: 'door.opened', data: { at: when, by } },
      { type: 'door.opened', data: { at: when, by: `not ${by}` } },
    ],
    evolve: (state, { data }) => [...state, data],
  });
  const now = new Date('2026-07-01T00:00:00Z');

  it('has after the command the form that it has when it is loaded', async () => {
    await using store = memoryEventStore();
    const doors = createRepository(store, Door);
    const { state, events } = await doors.execute('1', { at: now, by: ' Ada ' });
    expect(state).toStrictEqual([
      { at: now, by: 'Ada' },
      { at: now, by: 'not  Ada' },
    ]);
    expect(events.map(({ data }) => data)).toStrictEqual(state);
    expect((await doors.load('1')).state).toStrictEqual(state);
    expect(await Door.fold(store.readStream('door-1'))).toStrictEqual(state);
    expect(await store.findEvent(events[0]!.id)).toMatchObject({ data: { at: now.toISOString(), by: ' Ada ' } });
  });

  it.each<[string, { at: Date; by: string }, new (...all: never[]) => Error]>([
    ['what its schema refuses', { at: now, by: '' }, SchemaError],
    ['what JSON would make null of', { at: new Date(NaN), by: 'Ada' }, NotJsonError],
    ['what JSON refuses', { at: now, by: 5n as unknown as string }, NotJsonError],
  ])('is not appended: %s', async (_, data, error) => {
    await using store = memoryEventStore();
    await expect(createRepository(store, Door).execute('1', data)).rejects.toThrow(error);
    expect(await store.streamVersion('door-1')).toBe(0);
  });

  it('is not appended: a Date where nothing brings it back', async () => {
    const Bare = defineEvent('door.opened', payload<{ at: Date }>());
    const BareDoor = defineAggregate({
      name: 'door',
      events: [Bare],
      initial: 0,
      decide: () => ({ type: 'door.opened', data: { at: now } }),
      evolve: (count) => count + 1,
    });
    await using store = memoryEventStore();
    await expect(createRepository(store, BareDoor).execute('1', {})).rejects.toThrow(
      "Expected data of 'door.opened' at at to be what JSON can keep, got an instance of Date.",
    );
  });

  it.each<[string, () => number, string]>([
    [
      'throws',
      () => {
        throw new Error('cannot');
      },
      'cannot',
    ],
    ['returns nothing', () => undefined as unknown as number, 'got undefined. Return the state'],
  ])('is not appended: an event for which evolve %s', async (_, evolve, message) => {
    await using store = memoryEventStore();
    const Broken = defineAggregate({ name: 'broken', initial: 0, decide: () => ({ type: 'a', data: 0 }), evolve });
    await expect(createRepository(store, Broken).execute('1', {})).rejects.toThrow(message);
    expect(await store.streamVersion('broken-1')).toBe(0);
  });

  it('is said when it was appended by somebody else', async () => {
    await using store = memoryEventStore();
    await store.append('door-1', { type: 'door.opened', data: { at: 'never' } });
    await store.append('door-2', { type: 'door.closed', data: {} });
    const doors = createRepository(store, Door);
    await expect(doors.load('1')).rejects.toThrow(SchemaError);
    await expect(doors.execute('2', { at: now, by: 'Ada' })).rejects.toThrow(MillraceError);
  });
});

describe('a signal', () => {
  it('that was aborted keeps a command from being tried', async () => {
    const store = await newStore();
    const reason = new Error('changed my mind');
    const gone = createRepository(store, Account).execute('ada', deposit(1), { signal: AbortSignal.abort(reason) });
    await expect(gone).rejects.toBe(reason);
    expect(await store.streamVersion('account-ada')).toBe(2);
  });

  it('ends the attempts', async () => {
    const store = await newStore();
    const controller = new AbortController();
    const others = createRepository(store, Account);
    const contested = appendingBy(store, async (send) => {
      await others.execute('ada', deposit(1));
      controller.abort(new Error('enough'));
      return send();
    });
    const accounts = createRepository(contested, Account, at);
    await expect(accounts.execute('ada', deposit(9), { signal: controller.signal })).rejects.toThrow('enough');
    expect(await store.streamVersion('account-ada')).toBe(3);
  });
});

describe('bad input', () => {
  const store = memoryEventStore();

  it.each<[unknown, unknown, unknown, string]>([
    [undefined, Account, {}, 'Expected an event store, such as memoryEventStore() makes, got undefined.'],
    [{}, Account, {}, 'Expected an event store, such as memoryEventStore() makes, got an object.'],
    [store, undefined, {}, 'Expected an aggregate, as defineAggregate makes it, got undefined.'],
    [store, {}, {}, 'Expected an aggregate, as defineAggregate makes it, got an object.'],
    [store, Account, null, 'Expected options to be an object of options, got null.'],
    [store, Account, { snapshotEvery: 0 }, 'Expected snapshotEvery to be a whole number ≥ 1, got 0.'],
    [store, Account, { snapshotEvery: 2.5 }, 'Expected snapshotEvery to be a whole number ≥ 1, got 2.5.'],
    [store, Account, { retry: 5 }, 'Expected retry to be an object of options, got 5.'],
    [
      store,
      Account,
      { retry: { maxAttempts: 0 } },
      'Expected retry.maxAttempts to be a whole number ≥ 1 or Infinity, got 0.',
    ],
    [store, Account, { random: 5 }, 'Expected random to be a function, got 5.'],
    [store, Account, { createId: 'id' }, "Expected createId to be a function, got 'id'."],
  ])('is refused when a repository is created: %o, %o, %o', (inStore, aggregate, options, message) => {
    const make = () => createRepository(inStore as EventStore, aggregate as typeof Account, options as object);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(message);
  });

  it.each<[unknown, unknown, string]>([
    ['', {}, "Expected id to be a text that is not empty, got ''."],
    [5, {}, 'Expected id to be a text that is not empty, got 5.'],
    ['ada', 5, 'Expected options to be an object of options, got 5.'],
    ['ada', { commandId: '' }, "Expected commandId to be a text that is not empty, got ''."],
    ['ada', { commandId: 'x'.repeat(500) }, 'Expected stream/commandId/index to be at most 512 characters'],
    [
      'ada',
      { commandId: '\ud83d' },
      'Expected stream/commandId/index to be at most 512 characters of well-formed Unicode',
    ],
    ['ada', { expectedVersion: -1 }, 'Expected expectedVersion to be a whole number ≥ 0, got -1.'],
    ['ada', { expectedVersion: 'any' }, "Expected expectedVersion to be a whole number ≥ 0, got 'any'."],
    [
      'ada',
      { causedBy: {} },
      'Expected causedBy to be a message or a recorded event, with its id and headers, got an object.',
    ],
    [
      'ada',
      { causedBy: null },
      'Expected causedBy to be a message or a recorded event, with its id and headers, got null.',
    ],
    ['ada', { headers: 'a' }, "Expected headers to be an object of options, got 'a'."],
    ['ada', { headers: { tenant: 5 } }, "Expected events[0].headers['tenant'] to be a text, got 5."],
  ])('is refused when a command is executed: %j, %j', async (id, options, message) => {
    const doing = createRepository(store, Account).execute(id as string, create('Ada'), options as object);
    await expect(doing).rejects.toThrow(InvalidOptionError);
    await expect(doing).rejects.toThrow(message);
    expect(await store.head()).toMatchObject({ position: 0 });
  });

  it('is refused when an aggregate is loaded', async () => {
    await expect(createRepository(store, Account).load('')).rejects.toThrow(InvalidOptionError);
  });

  it('is a stream that was deleted', async () => {
    const own = await newStore();
    await own.deleteStream('account-ada');
    const accounts = createRepository(own, Account);
    expect(await accounts.load('ada')).toMatchObject({ version: 0 });
    await expect(accounts.execute('ada', create('Ada'))).rejects.toThrow(StreamDeletedError);
  });
});
