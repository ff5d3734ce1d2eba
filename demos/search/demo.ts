import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// Begin with input.ts, which turns keys into texts, and search.ts, which searches for them; run.ts puts a typed event between the two.
// `world` is the server.
export const demo: Demo = {
  name: 'search',
  title: 'search as you type: debounced, the latest wins, and the server sees what is cancelled',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
