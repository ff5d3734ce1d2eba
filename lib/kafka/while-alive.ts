import type { SchedulerLike, Subscription } from 'rxjs';

/**
 * Waits with signs of life, without which the server would take a member's partitions away.
 *
 * @throws what `heartbeat` does when partitions are dealt out again: the client is to know
 */
export async function whileAlive(
  promise: Promise<void>,
  heartbeat: () => Promise<void>,
  everyMs: number,
  scheduler: SchedulerLike,
): Promise<void> {
  let timer: Subscription | undefined;
  const done = promise.then(() => true);
  const beat = async (): Promise<boolean> =>
    new Promise((resolve) => {
      timer = scheduler.schedule(() => resolve(false), everyMs);
    });
  try {
    while (!(await Promise.race([done, beat()]))) await heartbeat();
  } finally {
    timer?.unsubscribe();
  }
}
