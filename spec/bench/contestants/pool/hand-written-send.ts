import { HandWrittenLoop } from '../../hand-written-loop.ts';
import type { RunJob } from './job.ts';

/** The producer awaits each event's send, as that of a channel does. */
export const runJob: RunJob = async ({ events, ...options }) => {
  const loop = new HandWrittenLoop(options);
  for (let event = 0; event < events; event++) await loop.send(event);
  await loop.drain();
};
