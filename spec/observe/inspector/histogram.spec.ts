import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram, percentilesOf } from '../../../lib/observe/inspector/histogram.ts';

/** From a microsecond to a day, spread evenly over the powers of ten; and none at all. */
const duration = fc.oneof(
  fc.double({ min: -3, max: 7.9, noNaN: true }).map((power) => 10 ** power),
  fc.constantFrom(0, 0.0005, 0.001, 1, 1024),
);

function counted(durations: readonly number[], weight = 1): Histogram {
  const histogram = new Histogram();
  for (const one of durations) histogram.add(one, weight);
  return histogram;
}

/** The nearest rank: of so many percent, none is longer. */
function exact(durations: readonly number[], percent: number): number {
  const sorted = durations.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)]!;
}

describe('a histogram', () => {
  it('is never further from the exact percentiles than 3.2 %, or a microsecond', () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), fc.nat(300), (durations, half) => {
        const found = percentilesOf(counted(durations.slice(0, half)), counted(durations.slice(half)));
        for (const percent of [50, 90, 99] as const) {
          const wanted = exact(durations, percent);
          expect(Math.abs(found[`p${percent}`] - wanted)).toBeLessThanOrEqual(Math.max(wanted * 0.032, 0.001));
        }
        expect(found.max).toBe(Math.max(...durations));
        expect(found.count).toBe(durations.length);
        expect(found.mean).toBeCloseTo(durations.reduce((sum, one) => sum + one, 0) / durations.length, 5);
      }),
    );
  });

  it('keeps its percentiles in their order, and none above the longest', () => {
    fc.assert(
      fc.property(fc.array(duration, { maxLength: 50 }), (durations) => {
        const { p50, p90, p99, max } = percentilesOf(counted(durations), new Histogram());
        expect([p50, p90, p99, max]).toStrictEqual([p50, p90, p99, max].toSorted((one, other) => one - other));
      }),
    );
  });

  it('gives those that stand for more their weight', () => {
    const { p50, p90, p99, mean, count } = percentilesOf(counted([1], 64), counted([100]));
    expect([p50, p90, count]).toStrictEqual([expect.closeTo(1, 1), expect.closeTo(1, 1), 2]);
    expect(p99).toBeCloseTo(100, -1);
    expect(mean).toBeCloseTo((64 + 100) / 65, 5);
  });

  it('says 0 of everything as long as there is nothing, and after it was cleared', () => {
    const nothing = { count: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const histogram = counted([5, 6]);
    histogram.clear();
    expect(percentilesOf(histogram, new Histogram())).toStrictEqual(nothing);
  });

  it('counts what is longer than it can tell as its longest, and keeps the maximum', () => {
    const { p50, max } = percentilesOf(counted([1e12]), new Histogram());
    expect(p50).toBeGreaterThan(2 ** 26);
    expect(max).toBe(1e12);
  });

  it('has the same size, whatever it has counted', () => {
    const histogram = new Histogram();
    const { length } = histogram.buckets;
    for (let count = 0; count < 10_000; count++) histogram.add(count * 7.7, 1);
    expect(histogram.buckets).toHaveLength(length);
    expect(histogram.buckets.byteLength).toBeLessThan(2_500);
  });
});
