import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// The children are writer.ts and projector.ts: begin there. run.ts kills them, ledger.ts is what the parent has noted meanwhile, and summary.ts holds
// that against what is in the store.
export const demo: Demo = {
  name: 'crash',
  title: 'a writer and a projection killed with SIGKILL, over and over: every acknowledged event is there, once',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
