import type { SchedulerLike } from 'rxjs';
import { CheckpointKeeper } from '../../sourcing/checkpoint-keeper.ts';
import { SettledLine } from '../../sourcing/settled-line.ts';
import type { ResumeStore } from './connect-events-options.ts';

/** What the progress of a connection needs. */
export interface ProgressOptions {
  readonly resume: ResumeStore | undefined;
  readonly saveEveryMs: number;
  readonly scheduler: SchedulerLike;
  readonly onError: (error: unknown) => void;
}

/** An event on its way into the bus. */
export interface Arriving {
  /** It is handled. */
  settle(): void;
  /** It has to come again, and what comes after it, too. @returns whether it was not going to */
  redo(): boolean;
}

/** How far a connection has come: what it has received, and up to where all of it is handled, which is what is saved. */
export class Progress {
  readonly #resume: ResumeStore | undefined;
  readonly #keeper: CheckpointKeeper | undefined;
  readonly #onError: (error: unknown) => void;
  #line = new SettledLine(undefined);
  #count = 0;

  constructor({ resume, saveEveryMs, scheduler, onError }: ProgressOptions) {
    this.#resume = resume;
    this.#onError = onError;
    if (resume === undefined) return;
    const write = async (): Promise<void> => {
      const { reached } = this.#line;
      if (reached !== undefined) await resume.save(reached.checkpoint);
    };
    this.#keeper = new CheckpointKeeper({ write, everyMs: saveEveryMs, scheduler, onError });
  }

  /** From where the stream goes on. */
  get lastEventId(): string | undefined {
    return this.#line.end?.checkpoint;
  }

  /** Begins where it was when it was saved. */
  async load(): Promise<void> {
    try {
      const id = (await this.#resume?.load()) ?? undefined;
      if (id !== undefined && id !== '') this.#line = new SettledLine({ checkpoint: id, position: 0 });
    } catch (error) {
      this.#onError(error);
    }
  }

  /** An event has come. */
  add(id: string): Arriving {
    const line = this.#line;
    const settle = line.add({ checkpoint: id, position: ++this.#count });
    return {
      settle: () => {
        if (settle()) this.#keeper?.touch();
      },
      redo: () => {
        // Otherwise it comes again already.
        if (this.#line !== line) return false;
        this.#line = new SettledLine(line.reached);
        return true;
      },
    };
  }

  /** There is nothing more up to here. */
  skipTo(id: string): void {
    this.#line.skipTo({ checkpoint: id, position: ++this.#count });
    this.#keeper?.touch();
  }

  async close(): Promise<void> {
    await this.#keeper?.close();
  }
}
