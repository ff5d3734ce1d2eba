import { randomUUID } from 'node:crypto';
import { createRepository } from 'millrace';
import { Child } from '../../shared/child.ts';
import { counted, grouped } from '../../shared/text.ts';
import { Account } from '../account.ts';
import type { Counted, Scene } from '../scene.ts';
import type { WithdrawerReport } from '../withdrawer.ts';

const FUNDS = 1_000;
const AMOUNT = 30;
/** More than there is money for, so that both must be refused in the end. */
const TIMES = 25;
const NAMES = ['first', 'second'] as const;

type Done = Extract<WithdrawerReport, { readonly kind: 'done' }>;

/** Two processes withdraw from one account at once: what one of them has decided on is not there any more when it appends, and it decides again. */
export async function withdrawByTwo({ store, options, say }: Scene): Promise<Counted> {
  const id = `joint-${randomUUID().slice(0, 8)}`;
  const accounts = createRepository(store, Account);
  await accounts.execute(id, { type: 'open', owner: 'Ada and Charles' });
  const { version } = await accounts.execute(id, { type: 'deposit', amount: FUNDS });
  const enough = Math.floor(FUNDS / AMOUNT);
  say(
    `Two processes withdraw ${AMOUNT} each ${TIMES} times from one account, which has ${grouped(FUNDS)}: enough for ${enough}.`,
  );
  const done = await runBoth(options.file, id);
  for (const [index, { withdrawn, refused, decisions }] of done.entries()) {
    const again = counted(decisions - TIMES, 'time');
    say(
      `  the ${NAMES[index]!.padEnd(6)}  ${withdrawn} withdrawn, ${refused} refused; it had to decide again ${again}, as the other was faster`,
    );
  }

  const after = await accounts.load(id);
  say(`  Left: ${grouped(after.state.balance)}, at version ${grouped(after.version)}.`);
  const [first, second] = done as [Done, Done];
  const seen = await readBack();
  return {
    sums: [
      {
        of: 'withdrawals by two',
        whole: 2 * TIMES,
        parts: {
          'by the first': first.withdrawn,
          'by the second': second.withdrawn,
          refused: first.refused + second.refused,
        },
      },
      {
        of: 'events of withdrawals',
        whole: first.withdrawn + second.withdrawn,
        parts: { 'of the first': seen.by.first, 'of the second': seen.by.second },
      },
      {
        of: 'money of the joint account',
        whole: FUNDS,
        parts: { withdrawn: AMOUNT * (seen.by.first + seen.by.second), left: after.state.balance },
      },
      { of: 'its versions', whole: after.version, parts: { 'never overdrawn': seen.notOverdrawn } },
      {
        of: 'of them by the two',
        whole: after.version - version,
        parts: { withdrawals: seen.by.first + seen.by.second },
      },
    ],
  };

  async function readBack() {
    const by = { first: 0, second: 0 };
    let notOverdrawn = 0;
    let state = Account.initial();
    for await (const event of store.readStream(Account.stream(id))) {
      state = Account.evolve(state, event);
      if (state.balance >= 0) notOverdrawn++;
      const name = NAMES.find((own) => own === event.headers['process']);
      if (name !== undefined) by[name]++;
    }
    return { by, notOverdrawn };
  }
}

/** Starts both, lets them go at the same moment, and waits for what they have done. */
async function runBoth(file: string, id: string): Promise<readonly Done[]> {
  const done: Done[] = [];
  let ready = 0;
  await using first = start(0);
  await using second = start(1);
  await Promise.all([first.ended(), second.ended()]);
  return done;

  function start(index: number): Child<WithdrawerReport> {
    const args = [file, id, NAMES[index]!, String(AMOUNT), String(TIMES)];
    return new Child<WithdrawerReport>(new URL('../withdrawer.ts', import.meta.url), args, (report) => {
      if (report.kind === 'done') done[index] = report;
      else if (++ready === NAMES.length) for (const child of [first, second]) child.tell('go');
    });
  }
}
