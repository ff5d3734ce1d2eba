import { setTimeout as sleep } from 'node:timers/promises';
import { createRepository } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { runChild } from '../shared/in-child.ts';
import { aborted } from '../shared/signals.ts';
import { AccountError } from './account.ts';
import { watchAccount } from './watched-account.ts';

/** What a withdrawing process says. */
export type WithdrawerReport =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      readonly withdrawn: number;
      readonly refused: number;
      /** How often a command was decided: more often than there were commands, if others were faster. */
      readonly decisions: number;
    };

/** Without a pause, whoever is first would have all before the other has thought. */
const PAUSE_MS = 2;

const [path = '', id = '', name = '', amount, times] = process.argv.slice(2);

await runChild(async ({ report, told }) => {
  await using store = await sqliteEventStore({ path });
  const { account, calls } = watchAccount();
  const accounts = createRepository(store, account, {
    retry: { maxAttempts: 100, delayMs: 2, maxDelayMs: 8, jitter: 'full' },
  });
  report({ kind: 'ready' } satisfies WithdrawerReport);
  await aborted(told('go'));

  const counts = { withdrawn: 0, refused: 0 };
  for (let count = 0; count < Number(times); count++) {
    await sleep(PAUSE_MS);
    try {
      await accounts.execute(id, { type: 'withdraw', amount: Number(amount) }, { headers: { process: name } });
      counts.withdrawn++;
    } catch (error) {
      if (!(error instanceof AccountError)) throw error;
      counts.refused++;
    }
  }
  report({ kind: 'done', ...counts, decisions: calls.decide } satisfies WithdrawerReport);
});
