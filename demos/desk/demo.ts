import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// What the server does is in server/desk.ts, and what the page does in page/main.ts: begin with these two. `world` is what they meet outside, `site` how the page
// is served, and `run.ts` puts all together.
export const demo: Demo = {
  name: 'desk',
  title:
    'the earthquake desk as a page in your browser: live over SSE, resumed after a reload, two tabs in step, a redrive button',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
