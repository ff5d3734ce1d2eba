import fastq from 'fastq';
import { decorated } from './decorators.ts';
import type { RunJob } from './job.ts';

/** Refilled whenever nothing waits: one by one, it would take twice as long. */
export const runJob: RunJob = (job) =>
  new Promise((resolve) => {
    const { events, concurrency, capacity } = job;
    const queue = fastq.promise(decorated(job), concurrency);
    let sent = 0;
    const refill = (): void => {
      const until = Math.min(events, sent + capacity);
      while (sent < until) void queue.push(sent++);
      if (sent === events) queue.drain = resolve;
    };
    queue.empty = refill;
    refill();
  });
