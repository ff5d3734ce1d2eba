import type { SchedulerLike } from 'rxjs';

/**
 * Waits, and then ends: for ever, without a delay.
 *
 * @param end - called when the delay is over; the promise ends as it does
 * @returns rejects with the reason of the first signal that is aborted before; then `end` is not called
 */
export function pass<Result>(
  delayMs: number | undefined,
  signals: readonly AbortSignal[],
  scheduler: SchedulerLike,
  end: () => Result,
): Promise<Awaited<Result>> {
  return new Promise((resolve, reject) => {
    const over = signals.find(({ aborted }) => aborted);
    if (over !== undefined) {
      reject(over.reason);
      return;
    }
    const stop = (): void => {
      timer?.unsubscribe();
      for (const signal of signals) signal.removeEventListener('abort', abort);
    };
    const abort = ({ target }: Event): void => {
      stop();
      reject((target as AbortSignal).reason);
    };
    const finish = (): void => {
      stop();
      try {
        resolve(end() as Awaited<Result>);
      } catch (error) {
        reject(error);
      }
    };
    const timer = delayMs === undefined ? undefined : scheduler.schedule(finish, delayMs);
    for (const signal of signals) signal.addEventListener('abort', abort);
  });
}
