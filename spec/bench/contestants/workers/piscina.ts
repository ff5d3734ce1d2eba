import type { RunWork } from './run-work.ts';
import { startThreads, THREADS } from './threads.ts';

/** Piscina alone, with no more work at a time than there are threads, twice: one works, one waits. */
export const openWork = async (): Promise<RunWork> => {
  const pool = await startThreads();
  return async (events, below) => {
    let sum = 0;
    let next = 0;
    const loop = async (): Promise<void> => {
      while (next++ < events) {
        const count = await pool.run(below);
        sum += count;
      }
    };
    await Promise.all(Array.from({ length: 2 * THREADS }, loop));
    return sum;
  };
};
