import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';
import { run } from './run.ts';

// What the desk does with its events is in desk.ts: begin there. The rest is around it: `pipeline` brings events in, `handlers` work on
// them, `world` is what they meet outside, and `run.ts` puts all together.
export const demo: Demo = {
  name: 'earthquake-desk',
  title: 'a real week of earthquakes: order per key, a circuit breaker, an outage, a redrive',
  help,
  run: async (args) => run(readOptions(args)),
};
