import type { SchedulerLike } from 'rxjs';
import type { ErrorReports } from '../process/error-reports.ts';
import type { RebuildOptions, RebuildProgress } from './projection.ts';
import type { ProjectionRun } from './projection-run.ts';

/** How often a rebuild tells of its progress, in milliseconds. */
const TELL_MS = 100;

/** How far a generation is. */
export function progressOf(run: ProjectionRun): RebuildProgress {
  const { generation, handled, head, reached } = run;
  return { generation, handled, position: reached?.position ?? 0, head };
}

/** Tells how far a rebuild is: now and then, and at the end. A listener that throws harms nobody. */
export function progressTeller(
  onProgress: RebuildOptions['onProgress'],
  scheduler: SchedulerLike,
  reports: ErrorReports,
): (run: ProjectionRun, isLast?: boolean) => void {
  let toldAt = -Infinity;
  return (run, isLast = false) => {
    if (onProgress === undefined) return;
    const now = scheduler.now();
    if (!isLast && now - toldAt < TELL_MS) return;
    toldAt = now;
    try {
      onProgress(progressOf(run));
    } catch (error) {
      reports.report('projection', error);
    }
  };
}
