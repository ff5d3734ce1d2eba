import PQueue from 'p-queue';
import { withLanes, withRetries } from '../pool/decorators.ts';
import type { OpenServer } from './server.ts';

export const openServer: OpenServer = async ({ handle, concurrency, maxAttempts, key }) => {
  const queue = new PQueue({ concurrency });
  const run = withLanes(withRetries(handle, { maxAttempts, delayMs: 100, onDead: () => undefined }), key);
  return {
    send: (event) => void queue.add(() => run(event)),
    drain: () => queue.onIdle(),
  };
};
