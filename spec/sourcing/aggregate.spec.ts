import * as fc from 'fast-check';
import {
  type Aggregate,
  defineAggregate,
  defineEvent,
  InvalidOptionError,
  memoryEventStore,
  MillraceError,
  type NewEvent,
  payload,
  type RecordedEvent,
  SchemaError,
  WrongHistoryError,
} from 'millrace';
import { given } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Account, create, Created, deposit, Deposited, RefusedError, withdraw, Withdrawn } from '../support/account.ts';

const created = { type: 'account.created', data: { owner: 'Ada' } } as const;
const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } }) as const;
const withdrawn = (amount: number) => ({ type: 'account.withdrawn', data: { amount } }) as const;

/** The events as a store gives them back. */
async function recorded(stream: string, ...events: readonly NewEvent[]): Promise<readonly RecordedEvent[]> {
  await using store = memoryEventStore();
  await store.append(stream, events);
  const records: RecordedEvent[] = [];
  for await (const event of store.readStream(stream)) records.push(event);
  return records;
}

describe('the account of the tutorials', () => {
  it('is created, and takes deposits and withdrawals', () => {
    given(Account).when(create('Ada')).expect(created);
    given(Account, [created]).when(deposit(100)).expect(deposited(100));
    given(Account, [created, deposited(100)])
      .when(withdraw(100))
      .expect(withdrawn(100));
    expect(Account.fold([created, deposited(100), withdrawn(40)])).toStrictEqual({ owner: 'Ada', balance: 60 });
  });

  it('refuses amounts that are not positive', () => {
    for (const amount of [0, -1, NaN]) {
      given(Account, [created]).when(deposit(amount)).expect(`expected an amount > 0, got ${amount}`);
      given(Account, [created]).when(withdraw(amount)).expect(RefusedError);
    }
  });

  it('refuses to be overdrawn', () => {
    given(Account, [created, deposited(100), withdrawn(40)])
      .when(withdraw(61))
      .expect('expected at most 60, got 61');
  });

  it('is created once, and before anything else', () => {
    given(Account, [created]).when(create('Eve')).expect('there is an account already');
    given(Account).when(deposit(1)).expect('there is no account');
  });

  it('never has less than nothing, whatever is asked of it', () => {
    const commands = fc.array(
      fc.record({ type: fc.constantFrom('deposit', 'withdraw'), amount: fc.integer({ min: -5, max: 50 }) }),
    );
    fc.assert(
      fc.property(commands, (wishes) => {
        const past: NewEvent[] = [created];
        for (const wish of wishes) {
          try {
            past.push(...Account.decide(wish, Account.fold(past)));
          } catch (error) {
            expect(error).toBeInstanceOf(RefusedError);
          }
          expect(Account.fold(past).balance).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('fold', () => {
  const past = [created, deposited(100), withdrawn(40)];

  it('gives the state of the beginning for no history', () => {
    expect(Account.fold([])).toStrictEqual({ owner: undefined, balance: 0 });
  });

  it('begins afresh each time', async () => {
    const records = await recorded('account-1', ...past);
    for (let time = 0; time < 3; time++) expect(Account.fold(records).balance).toBe(60);
  });

  it('gives the same of what a store reads, by a promise', async () => {
    await using store = memoryEventStore();
    await store.append(Account.stream('1'), past);
    const state = Account.fold(store.readStream('account-1'));
    expect(state).toBeInstanceOf(Promise);
    expect(await state).toStrictEqual(Account.fold(past));
  });

  it('gives the same however a history is split', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 })), fc.nat(), (amounts, seed) => {
        const events = amounts.map((amount, index) => (index % 3 === 2 ? withdrawn(amount) : deposited(amount)));
        const at = seed % (events.length + 1);
        const before = Account.fold(events.slice(0, at));
        const after = events.slice(at).reduce((state, event) => Account.evolve(state, event), before);
        expect(after).toStrictEqual(Account.fold(events));
      }),
    );
  });

  it('takes messages that definitions have made', () => {
    expect(Account.fold([Created.create({ owner: 'Ada' }), Deposited.create({ amount: 5 })]).balance).toBe(5);
  });

  it('takes new events behind recorded ones', async () => {
    const records = await recorded('account-1', ...past);
    expect(Account.fold([...records, deposited(1)]).balance).toBe(61);
  });

  it.each<[string, (records: readonly RecordedEvent[]) => readonly RecordedEvent[], string]>([
    ['a gap', ([first, , third]) => [first!, third!], 'version 2 next, got version 3'],
    ['a history without its beginning', ([, second, third]) => [second!, third!], 'version 1 next, got version 2'],
    ['disorder', ([first, second, third]) => [first!, third!, second!], 'version 2 next, got version 3'],
    ['a repeat', ([first, second]) => [first!, second!, second!], 'version 3 next, got version 2'],
  ])('refuses %s', async (_, spoil, message) => {
    const records = spoil(await recorded('account-1', ...past));
    expect(() => Account.fold(records)).toThrow(WrongHistoryError);
    expect(() => Account.fold(records)).toThrow(`Expected events in order and without gaps, ${message}.`);
  });

  it("refuses another stream's events, also those that would follow", async () => {
    const [first] = await recorded('account-1', ...past);
    const [, second] = await recorded('account-2', ...past);
    expect(() => Account.fold([first!, second!])).toThrow(
      new WrongHistoryError("of one stream, 'account-1'", "one of stream 'account-2'"),
    );
  });

  it("refuses another aggregate's events, also if its name begins alike", async () => {
    for (const stream of ['accounting-1', 'account', 'order-account-1']) {
      const records = await recorded(stream, ...past);
      expect(() => Account.fold(records)).toThrow(
        `Expected events of an aggregate 'account', whose streams begin with 'account-', got stream '${stream}'.`,
      );
    }
  });

  it('refuses types that it does not know, recorded or new', async () => {
    const strange = { type: 'account.closed', data: {} };
    const message =
      "Expected an event of aggregate 'account' ('account.created', 'account.deposited', 'account.withdrawn'), got 'account.closed'. Add its definition to events.";
    expect(() => Account.fold([strange])).toThrow(message);
    const records = await recorded('account-1', strange);
    const refusal = () => Account.fold(records);
    expect(refusal).toThrow(MillraceError);
    expect(refusal).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT' }));
  });

  it.each([[undefined], [null], [5], ['account-1'], [{}]])('refuses what is no history: %j', (wrong) => {
    const refusal = () => Account.fold(wrong as unknown as readonly NewEvent[]);
    expect(refusal).toThrow(InvalidOptionError);
  });

  it.each([[undefined], [null], ['account.created'], [{ data: {} }]])('refuses what is no event: %j', (event) => {
    expect(() => Account.fold([event as unknown as NewEvent])).toThrow(
      /^Expected evolve to be given events of aggregate 'account'/,
    );
  });
});

describe('the state of the beginning', () => {
  const decide = () => [];
  const items = (event: NewEvent) => event.data as string;
  const added = { type: 'added', data: 'a' };

  it('cannot be changed in place, however deep', () => {
    const List = defineAggregate({
      name: 'list',
      initial: { inner: { items: [] as string[] } },
      decide,
      evolve: (state, event: NewEvent) => {
        state.inner.items.push(items(event));
        return state;
      },
    });
    expect(() => List.fold([added])).toThrow(TypeError);
    expect(List.initial()).toStrictEqual({ inner: { items: [] } });
  });

  it('cannot be changed where it was frozen on the outside only, nor where it has itself in it', () => {
    const own: { items: string[]; self?: object } = { items: [] };
    own.self = own;
    const initial = Object.freeze({ own });
    const List = defineAggregate({ name: 'list', initial, decide, evolve: (state) => state });
    expect(() => List.initial().own.items.push('a')).toThrow(TypeError);
  });

  it('is made for each history by a function, and may be changed in place then', () => {
    const Tags = defineAggregate({
      name: 'tags',
      initial: () => ({ items: new Set<string>() }),
      decide,
      evolve: (state, event: NewEvent) => {
        state.items.add(items(event));
        return state;
      },
    });
    expect(Tags.fold([added]).items).toStrictEqual(new Set(['a']));
    expect(Tags.fold([{ type: 'added', data: 'b' }]).items).toStrictEqual(new Set(['b']));
  });

  it.each<[string, unknown]>([
    ['a Map', { map: new Map() }],
    ['a Set', [new Set()]],
    ['a Date', new Date(0)],
    ['bytes', { deep: { bytes: new Uint8Array(2) } }],
  ])('is refused with %s in it, which cannot be frozen', (what, initial) => {
    expect(() => defineAggregate({ name: 'a', initial, decide, evolve: (state) => state })).toThrow(
      `Expected initial to be data that can be frozen, got ${what} in it, which whoever changes it in place would change for all. Give a function that makes it`,
    );
  });

  it('may be undefined', () => {
    const Last = defineAggregate({
      name: 'last',
      initial: (): unknown => undefined,
      decide,
      evolve: (_, event: NewEvent) => event.data,
    });
    expect(Last.fold([])).toBeUndefined();
    expect(Last.fold([added])).toBe('a');
  });
});

describe('schemas', () => {
  const Opened = defineEvent('door.opened', z.object({ at: z.coerce.date() }));
  const Door = defineAggregate({
    name: 'door',
    events: [Opened],
    initial: { openedAt: undefined as Date | undefined },
    decide: (at: Date) => ({ type: 'door.opened', data: { at } }),
    evolve: (_, { data }) => ({ openedAt: data.at }),
  });

  it('bring back what JSON has made of the data', async () => {
    const records = await recorded('door-1', { type: 'door.opened', data: { at: '2026-07-01T00:00:00Z' } });
    expect(Door.fold(records)).toStrictEqual({ openedAt: new Date('2026-07-01T00:00:00Z') });
  });

  it('refuse recorded data that does not fit', async () => {
    const records = await recorded('door-1', { type: 'door.opened', data: { at: 'yesterday' } });
    expect(() => Door.fold(records)).toThrow(SchemaError);
    expect(() => Door.fold(records)).toThrow("Expected data that fits the schema of 'door.opened', got at: ");
  });

  it('are not asked about new events: those are decided here', () => {
    const at = 'yesterday' as unknown as Date;
    expect(Door.fold([{ type: 'door.opened', data: { at } }])).toStrictEqual({ openedAt: 'yesterday' });
  });

  it('have to answer at once', async () => {
    const Slow = defineEvent(
      'door.opened',
      z.object({}).refine(async () => false),
    );
    const SlowDoor = defineAggregate({
      name: 'door',
      events: [Slow],
      initial: 0,
      decide: () => [],
      evolve: (count) => count + 1,
    });
    const records = await recorded('door-1', { type: 'door.opened', data: {} });
    expect(() => SlowDoor.fold(records)).toThrow(
      "Expected the schema of 'door.opened' to answer at once, got a promise. Events of an aggregate need a schema that is not async.",
    );
  });
});

describe('functions that do not answer as they should', () => {
  const broken = (parts: object): Aggregate<number, string> =>
    defineAggregate({ name: 'broken', initial: 0, decide: () => [], evolve: () => 0, ...parts });

  it.each([
    ['resolves', async () => []],
    ['rejects', async () => Promise.reject(new Error('lost'))],
  ])('an async decide that %s is refused, and harms nobody else', (_, decide) => {
    expect(() => broken({ decide }).decide('go', 0)).toThrow(
      "Expected decide of aggregate 'broken' to answer at once, got a promise. Look up what it needs before, and hand it over in the command.",
    );
  });

  it('an async evolve is refused', () => {
    expect(() => broken({ evolve: async () => Promise.reject(new Error('lost')) }).fold([created])).toThrow(
      "Expected evolve of aggregate 'broken' to answer at once, got a promise.",
    );
  });

  it('an evolve that returns nothing is refused', () => {
    expect(() => broken({ evolve: () => undefined }).fold([created])).toThrow(
      "Expected evolve of aggregate 'broken' to return the state after 'account.created', got undefined. Return the state, changed or not, for every event.",
    );
  });

  it.each([[undefined], [[undefined]], ['gone'], [{ data: 1 }]])('a decide that returns no events: %j', (decided) => {
    expect(() => broken({ decide: () => decided }).decide('go', 0)).toThrow(
      /^Expected decide to return \[\] or events of aggregate 'broken', such as .*, got /,
    );
  });

  it('a decide that returns events of another aggregate is refused', () => {
    const Strict = broken({ events: [Deposited], decide: () => Withdrawn.create({ amount: 1 }) });
    expect(() => Strict.decide('go', 0)).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT' }));
  });
});

describe('defineAggregate', () => {
  const fine = { name: 'a', initial: 0, decide: () => [], evolve: (count: number) => count };

  it('gives what is frozen, whatever becomes of what it was given', () => {
    const events = [Deposited];
    const Frozen = defineAggregate({ ...fine, events });
    expect(Object.isFrozen(Frozen)).toBe(true);
    events.length = 0;
    expect(Frozen.events).toStrictEqual([Deposited]);
    expect(Object.isFrozen(Frozen.events)).toBe(true);
    expect(Frozen.stateVersion).toBe(1);
    expect(defineAggregate(fine).events).toBeUndefined();
  });

  it.each<[unknown, string]>([
    [undefined, 'Expected the options of an aggregate, got undefined.'],
    [null, 'Expected options to be an object of options, got null.'],
    [{ ...fine, name: ' ' }, "Expected name to be a text that is not empty, got ' '."],
    [{ ...fine, name: 'a\0' }, 'Expected name to be at most 512 characters of well-formed Unicode without NUL'],
    [
      { ...fine, name: 'bank-account' },
      "Expected name to be without '-', as it ends where the first '-' of a stream is, got 'bank-account'. Write 'bank_account'.",
    ],
    [{ ...fine, decide: undefined }, 'Expected decide to be a function, got undefined.'],
    [{ ...fine, evolve: {} }, 'Expected evolve to be a function, got an object.'],
    [{ ...fine, stateVersion: 0 }, 'Expected stateVersion to be a whole number ≥ 1, got 0.'],
    [{ ...fine, stateVersion: 1.5 }, 'Expected stateVersion to be a whole number ≥ 1, got 1.5.'],
    [{ ...fine, events: 'account' }, 'Expected events to be a list of event definitions, as defineEvent makes them'],
    [{ ...fine, events: [payload()] }, 'Expected events to be a list of event definitions, as defineEvent makes them'],
    [{ ...fine, events: [undefined] }, 'Expected events to be a list of event definitions, as defineEvent makes them'],
  ])('refuses what cannot work: %o', (options, message) => {
    const define = () => defineAggregate(options as typeof fine);
    expect(define).toThrow(InvalidOptionError);
    expect(define).toThrow(message);
  });

  it('names the stream of each', () => {
    expect(Account.stream('acc-1')).toBe('account-acc-1');
    expect(() => Account.stream('')).toThrow("Expected id to be a text that is not empty, got ''.");
    expect(() => Account.stream('x'.repeat(505))).toThrow('Expected stream to be at most 512 characters');
  });
});
