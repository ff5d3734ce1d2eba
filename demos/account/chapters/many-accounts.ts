import type { NewEvent } from 'millrace';
import { createRandom } from '../../shared/random.ts';
import { openBar } from '../../shared/bar.ts';
import { counted, grouped } from '../../shared/text.ts';
import { Account, type AccountEvent } from '../account.ts';
import type { Counted, Scene } from '../scene.ts';

const EVENTS_EACH = 500;

/** There are other customers, too: their history is appended once, an account at a time. */
export async function openManyAccounts({ store, options, say, stop }: Scene): Promise<Counted> {
  const { customers } = options;
  const missing: string[] = [];
  for (let number = 1; number <= customers; number++) {
    const id = `customer-${number}`;
    if ((await store.streamVersion(Account.stream(id))) === 0) missing.push(id);
  }
  const there = customers - missing.length;
  if (there > 0) say(`The accounts of ${counted(there, 'other customer')} are there already.`);
  if (missing.length === 0) return { sums: [] };

  say(
    `${counted(missing.length, 'other customer')}, each with ${EVENTS_EACH} events, are appended: an account at a time.`,
  );
  const startedAt = performance.now();
  const bar = openBar(process.stdout, 'events appended');
  let appended = 0;
  for (const id of missing) {
    if (stop.aborted) break;
    const { version } = await store.append(Account.stream(id), historyOf(id), { expectedVersion: 'no-stream' });
    appended += version;
    bar.show(appended, missing.length * EVENTS_EACH);
  }
  bar.end();
  const perSecond = Math.round((1_000 * appended) / (performance.now() - startedAt));
  say(`  ${counted(appended, 'event')} are on the disk: ${grouped(perSecond)} a second.`);
  return { sums: [] };
}

/**
 * Deposits and withdrawals by chance, which is the same for the same customer. So are their ids: should another run of this demo append them at the same time, they are there once.
 */
function historyOf(id: string): readonly NewEvent[] {
  const random = createRandom(id);
  const events: NewEvent[] = [];
  add({ type: 'account.opened', data: { owner: id } });
  let balance = 0;
  while (events.length < EVENTS_EACH) {
    const amount = 1 + Math.floor(100 * random());
    const isWithdrawal = amount <= balance && random() < 0.5;
    balance += isWithdrawal ? -amount : amount;
    add({ type: isWithdrawal ? 'account.withdrawn' : 'account.deposited', data: { amount } });
  }
  return events;

  function add(event: AccountEvent): void {
    events.push({ ...event, id: `${id}-${events.length}` });
  }
}
