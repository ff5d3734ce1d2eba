import { queue as createQueue } from 'async';
import { decorated } from './decorators.ts';
import type { RunJob } from './job.ts';

/** Refilled whenever nothing waits. */
export const runJob: RunJob = (job) =>
  new Promise((resolve) => {
    const { events, concurrency, capacity } = job;
    const handle = decorated(job);
    const queue = createQueue<number>((event, end) => void handle(event).then(() => end(), end), concurrency);
    let sent = 0;
    const refill = (): void => {
      const until = Math.min(events, sent + capacity);
      while (sent < until) queue.push(sent++, ignore);
      if (sent === events) queue.drain(resolve);
    };
    queue.empty(refill);
    refill();
  });

function ignore(): void {}
