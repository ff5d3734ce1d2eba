import PQueue from 'p-queue';
import pRetry from 'p-retry';
import type { RunJob } from './job.ts';

/** p-queue again, with p-retry in each task. */
export const runJob: RunJob = async ({ events, handle, concurrency, capacity, maxAttempts, delayMs, onDead }) => {
  const queue = new PQueue({ concurrency });
  const options = { retries: maxAttempts - 1, minTimeout: delayMs, factor: 1 };
  for (let sent = 0; sent < events;) {
    const until = Math.min(events, sent + capacity);
    for (; sent < until; sent++) addTo(queue, sent);
    await queue.onEmpty();
  }
  await queue.onIdle();

  function addTo(target: PQueue, event: number): void {
    target.add(() => pRetry(() => handle(event), options)).catch((error: unknown) => onDead(event, error));
  }
};
