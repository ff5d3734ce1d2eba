import { execFileSync } from 'node:child_process';
import { explore } from 'millrace/testing';
import { crash } from './crash.ts';
import { desk } from './desk.ts';
import { fsync } from './fsync.ts';
import { SCENARIOS } from '../testing/explorations/scenarios.ts';

/** A long run. It throws when something is wrong, and returns what it did. */
type Soak = () => Promise<string> | string;

/** A million schedules in all. */
const SCHEDULES = 1_000_000;

/** The specs of brokers that grow with their scale. */
const BROKERS = ['spec/seams', 'core.contract', 'jet-stream.contract', 'rabbitmq/contract', 'kafka/contract'];

/** All of them, by name, in the order in which they run. */
export const SOAKS: Readonly<Record<string, Soak>> = {
  explore: async () => {
    const scenarios = Object.entries(SCENARIOS);
    const seed = Math.trunc(Date.now() / 1_000);
    for (const [name, scenario] of scenarios) {
      const { runs } = await explore(scenario, { runs: Math.ceil(SCHEDULES / scenarios.length), seed });
      console.log(`  ${runs.toLocaleString('en')} schedules of ${name}, seed ${seed}`);
    }
    return 'nothing found';
  },
  properties: () =>
    vitest('all properties, 20,000 runs each', { MILLRACE_RUNS: '20000' }, 'properties|simulation|invariants|oracle'),
  contract: () =>
    vitest("the broker's contract at Watermill's own sizes", { MILLRACE_SCALE: '1' }, 'memory-broker.contract'),
  brokers: () =>
    vitest("the brokers' contracts and seams, 10,000 messages each", { MILLRACE_SCALE: '1' }, BROKERS.join('|')),
  crash: () => crash(500),
  fsync,
  desk,
  flood: () => vitest('2,000,000 events into a channel of 256', { MILLRACE_FLOOD: '2000000' }, 'flood'),
  'store-size': () => largeBench('the size row of the bench, to ten million events in SQLite', 'store-size'),
  'broker-waiting': () => largeBench('a slow handler, and a million messages that wait in each broker', 'brokers'),
};

/** Runs those large rows of the bench whose names contain this. */
function largeBench(said: string, rows: string): string {
  execFileSync('npm', ['run', 'bench', '--', rows, '--large'], { stdio: 'inherit' });
  return said;
}

/** Runs those specs whose file names match, with settings of their own. */
function vitest(said: string, settings: Readonly<Record<string, string>>, files: string): string {
  const matching = files.split('|');
  execFileSync('node_modules/.bin/vitest', ['run', '--typecheck=false', '--testTimeout=3600000', ...matching], {
    env: { ...process.env, ...settings },
    stdio: 'inherit',
  });
  return said;
}
