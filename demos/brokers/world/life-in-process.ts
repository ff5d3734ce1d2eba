import type { Broker } from 'millrace';
import type { Life } from '../../shared/child.ts';
import type { StageReport } from '../../shared/victim.ts';
import type { ServiceReport } from '../services/reports.ts';
import type { Host } from '../services/service.ts';

/** The life of a service in this process. To kill it is to abandon it: nobody hears of it any more, and its broker gives what it has not settled to others. */
export class LifeInProcess implements Life {
  readonly #broker: Broker;
  readonly #words = new Map<string, AbortController>();
  readonly #work: Promise<void>;
  #isAbandoned = false;

  constructor(
    broker: Broker,
    onReport: (report: ServiceReport | StageReport) => void,
    work: (host: Host) => Promise<void>,
  ) {
    this.#broker = broker;
    const report: Host['report'] = (value) => {
      if (!this.#isAbandoned) onReport(value);
    };
    report({ kind: 'opening' });
    this.#work = work({ broker, report, told: (word) => this.#controllerOf(word).signal });
    this.#work.catch(() => undefined);
  }

  tell(word: string): void {
    this.#controllerOf(word).abort();
  }

  async kill(): Promise<void> {
    this.#isAbandoned = true;
    await this.#broker.close();
    // What it has opened around it is closed, so that its next life can open it.
    this.tell('finish');
    await this.#work.catch(() => undefined);
  }

  async ended(): Promise<void> {
    await this.#work;
    await this.#broker.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #controllerOf(word: string): AbortController {
    const controller = this.#words.get(word) ?? new AbortController();
    this.#words.set(word, controller);
    return controller;
  }
}
