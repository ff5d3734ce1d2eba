import countPrimes from './count-primes.ts';
import type { RunWork } from './run-work.ts';

export const openWork = async (): Promise<RunWork> => async (events, below) => {
  let sum = 0;
  for (let event = 0; event < events; event++) {
    sum += countPrimes(below);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sum;
};
