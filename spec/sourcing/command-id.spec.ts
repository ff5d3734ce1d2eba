import { createRepository, defineAggregate, type EventStore, memoryEventStore, type Repository } from 'millrace';
import { describe, expect, it } from 'vitest';
import {
  Account,
  type AccountCommand,
  type AccountEvent,
  type AccountState,
  create,
  deposit,
  withdraw,
} from '../support/account.ts';
import { appendingBy, inTurn, lostBefore, type Sending } from '../support/lossy-store.ts';

type Accounts = Repository<AccountState, AccountCommand, AccountEvent>;

const at = { retry: { delayMs: 0 } };

async function newAccounts(...ids: readonly string[]): Promise<{ store: EventStore; accounts: Accounts }> {
  const store = memoryEventStore();
  const accounts = createRepository(store, Account, at);
  for (const id of ids) await accounts.execute(id, create(id));
  return { store, accounts };
}

/** As many events as it is told, of the command's own making. */
const Tally = defineAggregate({
  name: 'tally',
  initial: [] as readonly string[],
  decide: ({ by, times }: { by: string; times: number }) =>
    Array.from({ length: times }, () => ({ type: 'tallied', data: by })),
  evolve: (tally, { data }) => [...tally, data],
});
const tally = (by: string, times: number) => ({ by, times });

describe('a command with an id', () => {
  it('appends once, and says the second time what it did the first time', async () => {
    const { store, accounts } = await newAccounts('ada');
    const first = await accounts.execute('ada', deposit(10), { commandId: 'c1' });
    const second = await accounts.execute('ada', deposit(10), { commandId: 'c1' });
    expect(first).toMatchObject({ version: 2, state: { balance: 10 }, isRepeated: false });
    expect(second).toMatchObject({ version: 2, state: { balance: 10 }, isRepeated: true });
    expect(second.events).toMatchObject(first.events);
    expect(await store.streamVersion('account-ada')).toBe(2);
  });

  it('names itself in the headers of its events, whatever else they have', async () => {
    const Headed = defineAggregate({
      name: 'headed',
      initial: 0,
      decide: () => ({ type: 'a', data: 0, headers: { commandId: 'of the event', own: 'x' } }),
      evolve: (count) => count,
    });
    const { events } = await createRepository(memoryEventStore(), Headed).execute('1', {}, { commandId: 'c1' });
    expect(events[0]!.headers).toStrictEqual({ commandId: 'c1', own: 'x' });
  });

  it('is recognised after further commands: the state is that of now, the events are those of then', async () => {
    const { accounts } = await newAccounts('ada');
    await accounts.execute('ada', deposit(10), { commandId: 'c1' });
    await accounts.execute('ada', withdraw(4), { commandId: 'c2' });
    await accounts.execute('ada', deposit(1));
    const again = await accounts.execute('ada', deposit(10), { commandId: 'c1' });
    expect(again).toMatchObject({ version: 4, state: { balance: 7 }, isRepeated: true });
    expect(again.events).toMatchObject([{ type: 'account.deposited', data: { amount: 10 } }]);
  });

  it('is recognised although it would be refused now, or decided otherwise', async () => {
    const { accounts } = await newAccounts('ada');
    await accounts.execute('ada', deposit(10));
    await accounts.execute('ada', withdraw(10), { commandId: 'c1' });
    expect(await accounts.execute('ada', withdraw(10), { commandId: 'c1' })).toMatchObject({ isRepeated: true });
    expect(await accounts.execute('ada', deposit(99), { commandId: 'c1' })).toMatchObject({ state: { balance: 0 } });
  });

  it('is recognised although a version is expected that was left by itself', async () => {
    const { accounts } = await newAccounts('ada');
    const options = { commandId: 'c1', expectedVersion: 1 };
    await accounts.execute('ada', deposit(10), options);
    expect(await accounts.execute('ada', deposit(10), options)).toMatchObject({ version: 2, isRepeated: true });
  });

  it('has all of its events, and no others', async () => {
    const tallies = createRepository(memoryEventStore(), Tally);
    await tallies.execute('1', tally('a', 2), { commandId: 'a' });
    await tallies.execute('1', tally('b', 3), { commandId: 'b' });
    await tallies.execute('1', tally('c', 1));
    const again = await tallies.execute('1', tally('b', 3), { commandId: 'b' });
    expect(again.events.map(({ data }) => data)).toStrictEqual(['b', 'b', 'b']);
    expect(again.state).toStrictEqual(['a', 'a', 'b', 'b', 'b', 'c']);
  });

  it('leaves no trace if it decides nothing, and is decided again', async () => {
    const { accounts } = await newAccounts('ada');
    const options = { commandId: 'c1' };
    expect(await accounts.execute('ada', { type: 'clear' }, options)).toMatchObject({ events: [], isRepeated: false });
    await accounts.execute('ada', deposit(5));
    expect(await accounts.execute('ada', { type: 'clear' }, options)).toMatchObject({ version: 3, isRepeated: false });
    expect(await accounts.execute('ada', { type: 'clear' }, options)).toMatchObject({ version: 3, isRepeated: true });
  });

  it('is decided again if it was refused', async () => {
    const { accounts } = await newAccounts('ada');
    await expect(accounts.execute('ada', withdraw(5), { commandId: 'c1' })).rejects.toThrow('at most 0');
    await accounts.execute('ada', deposit(5));
    expect(await accounts.execute('ada', withdraw(5), { commandId: 'c1' })).toMatchObject({ isRepeated: false });
  });

  it('may share its id with commands on other aggregates, however they are called', async () => {
    const { accounts } = await newAccounts('ada', 'eve', 'a', 'a/b', 'a~1b');
    const all: readonly [string, string][] = [
      ['ada', 'c'],
      ['eve', 'c'],
      ['a', 'b/c'],
      ['a/b', 'c'],
      ['a~1b', 'c'],
      ['a', 'b/c/0'],
    ];
    for (const [id, commandId] of all) {
      expect(await accounts.execute(id, deposit(1), { commandId })).toMatchObject({ isRepeated: false });
    }
    for (const [id, commandId] of all) {
      expect(await accounts.execute(id, deposit(1), { commandId })).toMatchObject({ isRepeated: true });
    }
    expect((await accounts.load('a')).state.balance).toBe(2);
  });
});

describe('a command with an id that several execute at once', () => {
  it.each([[1], [2], [8]])('appends once: %i repositories', async (count) => {
    const { store } = await newAccounts('ada');
    const repositories = Array.from({ length: count }, () => createRepository(store, Account, at));
    const done = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        repositories[index % count]!.execute('ada', deposit(10), { commandId: 'c1' }),
      ),
    );
    expect(done.filter(({ isRepeated }) => !isRepeated)).toHaveLength(1);
    for (const { state, events } of done) {
      expect(state.balance).toBe(10);
      expect(events).toMatchObject([{ data: { amount: 10 } }]);
    }
    expect(await store.streamVersion('account-ada')).toBe(2);
  });

  it('is recognised when the other one comes between the load and the append', async () => {
    const { store, accounts } = await newAccounts('ada');
    const slow = createRepository(
      appendingBy(store, async (send) => {
        await accounts.execute('ada', deposit(10), { commandId: 'c1' });
        return send();
      }),
      Account,
      at,
    );
    const done = await slow.execute('ada', deposit(10), { commandId: 'c1' });
    expect(done).toMatchObject({ isRepeated: true, version: 2, state: { balance: 10 } });
  });

  it.each<[string, number, readonly Sending[]]>([
    ['more', 3, []],
    ['fewer', 1, []],
    ['more', 3, [lostBefore]],
    ['fewer', 1, [lostBefore]],
  ])('counts as the other one has decided it: %s events (%i), lost before: %o', async (_, others, before) => {
    const store = memoryEventStore();
    const tallies = createRepository(store, Tally);
    const interrupt: Sending = async (send) => {
      await tallies.execute('1', tally('other', others), { commandId: 'c1' });
      return send();
    };
    const slow = createRepository(appendingBy(store, inTurn(...before, interrupt)), Tally, at);
    const done = await slow.execute('1', tally('mine', 2), { commandId: 'c1' });
    const theirs = Array.from({ length: others }, () => 'other');
    expect(done.events.map(({ data }) => data)).toStrictEqual(theirs);
    expect(done).toMatchObject({ version: others, state: theirs });
  });
});

describe('events that bring ids of their own', () => {
  it('are appended once, too', async () => {
    const Noted = defineAggregate({
      name: 'note',
      initial: [] as readonly string[],
      decide: (id: string) => ({ type: 'noted', data: id, id }),
      evolve: (ids, { data }) => [...ids, data],
    });
    const notes = createRepository(memoryEventStore(), Noted);
    await notes.execute('1', 'a');
    await notes.execute('1', 'b');
    const again = await notes.execute('1', 'a');
    expect(again).toMatchObject({ isRepeated: true, version: 2, state: ['a', 'b'] });
    expect(again.events).toMatchObject([{ data: 'a' }]);
  });
});
