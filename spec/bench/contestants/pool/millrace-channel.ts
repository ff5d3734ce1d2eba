import { createChannel } from 'millrace';
import type { Job, RunJob } from './job.ts';

/** The producer awaits each event's send. */
export const runJob: RunJob = async (job) => {
  const { channel, workers } = channelOf(job);
  for (let event = 0; event < job.events; event++) await channel.send(event);
  channel.close();
  await workers.drain();
};

/** The producer awaits room only where there is none. */
export const runJobTrying: RunJob = async (job) => {
  const { channel, workers } = channelOf(job);
  for (let event = 0; event < job.events; event++) if (!channel.trySend(event)) await channel.send(event);
  channel.close();
  await workers.drain();
};

function channelOf({ handle, concurrency, capacity, maxAttempts, delayMs, onDead }: Job) {
  const channel = createChannel<number>({ capacity });
  channel.deadLetters.subscribe(({ event, error }) => onDead(event, error));
  const workers = channel.process(handle, { concurrency, retry: { maxAttempts, delayMs, multiplier: 1 } });
  return { channel, workers };
}
