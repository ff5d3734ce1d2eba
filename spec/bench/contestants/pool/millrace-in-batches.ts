import type { Processor } from 'millrace';
import type { RunJob } from './job.ts';
import { processorOf } from './millrace-processor.ts';

/** The producer sends as many as may wait, then waits until the last of them has ended: as the libraries are fed. */
export const runJob: RunJob = async (job) => {
  const { events, capacity } = job;
  const processor = processorOf(job);
  for (let sent = 0; sent < events; sent++) {
    const last = Math.min(events, sent + capacity) - 1;
    for (; sent < last; sent++) if (!processor.trySend(sent)) await processor.send(sent);
    await endOf(processor, last);
  }
  await processor.drain();
};

async function endOf(processor: Processor<number>, event: number): Promise<void> {
  const isSent = await new Promise<boolean>((resolve) => {
    if (!processor.trySend(event, () => resolve(true))) resolve(false);
  });
  if (isSent) return;
  const { settled } = await processor.send(event);
  await settled;
}
