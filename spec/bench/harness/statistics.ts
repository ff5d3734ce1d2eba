/** The value below which a fraction of them lies, from 0 to 1. */
export function quantile(values: Iterable<number>, fraction: number): number {
  const sorted = Float64Array.from(values).toSorted();
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The value in the middle. */
export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

/** The middle half of the values, as a fraction of their median. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / median(values);
}
