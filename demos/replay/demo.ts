import type { Demo } from '../shared/demo.ts';
import { help, readOptions } from './options.ts';

// What a reader makes of the log is in quake-table.ts, and where it begins in reader.ts: read these two, then `chapters` in run.ts.
export const demo: Demo = {
  name: 'replay',
  title: 'Kafka: a week of earthquakes in a log, read by a new group from a time on, and by another from its start',
  help,
  async run(args) {
    const options = readOptions(args);
    const { run } = await import('./run.ts');
    return run(options);
  },
};
