import { UsageError } from '../shared/usage-error.ts';
import { help, readOptions } from './options.ts';
import { FeedError } from './pipeline/poll.ts';
import { run } from './run.ts';

// What the desk does with its events is in desk.ts: begin there. The rest is around it: `pipeline` brings events in, `handlers` work on
// them, `world` is what they meet outside, and `run.ts` puts all together.
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options !== 'help') return await run(options);
    console.log(help);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nTry: npm start -- --help`);
      return 2;
    }
    console.error(error instanceof FeedError ? error.message : error);
    return 1;
  }
}
