import {
  concatMap,
  lastValueFrom,
  map,
  mergeMap,
  Observable,
  of,
  reduce,
  type SchedulerLike,
  takeUntil,
  timer,
} from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import { expectDelay, expectNumber } from '../core/options.ts';
import type { Outcome } from '../core/outcome.ts';
import { whenAborted } from '../core/when-aborted.ts';
import type { SettlementListener } from './delivery.ts';

/** How fast letters are redriven, and until when. */
export interface RedriveOptions {
  /** Letters a second; \> 0, or Infinity. @defaultValue Infinity */
  readonly perSecond?: number;
  /** Stops handing out letters; those handed out go on, and the report is of them. */
  readonly signal?: AbortSignal;
}

/** What became of redriven letters. */
export interface RedriveReport {
  /** Handed to their handlers again. */
  readonly redriven: number;
  /** Handled this time. */
  readonly handled: number;
  /** Dead again: each has a new letter. */
  readonly dead: number;
  /** Dropped by a policy of the handler. */
  readonly dropped: number;
  /** Kept: their handler is gone, or the letter is being redriven already. */
  readonly skipped: number;
}

/** Takes letters back: the handler that failed, or the edge where they came in. */
export interface RedriveTarget<Item> {
  readonly isClosed: boolean;
  /** Handles the letter's event again, after waiting for room. `rejected` says that it was not taken. */
  redrive(letter: DeadLetter<Item>, onSettled: SettlementListener): void;
}

/** How one letter's redrive ended. */
export type Redriven = Outcome | 'skipped';

/** Hands out letters at a rate; `redriveOne` emits how each one ended. */
export function redriveLetters<Item>(
  letters: Observable<DeadLetter<Item>>,
  redriveOne: (letter: DeadLetter<Item>) => Observable<Redriven>,
  { perSecond = Infinity, signal }: RedriveOptions,
  scheduler: SchedulerLike,
): Promise<RedriveReport> {
  if (perSecond !== Infinity) expectDelay('1_000 / perSecond', 1_000 / expectNumber('perSecond', perSecond));
  const paced = letters.pipe(
    concatMap((letter, index) =>
      index === 0 || perSecond === Infinity ? of(letter) : timer(1_000 / perSecond, scheduler).pipe(map(() => letter)),
    ),
  );
  return lastValueFrom(
    (signal === undefined ? paced : paced.pipe(takeUntil(aborted(signal)))).pipe(
      // Without a bound: each handler has its own, and what waits for it is in the store's bound.
      mergeMap(redriveOne),
      reduce(count, { redriven: 0, handled: 0, dead: 0, dropped: 0, skipped: 0 }),
    ),
  );
}

function count(report: RedriveReport, outcome: Redriven): RedriveReport {
  if (outcome === 'skipped' || outcome === 'rejected') return { ...report, skipped: report.skipped + 1 };
  return { ...report, redriven: report.redriven + 1, [outcome]: report[outcome] + 1 };
}

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const stop = (): void => subscriber.next();
    if (signal.aborted) stop();
    return whenAborted(signal, stop);
  });
}
