/**
 * A random generator that is the same from run to run: mulberry32 by Tommy Ettinger (2017, public domain).
 *
 * @param seed - any whole number; another one gives another sequence
 * @returns as `Math.random`, numbers from 0 up to, and without, 1
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
