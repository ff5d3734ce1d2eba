import { createProcessor } from 'millrace';
import type { OpenServer } from './server.ts';

export const openServer: OpenServer = async ({ handle, concurrency, capacity, maxAttempts, key }) => {
  const processor = createProcessor(handle, { concurrency, capacity, key, retry: { maxAttempts } });
  /** Events that came when there was no room: they wait for it, and their waiting time goes on. */
  const late: Promise<unknown>[] = [];
  return {
    send: (event) => {
      if (!processor.trySend(event)) late.push(processor.send(event));
    },
    drain: async () => {
      await Promise.all(late);
      await processor.drain();
    },
  };
};
