/** Counts the primes below a number for each of so many events, and returns the sum of the counts. */
export type RunWork = (events: number, below: number) => Promise<number>;
