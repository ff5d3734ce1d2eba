import type { SchedulerLike } from 'rxjs';

/** The next turn of the event loop: by then, those who have just heard of an end have begun what follows. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Waits for some time. */
export function pause(ms: number, scheduler: SchedulerLike): Promise<void> {
  return new Promise((resolve) => {
    scheduler.schedule(() => resolve(), ms);
  });
}
