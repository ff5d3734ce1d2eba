import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DemoError } from './demo-error.ts';

/** One life of a part of this program that others can end. */
export interface Life extends AsyncDisposable {
  /** Tells it a word, if it is still there. */
  tell(word: string): void;
  /** Ends it at once: it cannot do anything about it, or after it. Resolves when all that it had reported is read. */
  kill(): Promise<void>;
  /** Waits until it has ended by itself, and all that it had reported is read. */
  ended(): Promise<void>;
}

/** A process of this program beside this one: it reports in lines of JSON, and can be told a word. Its other half is in-child.ts. */
export class Child<Report> implements Life {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #closed: Promise<unknown>;

  /**
   * @param entry - the file that it runs
   * @param onReport - called with each report, until the last one has been read: those of a killed process, too
   */
  constructor(entry: URL, args: readonly string[], onReport: (report: Report) => void) {
    const file = fileURLToPath(entry);
    // With the loaders of this process, and the same place for errors.
    this.#process = fork(file, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    this.#name = `${file} ${args.join(' ')}`;
    this.#closed = once(this.#process, 'close');
    let rest = '';
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // A line without an end: that of a killed process never comes.
      rest = lines.pop()!;
      for (const line of lines) onReport(JSON.parse(line) as Report);
    });
  }

  tell(word: string): void {
    // It may be going already: then it has nothing more to be told.
    if (this.#process.connected) this.#process.send(word, () => undefined);
  }

  /**
   * By SIGKILL.
   *
   * @throws DemoError if it had ended by itself
   */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
    if (this.#process.signalCode !== 'SIGKILL') throw this.#endedSo();
  }

  /**
   * @throws DemoError if something went wrong in it
   */
  async ended(): Promise<void> {
    await this.#closed;
    if (this.#process.exitCode !== 0) throw this.#endedSo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#closed;
  }

  #endedSo(): DemoError {
    const { exitCode, signalCode } = this.#process;
    return new DemoError(
      `Expected a process to go on until it is told to end, got ${signalCode ?? `exit code ${exitCode}`}: ${this.#name}`,
    );
  }
}
