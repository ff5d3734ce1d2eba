import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteEventStore } from 'millrace/sqlite';
import { BalanceFiles } from '../account/balances.ts';
import { Child } from '../shared/child.ts';
import { openFolder } from '../shared/folder.ts';
import { stopSignal } from '../shared/signals.ts';
import { counted, grouped } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { UsageError } from '../shared/usage-error.ts';
import { Victim } from '../shared/victim.ts';
import { Killer } from './killer.ts';
import { Ledger } from './ledger.ts';
import type { Options } from './options.ts';
import type { AppendReport, TakenReport } from './reports.ts';
import { summarize } from './summary.ts';

/** So many lines about kills: nobody reads hundreds. */
const SHOWN = 20;

/**
 * Starts a writer and a projection, kills them over and over, lets both come to an end, and holds what was acknowledged against what is there.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a folder that cannot be written, or has a store already
 */
export async function run({ kills, seed, out }: Options): Promise<number> {
  const stop = stopSignal();
  const folder = await openFolder('crash', out);
  const path = join(folder, 'events.db');
  const balances = join(folder, 'balances');
  await expectNothingAt(path);
  introduce({ kills, seed, folder });
  const say = startTimeline();

  const ledger = new Ledger(seed);
  const taken = { events: 0, repeated: 0 };
  await using writer = new Victim<AppendReport>({
    name: 'writer',
    begin: (onReport) => {
      const args = [path, String(seed), JSON.stringify(ledger.lanes)];
      return new Child(new URL('writer.ts', import.meta.url), args, onReport);
    },
    onReport: (report) => ledger.note(report),
  });
  await using projection = new Victim<TakenReport>({
    name: 'projection',
    begin: (onReport) => new Child(new URL('projector.ts', import.meta.url), [path, balances], onReport),
    onReport({ events, repeated }) {
      taken.events += events;
      taken.repeated += repeated;
    },
  });
  for (const victim of [writer, projection]) victim.start();

  const killer = new Killer(seed, { writer, projection, onWriterDead: () => ledger.bury() });
  while (killer.kills < kills && !stop.aborted) {
    const whom = await killer.strike(stop);
    if (whom === undefined || killer.kills % Math.ceil(kills / SHOWN) !== 0) continue;
    say(`Kill ${killer.kills}: ${whom}. ${counted(ledger.events.size, 'event')} acknowledged.`);
  }
  say(`${stop.aborted ? 'Stopped' : 'Enough'}: nobody is killed any more, and both come to their ends.`);
  await writer.reached('ready');
  // What has had no answer is sent again first.
  while (ledger.unanswered > 0) await Promise.race([sleep(10), writer.failed()]);
  await writer.end('stop');
  await projection.reached('ready');
  await projection.end('finish');

  await using store = await sqliteEventStore({ path });
  const files = new BalanceFiles(balances);
  const { lines, holds } = await summarize({ store, balances: await files.read(1), ledger, taken, killer, seed });
  for (const line of lines) console.log(line);
  return holds ? 0 : 1;
}

/** The parent's own notes would not know of what is there. */
async function expectNothingAt(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new UsageError(`Expected --out to be a folder without events of an earlier run, got '${path}'.`);
}

function introduce({ kills, seed, folder }: Omit<Options, 'out'> & { readonly folder: string }): void {
  const lines = [
    `The crash: two processes on one SQLite file are killed ${grouped(kills)} times (seed ${seed}), with SIGKILL, at moments that neither of them knows.`,
    '',
    '  writer      appends in four lanes, and reports each append when the store has acknowledged it',
    '  projection  keeps the balances of four accounts in a file of its own',
    '',
    'What a killed writer has sent without an answer, the next one sends again with the same ids.',
    '',
    `files  ${folder}`,
    '',
  ];
  for (const line of lines) console.log(line);
}
