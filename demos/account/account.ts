import { defineAggregate, defineEvent, type NewEventOf, type RecordedOf } from 'millrace';
import { z } from 'zod';

const amount = z.int().positive();
const AccountOpened = defineEvent('account.opened', z.object({ owner: z.string().min(1) }));
const MoneyDeposited = defineEvent('account.deposited', z.object({ amount }));
const MoneyWithdrawn = defineEvent('account.withdrawn', z.object({ amount }));

/** All that can happen to an account. There is no other record of it: its balance is what follows from these. */
export const accountEvents = [AccountOpened, MoneyDeposited, MoneyWithdrawn] as const;
export type AccountEvent = NewEventOf<(typeof accountEvents)[number]>;
export type RecordedAccountEvent = RecordedOf<(typeof accountEvents)[number]>;

/** What somebody wants to be done. */
export type AccountCommand =
  | { readonly type: 'open'; readonly owner: string }
  | { readonly type: 'deposit' | 'withdraw'; readonly amount: number };

/** What the events say about an account, as far as commands have to know it. */
export interface AccountState {
  /** Nobody, as long as it is not open. */
  readonly owner?: string;
  readonly balance: number;
}

/** Why a command was refused. Nothing has happened then. */
export class AccountError extends Error {}

/** The account: what a command leads to, and what follows from an event. This is the file to read first. */
export const Account = defineAggregate({
  name: 'account',
  events: accountEvents,
  initial: (): AccountState => ({ balance: 0 }),
  decide,
  evolve,
});

function decide(command: AccountCommand, { owner, balance }: AccountState): AccountEvent {
  if (command.type === 'open') {
    if (owner !== undefined) throw new AccountError(`Expected an account that is not open yet, got that of ${owner}.`);
    return { type: 'account.opened', data: { owner: command.owner } };
  }
  const { type, amount: wanted } = command;
  if (owner === undefined) throw new AccountError('Expected an account that is open, got none.');
  if (!Number.isSafeInteger(wanted) || wanted <= 0) {
    throw new AccountError(`Expected an amount that is a positive whole number, got ${wanted}.`);
  }
  if (type === 'deposit') return { type: 'account.deposited', data: { amount: wanted } };
  if (wanted > balance) throw new AccountError(`Insufficient funds: expected at most ${balance}, got ${wanted}.`);
  return { type: 'account.withdrawn', data: { amount: wanted } };
}

function evolve(state: AccountState, { type, data }: AccountEvent): AccountState {
  switch (type) {
    case 'account.opened':
      return { ...state, owner: data.owner };
    case 'account.deposited':
      return { ...state, balance: state.balance + data.amount };
    case 'account.withdrawn':
      return { ...state, balance: state.balance - data.amount };
    default:
      return state;
  }
}
