import { mulberry32 } from './mulberry32.ts';

/** Chooses one of so many, the first twice as often as the second, three times as often as the third: Zipf's law. The same choices for everyone. */
export function zipf(count: number, seed: number): () => number {
  const random = mulberry32(seed);
  const bounds = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) bounds[rank] = sum += 1 / (rank + 1);
  return () => firstAbove(bounds, random() * sum);
}

function firstAbove(bounds: Float64Array, value: number): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bounds[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
