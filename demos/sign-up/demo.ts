import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// What becomes of a sign-up is in sign-up.ts: begin there, and read on in `services`. The rest is around it: `intake` answers requests, `world`
// is what is outside, and `run.ts` puts all together.
export const demo: Demo = {
  name: 'sign-up',
  title: 'JSON in, three services side by side: a mail through SMTP, an audit log, preferences',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
