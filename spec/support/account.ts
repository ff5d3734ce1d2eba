import { type Aggregate, defineAggregate, defineEvent, type NewEventOf, payload } from 'millrace';

export const Created = defineEvent('account.created', payload<{ owner: string }>());
export const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
export const Withdrawn = defineEvent('account.withdrawn', payload<{ amount: number }>());

export type AccountEvent = NewEventOf<typeof Created | typeof Deposited | typeof Withdrawn>;
export type AccountCommand =
  | { readonly type: 'create'; readonly owner: string }
  | { readonly type: 'deposit' | 'withdraw'; readonly amount: number }
  /** Withdraws all that there is, which may be nothing. */
  | { readonly type: 'clear' };
export interface AccountState {
  readonly owner: string | undefined;
  readonly balance: number;
}

export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

const initial: AccountState = { owner: undefined, balance: 0 };

/** The account of the tutorials. */
export const Account: Aggregate<AccountState, AccountCommand, AccountEvent> = defineAggregate({
  name: 'account',
  events: [Created, Deposited, Withdrawn],
  initial,
  decide: (command: AccountCommand, { owner, balance }) => {
    if (command.type === 'create') {
      if (owner !== undefined) throw new RefusedError('there is an account already');
      return { type: 'account.created', data: { owner: command.owner } };
    }
    if (owner === undefined) throw new RefusedError('there is no account');
    if (command.type === 'clear') {
      return balance === 0 ? [] : [{ type: 'account.withdrawn', data: { amount: balance } }];
    }
    const { type, amount } = command;
    if (!(amount > 0)) throw new RefusedError(`expected an amount > 0, got ${amount}`);
    if (type === 'deposit') return { type: 'account.deposited', data: { amount } };
    if (amount > balance) throw new RefusedError(`expected at most ${balance}, got ${amount}`);
    return { type: 'account.withdrawn', data: { amount } };
  },
  evolve: (state, event): AccountState => {
    switch (event.type) {
      case 'account.created':
        return { ...state, owner: event.data.owner };
      case 'account.deposited':
        return { ...state, balance: state.balance + event.data.amount };
      case 'account.withdrawn':
        return { ...state, balance: state.balance - event.data.amount };
      default:
        return event;
    }
  },
});

export const create = (owner: string): AccountCommand => ({ type: 'create', owner });
export const deposit = (amount: number): AccountCommand => ({ type: 'deposit', amount });
export const withdraw = (amount: number): AccountCommand => ({ type: 'withdraw', amount });
