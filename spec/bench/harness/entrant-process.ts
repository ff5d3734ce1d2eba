// The process of one contestant of one row: `node entrant-process.ts <row> <contestant>`, started by contestant-process.ts.
// Hazard: the loader names each function that is assigned to a constant whenever it is made (`__name`). Hot code makes none.
import { largeRows, rows } from '../rows/index.ts';
import type { Answer, Request } from './protocol.ts';
import type { Entrant, Measures } from './row.ts';

const [, , rowName, contestantName] = process.argv;

function answer(message: Answer): void {
  process.send?.(message);
}

async function attempt(work: () => Promise<Measures>): Promise<void> {
  try {
    answer({ kind: 'done', measures: await work() });
  } catch (error) {
    answer({ kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

async function run(entrant: Entrant, request: Request): Promise<Measures> {
  if (request.kind === 'verify') {
    await entrant.verify?.();
    return {};
  }
  globalThis.gc?.();
  return entrant.run(request.task);
}

const row = [...rows, ...largeRows].find(({ name }) => name === rowName);
const contestant = row?.contestants.find(({ name }) => name === contestantName);
if (contestant === undefined) throw new Error(`Expected a contestant, got ${rowName} ${contestantName}.`);
const entrant = await contestant.load();
// Nobody is left to ask: connections would keep it alive.
process.once('disconnect', () => process.exit());
process.on('message', (request: Request) => void attempt(() => run(entrant, request)));
answer({ kind: 'ready' });
