import type { DeadLetter, DeadLetterReason } from '../core/dead-letter.ts';
import type { DeadLetterSink } from '../flow/dead-letter-to.ts';
import type { Attempt, CreateAttempt } from './attempt.ts';
import type { DeadLetterQueue } from './dead-letter-queue.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Part } from './probe.ts';
import type { Watch } from './watch.ts';

/** What the owner of an engine gives it: a bus to all of its handlers, `createProcessor` to its one. */
export interface EngineSurroundings<Item> {
  readonly name: string;
  readonly deadLetters: DeadLetterQueue<Item>;
  /** Where its letters go. @defaultValue to its dead letters, to come back to the engine itself */
  readonly letters?: DeadLetterSink<DeadLetter<Item>>;
  readonly errors: ErrorReports;
  /** Its probes. Whoever adds or removes one tells the engine. */
  readonly watch: Watch;
  /** What it belongs to. @defaultValue nothing */
  readonly owner?: Part;
  /** The types of the events that it is offered, as far as they are known. @defaultValue none */
  readonly listensTo?: () => readonly string[];
  /** Makes the contexts of the handler. @defaultValue plain ones */
  readonly createAttempt?: (owner: object, ...attempt: Parameters<CreateAttempt<Item>>) => Attempt<Item>;
  /** Where it takes events from by itself. @defaultValue none: it is given them */
  readonly supply?: Supply;
  /** Whether an event goes back to where it came from, and comes again, instead of into the dead letters. @defaultValue never */
  readonly handsBack?: HandsBack<Item>;
  /** Called whenever nothing is left to do. */
  readonly onIdle?: () => void;
  /** Called once, when it has closed. */
  readonly onClosed?: () => void;
}

/** Decides on an event that would be dead. */
export type HandsBack<Item> = (event: Item, reason: DeadLetterReason, error: unknown) => boolean;

/** Where an engine takes events from as it has slots for them. It does so until it closes, also while draining. */
export interface Supply {
  /** Whether one more event may wait beyond the slots. */
  readonly hasRoom: boolean;
  /** Called when a slot may be free: hands over more by `takeSupplied`, as far as the engine wants, and says whether there is news for it. */
  letIn(): boolean;
}
