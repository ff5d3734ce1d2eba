import { createRepository, type RecordedEvent } from 'millrace';
import { counted, grouped } from '../../shared/text.ts';
import { Account, type AccountState } from '../account.ts';
import type { Counted, Scene } from '../scene.ts';
import { watchAccount } from '../watched-account.ts';
import { ADA, SNAPSHOT_EVERY } from './one-account.ts';

/** So many of the newest events are shown. */
const SHOWN = 6;

/** The account is rebuilt from its events: by hand, by a repository, and by a repository that has a snapshot. */
export async function rebuildOneAccount({ store, say }: Scene): Promise<Counted> {
  const { account, calls } = watchAccount();
  const plain = await createRepository(store, account).load(ADA);
  const ofAll = calls.evolve;
  const quick = await createRepository(store, account, { snapshotEvery: SNAPSHOT_EVERY }).load(ADA);
  const sinceSnapshot = calls.evolve - ofAll;

  // Read after them: another run of this demo may append meanwhile, and all that they have folded is in it.
  const history: RecordedEvent[] = [];
  for await (const event of store.readStream(Account.stream(ADA))) history.push(event);
  say(`The balance stands nowhere: it follows from ${counted(history.length, 'event')}, here the newest:`);
  let state: AccountState = Account.initial();
  for (const event of history) {
    state = Account.evolve(state, event);
    if (event.version > history.length - SHOWN) {
      say(`  ${wordsOf(event)}→ ${grouped(state.balance)}`);
    }
  }
  const folded = Account.fold(history);
  say(`  Account.fold(events) → ${JSON.stringify(folded)}`);

  say(
    `  A load folds ${counted(ofAll, 'event')}; with a snapshot every ${SNAPSHOT_EVERY} events, ${sinceSnapshot} of them.`,
  );
  return {
    sums: [
      { of: "Ada's balance, folded", whole: folded.balance, parts: { 'as step by step': state.balance } },
      { of: 'loaded', whole: plain.state.balance, parts: { 'folded so far': balanceAt(plain.version) } },
      { of: 'with a snapshot', whole: quick.state.balance, parts: { 'folded so far': balanceAt(quick.version) } },
      { of: 'events of a load', whole: plain.version, parts: { folded: ofAll } },
    ],
  };

  function balanceAt(version: number): number {
    return Account.fold(history.slice(0, version)).balance;
  }
}

function wordsOf({ version, type, data }: RecordedEvent): string {
  const [value] = Object.values(data as Record<string, number | string>);
  const text = typeof value === 'number' ? grouped(value) : String(value);
  return `version ${String(version).padEnd(4)} ${type.padEnd(18)} ${text.padEnd(8)}`;
}
