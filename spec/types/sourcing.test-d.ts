import {
  type Aggregate,
  createRepository,
  defineAggregate,
  defineEvent,
  type Executed,
  type ExecutedEvent,
  type Loaded,
  memoryEventStore,
  type NewEvent,
  type NewEventOf,
  payload,
  type RecordedEvent,
  type Repository,
  type Upcasters,
  withUpcasters,
} from 'millrace';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const Withdrawn = defineEvent('account.withdrawn', payload<{ amount: number; by: string }>());
const Opened = defineEvent('account.opened', z.object({ at: z.coerce.date() }));
type DepositedEvent = NewEvent<'account.deposited', { amount: number }>;
type WithdrawnEvent = NewEvent<'account.withdrawn', { amount: number; by: string }>;
type Command = { type: 'deposit'; amount: number } | { type: 'withdraw'; amount: number; by: string };
interface State {
  readonly balance: number;
}

const store = memoryEventStore();
const initial: State = { balance: 0 };

const Account = defineAggregate({
  name: 'account',
  events: [Deposited, Withdrawn],
  initial,
  decide: (command: Command, { balance }) => {
    expectTypeOf(balance).toEqualTypeOf<number>();
    if (command.type === 'deposit') return { type: 'account.deposited', data: { amount: command.amount } };
    return [{ type: 'account.withdrawn', data: { amount: command.amount, by: command.by } }];
  },
  evolve: (state, event) => {
    expectTypeOf(state).toEqualTypeOf<State>();
    if (event.type === 'account.withdrawn') {
      expectTypeOf(event.data).toEqualTypeOf<{ amount: number; by: string }>();
      return { balance: state.balance - event.data.amount };
    }
    expectTypeOf(event).toEqualTypeOf<DepositedEvent>();
    return { balance: state.balance + event.data.amount };
  },
});

describe('defineAggregate with definitions', () => {
  it('infers state, command and events', () => {
    expectTypeOf(Account).toEqualTypeOf<Aggregate<State, Command, DepositedEvent | WithdrawnEvent>>();
    expectTypeOf<NewEventOf<typeof Deposited | typeof Withdrawn>>().toEqualTypeOf<DepositedEvent | WithdrawnEvent>();
    expectTypeOf(Account.initial()).toEqualTypeOf<State>();
  });

  it('gives decide what schemas have made of the data', () => {
    const Door = defineAggregate({
      name: 'door',
      events: [Opened],
      initial: undefined as Date | undefined,
      decide: (at: Date) => ({ type: 'account.opened', data: { at } }),
      evolve: (_, { data }) => {
        expectTypeOf(data.at).toEqualTypeOf<Date>();
        return data.at;
      },
    });
    expectTypeOf(Door.initial()).toEqualTypeOf<Date | undefined>();
  });

  it('infers the state from a function that makes it', () => {
    const Names = defineAggregate({
      name: 'names',
      events: [Withdrawn],
      initial: () => new Set<string>(),
      decide: () => [],
      evolve: (names, { data }) => names.add(data.by),
    });
    expectTypeOf(Names.initial()).toEqualTypeOf<Set<string>>();
  });

  const fine = { name: 'account', events: [Deposited], initial, evolve: (state: State) => state } as const;

  it('takes an event, several, none, and messages', () => {
    defineAggregate({ ...fine, decide: () => Deposited.create({ amount: 1 }) });
    defineAggregate({ ...fine, decide: () => [] });
    defineAggregate({ ...fine, decide: (amount: number) => (amount > 0 ? [] : Deposited.create({ amount })) });
    defineAggregate({
      ...fine,
      decide: () => ({ type: 'account.deposited', data: { amount: 1 }, headers: { by: 'teller' }, subject: 'a' }),
    });
  });

  it('refuses what it does not define', () => {
    // @ts-expect-error another type
    defineAggregate({ ...fine, decide: () => ({ type: 'account.closed', data: { amount: 1 } }) });
    // @ts-expect-error other data
    defineAggregate({ ...fine, decide: () => ({ type: 'account.deposited', data: { sum: 1 } }) });
    // @ts-expect-error the data of another type
    defineAggregate({ ...fine, decide: () => [{ type: 'account.deposited', data: { amount: '1' } }] });
    // @ts-expect-error one of several
    defineAggregate({ ...fine, decide: () => [Deposited.create({ amount: 1 }), Opened.create({ at: new Date() })] });
    // @ts-expect-error a promise
    defineAggregate({ ...fine, decide: async () => [] });
    // @ts-expect-error nothing
    defineAggregate({ ...fine, decide: () => undefined });
    // @ts-expect-error another state
    defineAggregate({ ...fine, decide: () => [], evolve: () => ({ sum: 1 }) });
    // @ts-expect-error no initial state
    defineAggregate({ name: 'a', events: [Deposited], decide: () => [], evolve: (state: State) => state });
    // @ts-expect-error data that the event does not have
    defineAggregate({ ...fine, decide: () => [], evolve: (_: State, { data }) => ({ balance: data.sum }) });
  });
});

describe('defineAggregate without definitions', () => {
  const Counter = defineAggregate({
    name: 'counter',
    initial: 0,
    decide: (by: number, count) => {
      expectTypeOf(count).toEqualTypeOf<number>();
      if (by < 0) return { type: 'lowered', data: { by: -by } };
      return { type: 'raised', data: { by } };
    },
    evolve: (count: number, event) => {
      expectTypeOf(event.type).toEqualTypeOf<'lowered' | 'raised'>();
      return event.type === 'raised' ? count + event.data.by : count - event.data.by;
    },
  });

  it('infers the events from what decide returns, with their literal types', () => {
    expectTypeOf(Counter.initial()).toEqualTypeOf<number>();
    expectTypeOf(Counter.decide(5, 0)[0]!.type).toEqualTypeOf<'lowered' | 'raised'>();
    const counters = createRepository(store, Counter);
    // @ts-expect-error another command
    void counters.execute('1', '5');
  });
});

describe('an aggregate', () => {
  it('folds lists at once, and what a store reads by a promise', () => {
    expectTypeOf(Account.fold([Deposited.create({ amount: 1 })])).toEqualTypeOf<State>();
    expectTypeOf(Account.fold([] as readonly RecordedEvent[])).toEqualTypeOf<State>();
    expectTypeOf(Account.fold(store.readStream('account-1'))).toEqualTypeOf<Promise<State>>();
    // @ts-expect-error no event
    void Account.fold(['account.deposited']);
    // @ts-expect-error a type without data
    void Account.fold([{ type: 'account.deposited' }]);
  });

  it('decides its own commands', () => {
    const events = Account.decide({ type: 'deposit', amount: 1 }, initial);
    expectTypeOf(events).toEqualTypeOf<readonly (DepositedEvent | WithdrawnEvent)[]>();
    // @ts-expect-error no such command
    Account.decide({ type: 'close' }, initial);
    // @ts-expect-error a command without its parts
    Account.decide({ type: 'withdraw', amount: 1 }, initial);
    // @ts-expect-error another state
    Account.decide({ type: 'deposit', amount: 1 }, { sum: 1 });
  });
});

describe('createRepository', () => {
  const accounts = createRepository(store, Account, { snapshotEvery: 10, retry: { maxAttempts: 5, jitter: 'full' } });

  it('infers everything from the aggregate', async () => {
    expectTypeOf(accounts).toEqualTypeOf<Repository<State, Command, DepositedEvent | WithdrawnEvent>>();
    expectTypeOf(accounts.load('1')).toEqualTypeOf<Promise<Loaded<State>>>();
    const done = await accounts.execute('1', { type: 'deposit', amount: 1 }, { commandId: 'c', expectedVersion: 0 });
    expectTypeOf(done).toEqualTypeOf<Executed<State, DepositedEvent | WithdrawnEvent>>();
    expectTypeOf(done.state.balance).toEqualTypeOf<number>();
    const [event] = done.events;
    expectTypeOf(event).toEqualTypeOf<ExecutedEvent<DepositedEvent | WithdrawnEvent> | undefined>();
    if (event?.type === 'account.withdrawn') expectTypeOf(event.data.by).toEqualTypeOf<string>();
    expectTypeOf(event!.id).toEqualTypeOf<string>();
    expectTypeOf(event!.time).toEqualTypeOf<number>();
    expectTypeOf(event!.headers.correlationId).toEqualTypeOf<string | undefined>();
  });

  it('takes messages and recorded events as causes', async () => {
    const command: Command = { type: 'deposit', amount: 1 };
    void accounts.execute('1', command, { causedBy: Deposited.create({ amount: 1 }) });
    for await (const event of store.readAll()) void accounts.execute('1', command, { causedBy: event });
    // @ts-expect-error an event that has no id yet
    void accounts.execute('1', command, { causedBy: { type: 'a', data: 1, headers: {} } });
  });

  it('refuses what does not fit', () => {
    // @ts-expect-error no such command
    void accounts.execute('1', { type: 'close' });
    // @ts-expect-error no command
    void accounts.execute('1');
    // @ts-expect-error an id that is no text
    void accounts.load(1);
    // @ts-expect-error a version by name: the repository knows where the stream stands
    void accounts.execute('1', { type: 'deposit', amount: 1 }, { expectedVersion: 'any' });
    // @ts-expect-error no aggregate
    createRepository(store, { name: 'account' });
    // @ts-expect-error no such option
    createRepository(store, Account, { snapshots: 10 });
    // @ts-expect-error which errors are retried is its own business
    createRepository(store, Account, { retry: { retryIf: () => true } });
  });
});

describe('withUpcasters', () => {
  it('takes functions of older data, by type', () => {
    const upcasters = {
      'user.signed_up': [
        ({ name }: { name: string }) => ({ first: name }),
        (data: { first: string }, event) => {
          expectTypeOf(event).toEqualTypeOf<RecordedEvent>();
          return { ...data, at: event.time };
        },
      ],
    } satisfies Upcasters;
    expectTypeOf(withUpcasters(store, upcasters)).toEqualTypeOf(store);
    // @ts-expect-error one function is no list
    withUpcasters(store, { 'user.signed_up': ({ name }: { name: string }) => name });
    // @ts-expect-error nothing to be done with it
    withUpcasters(store);
  });
});
