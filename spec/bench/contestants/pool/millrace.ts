import type { Probes } from 'millrace';
import type { RunJob } from './job.ts';
import { processorOf } from './millrace-processor.ts';

/** The producer waits for room whenever there is none. */
export const runJob: RunJob = watchedBy();

/** The same, watched. */
export function watchedBy(probe?: () => Probes): RunJob {
  return async (job) => {
    const processor = processorOf(job, probe?.());
    for (let event = 0; event < job.events; event++) if (!processor.trySend(event)) await processor.send(event);
    await processor.drain();
  };
}
