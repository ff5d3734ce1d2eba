import { setTimeout as sleep } from 'node:timers/promises';
import type { Life } from './child.ts';
import { DemoError } from './demo-error.ts';
import { aborted } from './signals.ts';

/** What it says on its way. */
export type StageReport = { readonly kind: 'opening' } | { readonly kind: 'ready' };

/** How far it has come. */
export type Stage = StageReport['kind'];

/** Long enough for a machine that is busy. */
const PATIENCE_MS = 60_000;

/** What is started, over and over. */
export interface VictimOptions<Report> {
  readonly name: string;
  /** Begins a life of it, which calls `onReport` with what it reports. */
  readonly begin: (onReport: (report: Report | StageReport) => void) => Life;
  /** Called with all but what it says on its way. */
  readonly onReport: (report: Report) => void;
}

/** What is killed and started again, such as a process. */
export class Victim<Report extends { readonly kind: string }> implements AsyncDisposable {
  readonly name: string;
  starts = 0;
  /** How often it was killed, by how far it had come. */
  readonly kills: Record<Stage, number> = { opening: 0, ready: 0 };
  readonly #options: VictimOptions<Report>;
  #life: Life | undefined;
  #stages = { opening: new AbortController(), ready: new AbortController() };

  constructor(options: VictimOptions<Report>) {
    this.name = options.name;
    this.#options = options;
  }

  /** Whether it is at its work; if not, it is on the way there. */
  get isReady(): boolean {
    return this.#stages.ready.signal.aborted;
  }

  start(): void {
    const { begin, onReport } = this.#options;
    const stages = { opening: new AbortController(), ready: new AbortController() };
    this.starts++;
    this.#stages = stages;
    this.#life = begin((report) => {
      if (isStage(report)) stages[report.kind].abort();
      else onReport(report);
    });
  }

  /**
   * Waits until it has come so far.
   *
   * @throws DemoError if it never does
   */
  async reached(stage: Stage): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    const tooLate = sleep(PATIENCE_MS, undefined, { signal, ref: false }).then(() => {
      throw new DemoError(`Expected the ${this.name} to come to '${stage}', got nothing for ${PATIENCE_MS} ms.`);
    });
    tooLate.catch(() => undefined);
    try {
      await Promise.race([aborted(this.#stages[stage].signal), this.failed(), tooLate]);
    } finally {
      over.abort();
    }
  }

  /** @throws DemoError when it has ended, which nobody has told it to */
  async failed(): Promise<never> {
    await this.#life!.ended();
    throw new DemoError(`Expected the ${this.name} to go on until it is told to end, got its end.`);
  }

  async kill(): Promise<void> {
    this.kills[this.isReady ? 'ready' : 'opening']++;
    await this.#life!.kill();
  }

  tell(word: string): void {
    this.#life!.tell(word);
  }

  /** Tells it the word that ends it, and waits until it has done so. */
  async end(word: string): Promise<void> {
    this.tell(word);
    await this.#life!.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#life?.[Symbol.asyncDispose]();
  }
}

function isStage(report: { readonly kind: string }): report is StageReport {
  return report.kind === 'opening' || report.kind === 'ready';
}
