import { HandWrittenKeyedLoop } from '../../hand-written-keyed-loop.ts';
import type { RunJob } from './job.ts';

export const runJob: RunJob = async ({ events, key, ...options }) => {
  const loop = new HandWrittenKeyedLoop({ ...options, key: key! });
  for (let event = 0; event < events; event++) while (!loop.trySend(event)) await loop.room();
  await loop.drain();
};
