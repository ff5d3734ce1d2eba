import { runProjection } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { BalanceFiles, balanceProjection } from '../account/balances.ts';
import { runChild } from '../shared/in-child.ts';
import { aborted } from '../shared/signals.ts';
import type { StageReport } from '../shared/victim.ts';
import type { TakenReport } from './reports.ts';

const [path = '', balances = ''] = process.argv.slice(2);

/** Who was killed holds its lease for so long. */
const LEASE_MS = 250;

/** Follows the events, and keeps the balances that follow from them, until it is told that there will be no more. */
await runChild(async ({ report, told }) => {
  report({ kind: 'opening' } satisfies StageReport);
  await using store = await sqliteEventStore({ path });
  const files = new BalanceFiles(balances);
  const definition = balanceProjection(files);
  await using projection = runProjection(
    store,
    {
      ...definition,
      async on(events, { generation }) {
        const before = files.repeated;
        await files.take(generation, events);
        report({ kind: 'taken', events: events.length, repeated: files.repeated - before } satisfies TakenReport);
      },
    },
    { leaseMs: LEASE_MS },
  );
  projection.errors.subscribe(({ error }) => console.error(error));
  report({ kind: 'ready' } satisfies StageReport);
  await aborted(told('finish'));
  await projection.caughtUp();
});
