import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// Begin with account.ts, which is all that an account is, and balances.ts, which is what readers get; then read `chapters`, in the order of run.ts.
export const demo: Demo = {
  name: 'account',
  title: 'an account that is its events, in SQLite: refusals, two processes at once, a read model rebuilt',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
