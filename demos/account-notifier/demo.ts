import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// Begin with events.ts, then read accounts.ts, which sends, and a file of `notifiers`, which listen; run.ts hands each its side of the bus.
// `world` is what they meet outside.
export const demo: Demo = {
  name: 'account-notifier',
  title: 'accounts are created and deleted: mails and chat messages from modules that can only listen',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
