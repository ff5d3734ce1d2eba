import { DemoRun } from '../../support/demo-run.ts';

/** Whoever has it may redrive. */
export const CODE = 'K7QR-TM4X';

/** A run of the desk, and where its page is. */
export interface DeskRun {
  readonly run: DemoRun;
  readonly url: string;
  readonly port: number;
  /** Ends it as Ctrl-C does. @returns its exit code */
  stop(): Promise<unknown>;
}

/** Starts the desk, on a free port if none is given, and resolves when its page is served. */
export async function startDesk(folder: string, ...args: readonly string[]): Promise<DeskRun> {
  const given = ['desk', '--out', folder, '--code', CODE, ...(args.includes('--port') ? [] : ['--port', '0']), ...args];
  const run = new DemoRun('demos/main.ts', ...given);
  await run.says('the page goes on without a gap.');
  const url = /^page +(\S+)$/m.exec(run.output)?.[1] ?? '';
  return {
    run,
    url,
    port: Number(new URL(url).port),
    stop() {
      run.kill('SIGTERM');
      return run.exitCode();
    },
  };
}
