import { Piscina } from 'piscina';

/** As many as the smallest machine has cores. */
export const THREADS = 2;

/** Threads that count primes, started. */
export async function startThreads(): Promise<Piscina<number, number>> {
  const { href } = new URL('count-primes.ts', import.meta.url);
  const pool = new Piscina<number, number>({ filename: href, minThreads: THREADS, maxThreads: THREADS });
  await Promise.all(Array.from({ length: 4 * THREADS }, () => pool.run(1_000)));
  return pool;
}
