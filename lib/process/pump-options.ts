import type { DeadLetter } from '../core/dead-letter.ts';
import type { DeadLetterSink } from '../flow/dead-letter-to.ts';
import type { Attempt, CreateAttempt } from './attempt.ts';
import type { HandsBack } from './engine-surroundings.ts';
import type { ErrorReports } from './error-reports.ts';
import type { HandlerFunction } from './handler.ts';
import type { PartWatch } from './part-watch.ts';
import type { HandlerPart } from './probe.ts';
import type { ProcessorSettings } from './processor-options.ts';

/** What a pump needs of its engine. */
export interface PumpOptions<Item> {
  readonly part: HandlerPart;
  readonly handle: HandlerFunction<Item, Attempt<Item>>;
  readonly settings: ProcessorSettings<Item>;
  readonly createAttempt: CreateAttempt<Item>;
  readonly letters: DeadLetterSink<DeadLetter<Item>>;
  readonly errors: ErrorReports;
  readonly watch: PartWatch;
  readonly handsBack: HandsBack<Item> | undefined;
  /** For a handler that cannot see its context: one for all. */
  readonly lent: Attempt<Item> | undefined;
  /** Interrupted before each run: nothing starts while the handler is being called directly. */
  readonly direct: { interrupt(): boolean };
  /** Lets those come in who wait for room, and says whether there were any. */
  readonly letIn: () => boolean;
  /** Called when it has started all that may start now. */
  readonly onRest: () => void;
}
