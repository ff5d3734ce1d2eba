import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STRACE = 'strace';

/** Every append of a lane waits for the one before; those of several lanes may share a sync. */
const RUNS = [
  { durability: 'full', lanes: 1, appends: 300 },
  { durability: 'full', lanes: 8, appends: 100 },
  { durability: 'normal', lanes: 1, appends: 300 },
] as const;

/**
 * A SIGKILL cannot show that a sync is missing, as the kernel goes on: the system calls can. At full durability the events of every acknowledged append are in the write-ahead log, and that was synced, before
 * the acknowledgement; at normal durability they are not, which shows that this would be seen.
 */
export async function fsync(): Promise<string> {
  const trial = spawnSync(STRACE, ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (trial.status !== 0) return `skipped: strace cannot be run (${trial.error?.message ?? trial.stderr.trim()})`;
  const folder = await mkdtemp(join(tmpdir(), 'fsync-soak-'));
  for (const [index, run] of RUNS.entries()) {
    const { durability, lanes, appends } = run;
    const { acknowledged, synced, syncs } = readTrace(await trace(join(folder, `${index}.db`), run));
    console.log(
      `  ${durability}, ${lanes} side by side: ${acknowledged} acknowledged, ${synced} of them after a sync of what was written for them; ${syncs} syncs`,
    );
    if (acknowledged !== lanes * appends) throw new Error(`Expected ${lanes * appends} acknowledgements.`);
    if (durability === 'full' && synced < acknowledged) throw new Error('Expected a sync before each of them.');
    if (durability === 'normal' && synced === acknowledged) throw new Error('Expected to see what is not synced.');
  }
  await rm(folder, { recursive: true });
  return 'no acknowledgement before its sync';
}

/** The system calls of a writer, in their order. */
async function trace(path: string, { durability, lanes, appends }: (typeof RUNS)[number]): Promise<string> {
  const file = `${path}.trace`;
  const calls = 'trace=fsync,fdatasync,write,writev,pwrite64,pwritev';
  const writer = fileURLToPath(new URL('fsync-writer.ts', import.meta.url));
  // With whole pages, and the paths of files.
  const tracing = ['-f', '-y', '-qq', '-s', '8192', '-e', calls, '-o', file];
  const node = [process.execPath, ...process.execArgv, writer, path, durability, String(lanes), String(appends)];
  execFileSync(STRACE, [...tracing, ...node], { stdio: ['ignore', 'ignore', 'inherit'] });
  return readFile(file, 'utf8');
}

/** Such as `1594  fsync(31</tmp/events.db-wal>) = 0`. One that another thread has interrupted ends in a line of its own. */
const WRITE = /^\d+ +p?writev?(?:64)?\(\d+<[^>]*-wal>/;
const SYNC = /^(\d+) +f(?:data)?sync\(\d+<[^>]*-wal>(\) += 0| <unfinished)/;
const RESUMED = /^(\d+) +<\.\.\. f(?:data)?sync resumed>\) += 0/;
const ACKNOWLEDGED = /^\d+ +write\(1<.*"acknowledged (append-\d+-\d+-)/;

function readTrace(text: string): { acknowledged: number; synced: number; syncs: number } {
  const counts = { acknowledged: 0, synced: 0, syncs: 0 };
  /** What was written, and waits for a sync; and what has had one. */
  let waiting = new Set<string>();
  const safe = new Set<string>();
  /** What a sync covers that a thread is in. */
  const begun = new Map<string, Set<string>>();

  for (const line of text.split('\n')) {
    const [, thread, ending] = SYNC.exec(line) ?? [];
    const [, resumed] = RESUMED.exec(line) ?? [];
    const [, id] = ACKNOWLEDGED.exec(line) ?? [];
    if (WRITE.test(line)) {
      for (const [written] of line.matchAll(/append-\d+-\d+-/g)) waiting.add(written);
    } else if (thread !== undefined) {
      begun.set(thread, waiting);
      waiting = new Set();
      if (ending !== ' <unfinished') finish(thread);
    } else if (resumed !== undefined) {
      finish(resumed);
    } else if (id !== undefined) {
      counts.acknowledged++;
      if (safe.has(id)) counts.synced++;
    }
  }
  return counts;

  function finish(thread: string): void {
    counts.syncs++;
    for (const id of begun.get(thread) ?? []) safe.add(id);
    begun.delete(thread);
  }
}
