import { defineAggregate, defineEvent, payload } from 'millrace';
import { given, TestFailure } from 'millrace/testing';
import { describe, expect, it } from 'vitest';

class InsufficientFundsError extends Error {
  override readonly name = 'InsufficientFundsError';
}

const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
const Withdrawn = defineEvent('account.withdrawn', payload<{ amount: number }>());
type Command = { readonly type: 'close' } | { readonly type: 'deposit' | 'withdraw'; readonly amount: number };

const Account = defineAggregate({
  name: 'account',
  events: [Deposited, Withdrawn],
  initial: { balance: 0 },
  decide: (command: Command, { balance }) => {
    if (command.type === 'close') return balance === 0 ? [] : Withdrawn.create({ amount: balance });
    const { type, amount } = command;
    if (type === 'deposit') return { type: 'account.deposited', data: { amount }, headers: { by: 'teller' } };
    if (amount > balance) throw new InsufficientFundsError(`expected at most ${balance}, got ${amount}`);
    return { type: 'account.withdrawn', data: { amount } };
  },
  evolve: ({ balance }, { type, data }) => ({
    balance: type === 'account.deposited' ? balance + data.amount : balance - data.amount,
  }),
});

const deposited = { type: 'account.deposited', data: { amount: 40 } } as const;
const withdraw = (amount: number): Command => ({ type: 'withdraw', amount });

/** What a trial says that fails. */
function failureOf(trial: () => void): TestFailure {
  try {
    trial();
  } catch (error) {
    if (error instanceof TestFailure) return error;
    throw error;
  }
  throw new Error('Expected a failure, got none.');
}

describe('given a history, when a command comes', () => {
  it('passes for the events that it leads to, one or several', () => {
    const withdrawn = { type: 'account.withdrawn', data: { amount: 30 } } as const;
    given(Account, [deposited]).when(withdraw(30)).expect(withdrawn);
    given(Account, [deposited]).when(withdraw(30)).expect([withdrawn]);
  });

  it('passes for no events', () => {
    given(Account).when({ type: 'close' }).expect([]);
    given(Account, []).when({ type: 'close' }).expect([]);
  });

  it('passes for a refusal by its class, its message, a part of it, or its like', () => {
    const refused = given(Account, [deposited]).when(withdraw(41));
    refused.expect(InsufficientFundsError);
    refused.expect(/at most 40/);
    refused.expect('got 41');
    refused.expect(new InsufficientFundsError('expected at most 40, got 41'));
  });

  it('compares type and data, and of the rest only what is named', () => {
    const when = given(Account).when({ type: 'deposit', amount: 40 });
    when.expect(deposited);
    when.expect({ ...deposited, headers: { by: 'teller' } });
    expect(failureOf(() => when.expect({ ...deposited, headers: { by: 'machine' } })).message).toContain(
      'Expected account.deposited',
    );
  });

  it('takes messages of definitions, whose ids and times mean nothing', () => {
    given(Account, [Deposited.create({ amount: 5 })])
      .when({ type: 'close' })
      .expect(Withdrawn.create({ amount: 5 }, { time: 1 }));
  });

  it('takes asymmetric matchers', () => {
    given(Account, [deposited])
      .when(withdraw(30))
      .expect([{ type: 'account.withdrawn', data: { amount: expect.any(Number) as number } }]);
  });
});

describe('a failure', () => {
  const after = given(Account, [deposited]);

  it('says which events were expected, and which came', () => {
    const failure = failureOf(() =>
      after.when(withdraw(30)).expect({ type: 'account.withdrawn', data: { amount: 31 } }),
    );
    expect(failure.message).toBe('Expected account.withdrawn { amount: 31 }, got account.withdrawn { amount: 30 }.');
    expect(failure.expected).toStrictEqual([{ type: 'account.withdrawn', data: { amount: 31 } }]);
    expect(failure.actual).toStrictEqual([{ type: 'account.withdrawn', data: { amount: 30 } }]);
  });

  it.each([
    ['fewer', [], 'Expected no event, got account.withdrawn { amount: 30 }.'],
    [
      'more',
      [deposited, deposited],
      'Expected account.deposited { amount: 40 }, account.deposited { amount: 40 }, got account.withdrawn { amount: 30 }.',
    ],
  ] as const)('says that %s were expected', (_, wanted, text) => {
    expect(failureOf(() => after.when(withdraw(30)).expect(wanted)).message).toBe(text);
  });

  it('says which refusal came, with the refusal as its cause', () => {
    const failure = failureOf(() => after.when(withdraw(50)).expect(deposited));
    expect(failure.message).toBe(
      'Expected account.deposited { amount: 40 }, got a refusal: expected at most 40, got 50',
    );
    expect(failure.cause).toBeInstanceOf(InsufficientFundsError);
  });

  it.each([
    [TypeError, 'TypeError'],
    [/nothing/, '/nothing/'],
    ['nothing', "'nothing'"],
    [new InsufficientFundsError('nothing'), '[InsufficientFundsError: nothing]'],
    [new Error('expected at most 40, got 50'), '[Error: expected at most 40, got 50]'],
  ])('says that another refusal came than %s', (wanted, inWords) => {
    const failure = failureOf(() => after.when(withdraw(50)).expect(wanted));
    expect(failure.message).toBe(
      `Expected the command to be refused with ${inWords}, got [InsufficientFundsError: expected at most 40, got 50].`,
    );
  });

  it('says that no refusal came', () => {
    const failure = failureOf(() => after.when(withdraw(1)).expect(InsufficientFundsError));
    expect(failure.message).toBe(
      'Expected the command to be refused with InsufficientFundsError, got account.withdrawn { amount: 1 }.',
    );
  });

  it('points at the line of the test', () => {
    const failure = failureOf(() => after.when(withdraw(1)).expect([]));
    expect(failure.stack?.split('\n')[1]).toContain('given.spec.ts');
  });

  it('is a history that the aggregate refuses, as it is', () => {
    const unknown = { type: 'account.closed', data: {} } as never;
    expect(() => given(Account, [unknown]).when(withdraw(1)).expect([])).toThrow(/account\.closed/);
  });
});
