import { HandWrittenLoop } from '../../hand-written-loop.ts';
import type { RunJob } from './job.ts';

export const runJob: RunJob = async ({ events, ...options }) => {
  const loop = new HandWrittenLoop(options);
  for (let event = 0; event < events; event++) while (!loop.trySend(event)) await loop.room();
  await loop.drain();
};
