/** Shares of what was measured, in milliseconds. All are 0 as long as there is nothing. */
export interface Percentiles {
  /** How many were measured. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** Half of them took no longer. */
  readonly p50: number;
  /** 90 % of them took no longer. */
  readonly p90: number;
  /** 99 % of them took no longer. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

/** Of the octaves that the buckets share, the first begins with 2⁻¹⁰ ms, about a microsecond; what is shorter has a bucket of its own. */
const SHORTEST_EXPONENT = -10;
/** The last one ends with 2²⁷ ms, 37 hours; what is longer is counted there. */
const OCTAVES = 37;
const BUCKETS_PER_OCTAVE = 16;
const SIZE = 1 + OCTAVES * BUCKETS_PER_OCTAVE;
/** The exponent of a float, which is kept 1,023 higher than it is, and the first four bits behind its point. */
const FIRST_BITS = (1023 + SHORTEST_EXPONENT) * BUCKETS_PER_OCTAVE;

/** All histograms write here, one after the other. */
const float = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/**
 * Counts durations in buckets that grow with them: 16 of one width in each power of two, so that the middle of a bucket is off by at most 3.2 % of what is in it, or by a microsecond. It
 * never grows, and counting allocates nothing.
 *
 * Log-linear buckets are those of G. Tene's HdrHistogram; that the bits of a float are the number of its bucket, so that nothing is computed, is the mapping of DDSketch (C. Masson, J. Rim, H.
 * Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019).
 */
export class Histogram {
  /** How many were counted. */
  count = 0;
  /** What those stand for, as each was given a weight. */
  weight = 0;
  /** Of all durations, by weight. */
  sum = 0;
  max = 0;
  readonly buckets: Uint32Array = new Uint32Array(SIZE);

  /** @param weight - how many durations it stands for */
  add(durationMs: number, weight: number): void {
    this.buckets[bucketOf(durationMs)]! += weight;
    this.count++;
    this.weight += weight;
    this.sum += durationMs * weight;
    if (durationMs > this.max) this.max = durationMs;
  }

  clear(): void {
    this.buckets.fill(0);
    this.count = 0;
    this.weight = 0;
    this.sum = 0;
    this.max = 0;
  }
}

/** Of what two histograms have counted. */
export function percentilesOf(one: Histogram, other: Histogram): Percentiles {
  const weight = one.weight + other.weight;
  const max = Math.max(one.max, other.max);
  const limits = [50, 90, 99].map((percent) => (percent * weight) / 100);
  const found: number[] = [];
  let passed = 0;
  for (let index = 0; index < SIZE && found.length < limits.length; index++) {
    const inBucket = one.buckets[index]! + other.buckets[index]!;
    passed += inBucket;
    if (inBucket > 0) while (passed >= limits[found.length]!) found.push(Math.min(max, middleOf(index)));
  }
  const [p50 = max, p90 = max, p99 = max] = found;
  return {
    count: one.count + other.count,
    mean: weight === 0 ? 0 : (one.sum + other.sum) / weight,
    p50,
    p90,
    p99,
    max,
  };
}

function bucketOf(durationMs: number): number {
  float.setFloat64(0, durationMs);
  const bits = float.getUint16(0) - FIRST_BITS;
  return bits < 0 ? 0 : bits >= SIZE - 1 ? SIZE - 1 : bits + 1;
}

function middleOf(index: number): number {
  if (index === 0) return 0;
  const width = (index - 1) % BUCKETS_PER_OCTAVE;
  const octave = SHORTEST_EXPONENT + (index - 1 - width) / BUCKETS_PER_OCTAVE;
  return 2 ** octave * (1 + (width + 0.5) / BUCKETS_PER_OCTAVE);
}
