import { stopSignal } from '../shared/signals.ts';
import { sumUp } from '../shared/sums.ts';
import { startTimeline } from '../shared/timeline.ts';
import { rebuildBalances } from './chapters/balances.ts';
import { openManyAccounts } from './chapters/many-accounts.ts';
import { useOneAccount } from './chapters/one-account.ts';
import { rebuildOneAccount } from './chapters/rebuilt.ts';
import { withdrawByTwo } from './chapters/two-processes.ts';
import { openStore } from './open-store.ts';
import type { Options } from './options.ts';
import type { Counted, Scene } from './scene.ts';

const chapters: readonly ((scene: Scene) => Promise<Counted>)[] = [
  useOneAccount,
  rebuildOneAccount,
  withdrawByTwo,
  openManyAccounts,
  rebuildBalances,
];

/**
 * Plays the chapters, one after the other, and holds what they have counted against the store.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a file that cannot be a store
 */
export async function run(options: Options): Promise<number> {
  const stop = stopSignal();
  await using store = await openStore(options);
  for (const line of ['The account: its events are all that is kept of it.', '', `file  ${options.file}`, '']) {
    console.log(line);
  }
  const say = startTimeline();
  const all: Counted[] = [];
  for (const chapter of chapters) {
    if (stop.aborted) break;
    all.push(await chapter({ store, options, say, stop }));
  }
  if (stop.aborted) say('Stopped. What was appended stays: it goes on here when it is run again.');

  const summary = sumUp(
    all.flatMap(({ handlers = [] }) => handlers),
    all.flatMap(({ sums }) => sums),
  );
  for (const line of summary.lines) console.log(line);
  if (!stop.aborted) console.log('Run it again: it goes on where it stopped. With --fresh it begins anew.');
  return summary.holds ? 0 : 1;
}
