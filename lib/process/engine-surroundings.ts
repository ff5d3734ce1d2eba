import type { Attempt, CreateAttempt } from './attempt.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Watch } from './watch.ts';

/** What the owner of an engine gives it: a bus to all of its handlers, `createProcessor` to its one. */
export interface EngineSurroundings<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  readonly errors: ErrorReports;
  /** Its probes. Whoever changes whether there is any tells the engine. */
  readonly watch: Watch;
  /** Makes the contexts of the handler. @defaultValue plain ones */
  readonly createAttempt?: (owner: object, ...attempt: Parameters<CreateAttempt<Item>>) => Attempt<Item>;
  /** Where it takes events from by itself. @defaultValue none: it is given them */
  readonly supply?: Supply;
  /** Called whenever nothing is left to do. */
  readonly onIdle?: () => void;
  /** Called once, when it has closed. */
  readonly onClosed?: () => void;
}

/** Where an engine takes events from as it has slots for them. It does so until it closes, also while draining. */
export interface Supply {
  /** Whether one more event may wait beyond the slots. */
  readonly hasRoom: boolean;
  /** Called when a slot may be free: hands over more by `takeSupplied`, as far as the engine wants, and says whether there is news for it. */
  letIn(): boolean;
}
