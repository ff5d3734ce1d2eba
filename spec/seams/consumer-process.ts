import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ConsumerTask } from './consumer.ts';

/** A consumer that can be killed, and started again. */
export class ConsumerProcess {
  readonly #task: ConsumerTask;
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #said = '';
  /** How much of its file is read. */
  #position = 0;
  #rest = '';

  constructor(task: ConsumerTask) {
    this.#task = task;
  }

  /** What it has printed since it was started. */
  get said(): string {
    return this.#said;
  }

  /** Whether it is there. */
  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves when it consumes. */
  async start(): Promise<void> {
    const main = fileURLToPath(new URL('consumer.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', main, JSON.stringify(this.#task)], {
      env: { ...process.env, TSX_TSCONFIG_PATH: 'spec/tsconfig.json' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    this.#ended = once(child, 'close');
    this.#said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    }
    while (!this.#said.includes('ready')) {
      // What is deadly may come before that.
      if (!this.isRunning) {
        if (child.signalCode === 'SIGKILL') return;
        throw new Error(`Expected a consumer to be ready, got:\n${this.#said}`);
      }
      await Promise.race([once(child.stdout, 'data'), this.#ended]);
    }
  }

  /** Kills it, as nothing else could. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** The numbers that it has written since the last time. */
  newlyHandled(): readonly number[] {
    const file = openSync(this.#task.file, 'a+');
    const chunk = Buffer.alloc(1 << 20);
    const size = readSync(file, chunk, 0, chunk.length, this.#position);
    closeSync(file);
    this.#position += size;
    const lines = (this.#rest + chunk.toString('utf8', 0, size)).split('\n');
    this.#rest = lines.pop()!;
    return lines.map(Number);
  }
}
