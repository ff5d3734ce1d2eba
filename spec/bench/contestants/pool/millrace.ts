import { processorOf } from './millrace-processor.ts';
import type { RunJob } from './job.ts';

/** The producer waits for room whenever there is none. */
export const runJob: RunJob = async (job) => {
  const processor = processorOf(job);
  for (let event = 0; event < job.events; event++) if (!processor.trySend(event)) await processor.send(event);
  await processor.drain();
};
