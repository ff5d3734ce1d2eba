import { mulberry32 } from './mulberry32.ts';

/** Milliseconds at which events arrive, at random and at this rate: what happens to the bounded does not slow them down. */
export function arrivals(count: number, ratePerMs: number): Float64Array {
  const random = mulberry32(1);
  const times = new Float64Array(count);
  let time = 0;
  for (let index = 0; index < count; index++) {
    time -= Math.log(1 - random()) / ratePerMs;
    times[index] = time;
  }
  return times;
}
