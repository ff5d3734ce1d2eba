import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Request } from './protocol.ts';
import type { Contestant, Measures, Row, Task } from './row.ts';

const program = fileURLToPath(new URL('entrant-process.ts', import.meta.url));

/** A contestant that loses an event waits for it for ever. */
const PATIENCE_MS = 120_000;

/** A contestant in a process of its own, with the flags of this one. */
export class ContestantProcess {
  readonly contestant: Contestant;
  readonly #label: string;
  readonly #patienceMs: number;
  readonly #child: ChildProcess;

  private constructor(row: Row, contestant: Contestant) {
    this.contestant = contestant;
    this.#label = `${row.name}, ${contestant.name}`;
    this.#patienceMs = row.patienceMs ?? PATIENCE_MS;
    this.#child = fork(program, [row.name, contestant.name], { serialization: 'advanced' });
  }

  /** Resolves when it is loaded. */
  static async start(row: Row, contestant: Contestant): Promise<ContestantProcess> {
    const started = new ContestantProcess(row, contestant);
    await started.#answer();
    return started;
  }

  /** One round. */
  run(task: Task): Promise<Measures> {
    return this.#ask({ kind: 'run', task });
  }

  async verify(): Promise<void> {
    await this.#ask({ kind: 'verify' });
  }

  /** Resolves when it is gone, and with it its hold on files. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }

  #ask(request: Request): Promise<Measures> {
    const answered = this.#answer();
    this.#child.send(request);
    return answered;
  }

  #answer(): Promise<Measures> {
    return new Promise((resolve, reject) => {
      const settle = (message: Answer | undefined): void => {
        clearTimeout(timer);
        this.#child.off('message', settle);
        this.#child.off('exit', fail);
        if (message?.kind === 'done') resolve(message.measures);
        else if (message?.kind === 'ready') resolve({});
        else reject(new Error(`${this.#label}: ${message?.error ?? 'its process ended'}`));
      };
      const fail = (): void => settle(undefined);
      const timer = setTimeout(() => {
        this.#child.kill();
        settle({ kind: 'failed', error: `no answer within ${this.#patienceMs} ms` });
      }, this.#patienceMs);
      this.#child.on('message', settle);
      this.#child.on('exit', fail);
    });
  }
}
