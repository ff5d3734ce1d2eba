import PQueue from 'p-queue';
import { withLanes, withRetries } from './decorators.ts';
import type { RunJob } from './job.ts';

/** Refilled whenever nothing waits. Its own time limit is that of all attempts together. */
export const runJob: RunJob = async ({ events, handle, concurrency, capacity, timeoutMs, key, ...retry }) => {
  const queue = new PQueue({ concurrency, ...(timeoutMs !== undefined && { timeout: timeoutMs }) });
  const retried = withRetries(handle, retry);
  const run = key === undefined ? retried : withLanes(retried, key);
  for (let sent = 0; sent < events;) {
    const until = Math.min(events, sent + capacity);
    for (; sent < until; sent++) addTo(queue, sent);
    await queue.onEmpty();
  }
  await queue.onIdle();

  function addTo(target: PQueue, event: number): void {
    target.add(() => run(event)).catch((error: unknown) => retry.onDead(event, error));
  }
};
