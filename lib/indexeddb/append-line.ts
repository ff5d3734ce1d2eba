import type { AppendOutcome } from '../sourcing/event-store-backend.ts';
import type { Append } from './append-group.ts';

/** So many appends share a transaction at most. */
const GROUP_SIZE = 128;

interface Waiting extends Append {
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes appends; each outcome is at the place of its append. */
type Commit = (group: readonly Append[]) => Promise<readonly AppendOutcome[]>;

/** Lets appends wait while a transaction is being written, and makes those that have gathered in one: waiting for the disk is what costs. */
export class AppendLine {
  readonly #commit: Commit;
  #waiting: Waiting[] = [];
  #work: Promise<void> | undefined;

  constructor(commit: Commit) {
    this.#commit = commit;
  }

  append(append: Append): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...append, resolve, reject });
      this.#work ??= this.#settleAll();
    });
  }

  /** Waits until nothing waits. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async #settleAll(): Promise<void> {
    await Promise.resolve(); // The other appends of this turn go along.
    while (this.#waiting.length > 0) await this.#settle(this.#waiting.splice(0, GROUP_SIZE));
    this.#work = undefined;
  }

  async #settle(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await this.#commit(group);
      group.forEach(({ resolve }, index) => resolve(outcomes[index]!));
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      // One that is too large does not take the others along.
      else for (const append of group) await this.#settle([append]);
    }
  }
}
