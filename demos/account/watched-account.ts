import { defineAggregate } from 'millrace';
import { Account, type AccountCommand, accountEvents, type AccountEvent, type AccountState } from './account.ts';

/** The account, and how often its functions are called: its repository does that unseen. */
export function watchAccount() {
  const calls = { decide: 0, evolve: 0 };
  const account = defineAggregate({
    name: Account.name,
    events: accountEvents,
    initial: (): AccountState => Account.initial(),
    decide(command: AccountCommand, state): readonly AccountEvent[] {
      calls.decide++;
      return Account.decide(command, state);
    },
    evolve(state, event) {
      calls.evolve++;
      return Account.evolve(state, event);
    },
  });
  return { account, calls };
}
