import { createChannel } from 'millrace';
import type { RunWork } from './run-work.ts';
import { startThreads, THREADS } from './threads.ts';

/** The recipe of the README: workers of a channel that hand their items to threads. */
export const openWork = async (): Promise<RunWork> => {
  const pool = await startThreads();
  return async (events, below) => {
    let sum = 0;
    const channel = createChannel<number>({ capacity: 64 });
    const add = async (limit: number, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
      const count = await pool.run(limit, { signal });
      sum += count;
    };
    const workers = channel.process(add, {
      concurrency: 2 * THREADS,
      retry: { maxAttempts: 2 },
      timeoutMs: 5_000,
    });
    for (let event = 0; event < events; event++) await channel.send(below);
    channel.close();
    await workers.drain();
    return sum;
  };
};
