import type { SchedulerLike } from 'rxjs';

/** How long to wait before a store that failed is asked again, in milliseconds. */
export const AGAIN_MS = 500;

/** Waits for some milliseconds, or until the signal is aborted. */
export function pause(ms: number, scheduler: SchedulerLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.unsubscribe();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = scheduler.schedule(end, ms);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
