import type { Attempt, CreateAttempt } from './attempt.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Probe } from './probe.ts';

/** What the owner of an engine gives it: a bus to all of its handlers, `createProcessor` to its one. */
export interface EngineSurroundings<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly errors: ErrorReports;
  readonly probe: Probe | undefined;
  /** Makes the contexts of the handler. @defaultValue plain ones */
  readonly createAttempt?: (owner: object, ...attempt: Parameters<CreateAttempt<Item>>) => Attempt<Item>;
  /**
   * Called when a slot may be free: hands over more by `admit`, as far as the engine wants, and says whether it did. Such an engine takes from
   * its supply until it closes, also while draining.
   */
  readonly supply?: () => boolean;
  /** Called whenever nothing is left to do. */
  readonly onIdle?: () => void;
  /** Called once, when it closes. */
  readonly onClosed?: () => void;
}
