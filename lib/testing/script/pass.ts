import type { SchedulerLike } from 'rxjs';
import { whenAborted } from '../../core/when-aborted.ts';

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
      for (const takeBack of takeBacks) takeBack();
    };
    const abort = ({ reason }: AbortSignal): void => {
      stop();
      reject(reason);
    };
    const finish = (): void => {
      stop();
      try {
        resolve(end() as Awaited<Result>);
      } catch (error) {
        reject(error);
      }
    };
    const takeBacks = signals.map((signal) => whenAborted(signal, () => abort(signal)));
    const timer = delayMs === undefined ? undefined : scheduler.schedule(finish, delayMs);
  });
}
