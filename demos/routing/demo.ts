import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// Who listens to what is in desks.ts: begin there. alerts.ts says what is published and under which names, run.ts puts all together.
export const demo: Demo = {
  name: 'routing',
  title: 'RabbitMQ: alerts of quakes routed by region, magnitude and headers; a desk that fails, and its letters',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
