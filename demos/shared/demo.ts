import { DemoError } from './demo-error.ts';
import { UsageError } from './usage-error.ts';

/** What the launcher lists and runs: each demo exports one from its `demo.ts`. */
export interface Demo {
  readonly name: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** What `--help` prints. */
  readonly help: string;
  /**
   * Runs it, and says on the console what happens.
   *
   * @param args - the options of the command line, without `--help`
   * @returns the exit code: 1 if a sum does not hold
   * @throws UsageError for a command line that makes no sense
   */
  run(args: readonly string[]): Promise<number>;
}

/**
 * Runs a demo, or prints its help. What it throws is said in one line, as far as that is enough.
 *
 * @param command - how it was started
 * @returns the exit code: 2 for a command line that makes no sense, 1 for any other failure
 */
export async function runDemo(demo: Demo, args: readonly string[], command: string): Promise<number> {
  try {
    if (!args.includes('--help') && !args.includes('-h')) return await demo.run(args);
    console.log(demo.help);
    return 0;
  } catch (error) {
    console.error(error instanceof DemoError ? error.message : error);
    if (!(error instanceof UsageError)) return 1;
    console.error(`Try: ${command} -- --help`);
    return 2;
  }
}
