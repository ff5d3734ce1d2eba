import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// What the desk does with its events is in desk.ts: begin there. The rest is around it: `pipeline` brings events in, `handlers` work on
// them, `world` is what they meet outside, and `run.ts` puts all together.
export const demo: Demo = {
  name: 'earthquake-desk',
  title:
    'a real week of earthquakes in your terminal: order per key, a circuit breaker, an outage, a redrive (npm start)',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
