import type { SchedulerLike, Subscription } from 'rxjs';
import type { Counters, DrainReport } from './stats.ts';

/** A drain in progress: its promise, its deadlines, and what had been counted when it began. */
export class Drainage {
  readonly report: Promise<DrainReport>;
  readonly #scheduler: SchedulerLike;
  readonly #startedAt: number;
  readonly #before: DrainCounts;
  readonly #deadlines: Subscription[] = [];
  #resolve!: (report: DrainReport) => void;

  constructor({ handled, dead, dropped }: DrainCounts, scheduler: SchedulerLike) {
    this.#before = { handled, dead, dropped };
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
    this.report = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Calls `give up` after so many milliseconds, unless the drain ends before. */
  addDeadline(deadlineMs: number, giveUp: () => void): void {
    this.#deadlines.push(this.#scheduler.schedule(giveUp, deadlineMs));
  }

  end(after: DrainCounts, abandoned: number, completed: boolean): DrainReport {
    for (const deadline of this.#deadlines) deadline.unsubscribe();
    const report: DrainReport = {
      completed,
      handled: after.handled - this.#before.handled,
      dead: after.dead - this.#before.dead,
      dropped: after.dropped - this.#before.dropped,
      abandoned,
      durationMs: Math.max(0, this.#scheduler.now() - this.#startedAt),
    };
    this.#resolve(report);
    return report;
  }
}

/** The counters that a drain reports. */
export type DrainCounts = Pick<Counters, 'dead' | 'dropped' | 'handled'>;

/** Adds counts to a sum. */
export function addCounts(sum: { -readonly [Name in keyof DrainCounts]: number }, counts: DrainCounts): void {
  sum.handled += counts.handled;
  sum.dead += counts.dead;
  sum.dropped += counts.dropped;
}
