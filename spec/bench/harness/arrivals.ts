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

/** The same numbers for everyone. T. Ettinger's Mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
