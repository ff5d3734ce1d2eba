import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// What runs in each process is in `services`: begin there; the handlers themselves are those of the sign-up demo. `world` is where the broker is, and
// where processes run; run.ts starts, kills and ends them, ledger.ts is what it has noted meanwhile, and summary.ts holds that against the world.
export const demo: Demo = {
  name: 'brokers',
  title: 'the sign-ups across a broker: three processes, one of them killed; all are mailed and audited',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
