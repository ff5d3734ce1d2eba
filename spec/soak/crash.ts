import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demo } from '../../demos/crash/demo.ts';

/** The demo, killed so often that rare moments are hit, too. What is left of a run that fails stays where it is. */
export async function crash(kills: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crash-soak-'));
  const seed = Math.trunc(Date.now() / 1_000);
  const code = await demo.run(['--kills', String(kills), '--seed', String(seed), '--out', folder]);
  if (code !== 0) throw new Error(`Expected all sums to hold, got the above, with seed ${seed}.`);
  await rm(folder, { recursive: true });
  // How often is said above: Ctrl-C may have ended it before.
  return 'nothing lost, nothing twice';
}
